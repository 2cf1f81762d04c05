"""The orders' views. An order begins in a transaction that stores it with its key; how it goes on is `saga`'s part.

A request that is sent again is answered alike, or takes the order up where it is when nobody is at work on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from sqlalchemy import Connection

from fleet.kit import auth, exchange
from fleet.kit.errors import Conflict, NotFound, Unprocessable
from fleet.kit.idempotency import Claim, IdempotencyHeader, InFlight, Record, Reply, claim
from fleet.kit.paging import PageQuery, decode_cursor, page, sequence
from fleet.kit.tokens import Verifier
from fleet.orders import store as statements
from fleet.orders.model import NewOrder, Order, OrderPage, OrderPath, OrderView, status_of
from fleet.orders.saga import LEAK_ORDERS, Saga
from fleet.orders.store import Lease

SCOPE = "orders"


class NotCancellable(Conflict):
    """Only a confirmed order can be cancelled."""

    slug, title = "not-cancellable", "The order cannot be cancelled"


@dataclass(frozen=True)
class Desk:
    """Takes what customers want of their orders."""

    saga: Saga

    def place(self, wanted: NewOrder, claimed: Claim) -> Response:
        """The answer to a new order, or to one that came before with the same key."""
        known = self._known(claimed)
        if known is not None:
            return self._again(known)
        price = self.saga.clients.price(wanted.product_id)
        if price is None:
            raise Unprocessable(f"There is no product {wanted.product_id}.")
        order = Order(
            uuid4().hex,
            claimed.subject,
            wanted.product_id,
            wanted.quantity,
            price,
            self.saga.leases.clock(),
            key=claimed.key,
        )

        def start(connection: Connection, held: Lease) -> Order:
            statements.add(connection, order, held)
            return order

        return self._begin(claimed, order.id, start)

    def cancel(self, order_id: str, claimed: Claim) -> Response:
        """The answer to a cancelling, or to one that came before with the same key."""
        known = self._known(claimed)
        if known is not None:
            return self._again(known)
        self.mine(order_id)

        def start(connection: Connection, held: Lease) -> Order:
            order = statements.cancel(connection, order_id, claimed.key, held)
            if order is None:
                now = statements.find(connection, order_id)
                raise NotCancellable(
                    f"Only a confirmed order can be cancelled; this one is {now and status_of(now.step)}."
                )
            return order

        return self._begin(claimed, order_id, start)

    def mine(self, order_id: str) -> Order:
        """The caller's order.

        Raises:
            NotFound: there is none, or it is somebody else's, which is none of the caller's business either.
        """
        order = self.saga.store.order(order_id)
        if order is None or (order.subject != auth.subject() and not self.saga.kit.faults.active(LEAK_ORDERS)):
            raise NotFound(f"You have no order {order_id}.")
        return order

    def _known(self, claimed: Claim) -> Record | None:
        with self.saga.store.database.read() as connection:
            return self.saga.records.find(connection, claimed)

    def _begin(self, claimed: Claim, order_id: str, start: Callable[[Connection, Lease], Order]) -> Response:
        """Store the beginning with its key, then see the order to its end."""
        held = self.saga.leases.new()
        with self.saga.store.database.write(claimed.subject) as connection:
            exchange.stop_when_late()
            if self.saga.records.find(connection, claimed) is not None:
                raise InFlight("Another request with this key came first.")
            order = start(connection, held)
            self.saga.records.begin(connection, claimed, order_id)
        return self.saga.settle(order, held).response()

    def _again(self, known: Record) -> Response:
        if known.reply is not None:
            return known.reply.response(replayed=True)
        held = self.saga.leases.new()
        order = self.saga.store.lease(known.resource, held)
        if order is None:
            raise InFlight("The first request with this key is not answered yet.")
        return self.saga.settle(order, held).response()


def order_routes(saga: Saga, verifier: Verifier) -> APIBlueprint:
    """A customer's own orders."""
    routes = APIBlueprint("orders", __name__, abp_security=auth.SECURITY)
    auth.protect(routes, verifier, scope=SCOPE)
    desk = Desk(saga)

    @routes.post("/v1/orders", summary="Place an order", responses={201: OrderView, 402: None})
    def place_order(header: IdempotencyHeader, body: NewOrder) -> Response:
        return desk.place(body, claim(header, body))

    @routes.post("/v1/orders/<order_id>/cancel", summary="Cancel an order", responses={200: OrderView})
    def cancel_order(header: IdempotencyHeader, path: OrderPath) -> Response:
        return desk.cancel(path.order_id, claim(header))

    @routes.get("/v1/orders/<order_id>", summary="One of my orders", responses={200: OrderView})
    def view_order(path: OrderPath) -> Response:
        return Reply.of(OrderView.of(desk.mine(path.order_id))).response()

    @routes.get("/v1/orders", summary="My orders, the latest first", responses={200: OrderPage})
    def list_orders(query: PageQuery) -> Response:
        found = saga.store.latest(auth.subject(), sequence(decode_cursor(query.cursor)), query.limit + 1)
        items, following = page(found, query.limit, lambda order: str(order.seq))
        return Reply.of(OrderPage(items=[OrderView.of(order) for order in items], next_cursor=following)).response()

    return routes
