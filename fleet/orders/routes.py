"""The orders' views, and the course of one order from its key to its answer.

The first transaction stores the order with its key, the last one its end with the answer; between them every step is
stored before the next call goes out, so a repeated request takes an unsettled order up where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic, time
from uuid import uuid4

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from fleet.kit import auth, exchange
from fleet.kit.app import Kit
from fleet.kit.errors import Conflict, NotFound, PaymentRequired, ProblemError, Unprocessable
from fleet.kit.idempotency import Claim, IdempotencyHeader, InFlight, Record, Records, Reply, claim
from fleet.kit.logs import Level
from fleet.kit.paging import PageQuery, decode_cursor, page
from fleet.kit.tokens import Verifier
from fleet.orders import store as statements
from fleet.orders.clients import Clients
from fleet.orders.model import (
    FINAL,
    UNDOING,
    NewOrder,
    Order,
    OrderPage,
    OrderPath,
    OrderView,
    Outcome,
    Result,
    Step,
    status_of,
)
from fleet.orders.store import RECORDS, OrdersStore

LOSE_RELEASE = "lose-release"
LEASE_SECONDS = 60.0  # longer than any request may take
UNDO_SECONDS = 10.0  # what undoing gets, even when the request's own time is used up
NEWEST = 2**62


class SoldOut(Conflict):
    """Less is available than was asked for."""

    slug, title = "sold-out", "Sold out"


class PaymentDeclined(PaymentRequired):
    """The account holds less than the price."""

    slug, title = "payment-declined", "Payment declined"


class OrderFailed(ProblemError):
    """A service behind this one failed; whatever had been done is undone."""

    status, slug, title = 503, "order-failed", "The order failed and was undone"


class OrderPending(ProblemError):
    """A service behind this one failed, and it is not known yet how the order ends."""

    status, slug, title = 503, "order-pending", "The order is not settled yet"


REFUSALS: dict[str, type[ProblemError]] = {SoldOut.slug: SoldOut, PaymentDeclined.slug: PaymentDeclined}


@dataclass(frozen=True)
class Desk:
    """Takes orders and sees them to their end."""

    store: OrdersStore
    clients: Clients
    kit: Kit
    records: Records

    def place(self, wanted: NewOrder, claimed: Claim) -> Response:
        """The answer to a new order, or to one that came before with the same key."""
        with self.store.database.read() as connection:
            known = self.records.find(connection, claimed)
        if known is not None:
            return self._again(known, claimed)
        price = self.clients.price(wanted.product_id)
        if price is None:
            raise Unprocessable(f"There is no product {wanted.product_id}.")
        order = Order(uuid4().hex, claimed.subject, wanted.product_id, wanted.quantity, price, time())
        with self.store.database.write() as connection:
            if self.records.find(connection, claimed) is not None:
                raise InFlight("Another request with this key came first.")
            self.records.begin(connection, claimed, order.id)
            statements.add(connection, order, key=claimed.key, leased_until=time() + LEASE_SECONDS)
        return self._settle(order, claimed).response()

    def _again(self, known: Record, claimed: Claim) -> Response:
        if known.reply is not None:
            return known.reply.response(replayed=True)
        now = time()
        if not self.store.lease(known.resource, now, now + LEASE_SECONDS):
            raise InFlight("The first request with this key is not answered yet.")
        order = self.store.order(known.resource)
        if order is None:  # begun in one transaction with its record
            raise NotFound(f"There is no order {known.resource}.")
        return self._settle(order, claimed).response()

    def _settle(self, order: Order, claimed: Claim) -> Reply:
        """Take step after step until the end; OrderPending when a step cannot be settled now."""
        while order.step not in FINAL:
            following = order.after(self._call(order))
            if following is None:
                self.store.let_go(order)
                self._log(order, "warning")
                raise OrderPending("Send the request again with the same key.", extensions={"order_id": order.id})
            order = following
            if order.step not in FINAL:
                self.store.save(order)
        return self._close(order, claimed)

    def _call(self, order: Order) -> Result:
        if order.step in UNDOING:
            _grant(UNDO_SECONDS)
            if order.step is not Step.REFUND and self.kit.faults.active(LOSE_RELEASE):
                return Result(Outcome.DONE)
        return self.clients.call(order)

    def _close(self, order: Order, claimed: Claim) -> Reply:
        answer = reply(order)
        with self.store.database.write() as connection:
            statements.move(connection, order)
            self.records.finish(connection, claimed, answer)
        self.kit.metrics.counter("orders_total").labels(order_status=status_of(order.step)).inc()
        self._log(order, "info")
        return answer

    def _log(self, order: Order, level: Level) -> None:
        status = status_of(order.step)
        self.kit.logs.event("order.left", f"Order {status}", level=level, order_id=order.id, order_status=status)


def order_routes(store: OrdersStore, clients: Clients, kit: Kit, verifier: Verifier) -> APIBlueprint:
    """A customer's own orders."""
    routes = APIBlueprint("orders", __name__, abp_security=auth.SECURITY)
    auth.protect(routes, verifier)
    desk = Desk(store, clients, kit, Records(RECORDS))

    @routes.post("/v1/orders", summary="Place an order", responses={201: OrderView, 402: None})
    def place_order(header: IdempotencyHeader, body: NewOrder) -> Response:
        return desk.place(body, claim(header, body))

    @routes.get("/v1/orders/<order_id>", summary="One of my orders", responses={200: OrderView})
    def view_order(path: OrderPath) -> Response:
        order = store.order(path.order_id)
        if order is None or order.subject != auth.subject():
            raise NotFound(f"You have no order {path.order_id}.")
        return Reply.of(OrderView.of(order)).response()

    @routes.get("/v1/orders", summary="My orders, the latest first", responses={200: OrderPage})
    def list_orders(query: PageQuery) -> Response:
        before = decode_cursor(query.cursor)
        found = store.latest(auth.subject(), NEWEST if before is None else _sequence(before), query.limit + 1)
        items, following = page(found, query.limit, lambda order: str(order.seq))
        return Reply.of(OrderPage(items=[OrderView.of(order) for order in items], next_cursor=following)).response()

    return routes


def reply(order: Order) -> Reply:
    """The answer that a settled order gets."""
    if order.step is Step.CONFIRMED:
        return Reply.of(OrderView.of(order), 201, location=f"/v1/orders/{order.id}")
    kind = REFUSALS.get(order.reason, OrderFailed)
    return Reply.refusal(kind(f"The order failed: {order.reason}.", extensions={"order_id": order.id}))


def _grant(seconds: float) -> None:
    """Give the running request at least this long from now on: giving up half undone would leave the order stuck."""
    scope = exchange.current()
    if scope is not None and scope.deadline is not None:
        scope.deadline = max(scope.deadline, monotonic() + seconds)


def _sequence(cursor: str) -> int:
    """The sequence number that a cursor holds; one that is none of ours finds nothing."""
    return int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < len(str(NEWEST)) else 0
