"""The inventory's views: stock for everybody, reservations for services whose token has the scope."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from sqlalchemy import Connection

from fleet.inventory import store as steps
from fleet.inventory.model import NewReservation, ProductPath, Refusal, Reservation, ReservationPath, State, Stock
from fleet.inventory.store import RECORDS, InventoryStore
from fleet.kit import auth
from fleet.kit.app import Kit
from fleet.kit.errors import Conflict, NotFound, ProblemError
from fleet.kit.idempotency import IdempotencyHeader, Records, Reply, claim, once
from fleet.kit.tokens import Verifier

SCOPE = "reservations"
OVERSELL, LOSE_RELEASE = "oversell", "lose-release"


class SoldOut(Conflict):
    """Less is available than was asked for."""

    slug, title = "sold-out", "Sold out"


def stock_routes(store: InventoryStore) -> APIBlueprint:
    """What anybody may ask."""
    routes = APIBlueprint("stock", __name__)

    @routes.get("/v1/stock/<product_id>", summary="What is available", responses={200: Stock})
    def view_stock(path: ProductPath) -> Response:
        stock = store.stock(path.product_id)
        if stock is None:
            raise NotFound(f"There is no product {path.product_id}.")
        return Reply.of(stock).response()

    return routes


def reservation_routes(store: InventoryStore, kit: Kit, verifier: Verifier) -> APIBlueprint:
    """What other services ask; each is idempotent by key, and by the reservation's state."""
    routes = APIBlueprint("reservations", __name__, abp_security=auth.SECURITY)
    auth.protect(routes, verifier, scope=SCOPE)
    records = Records(RECORDS)
    counter = kit.metrics.counter("stock_reservations_total")
    taken = {step: counter.labels(reservation_step=step) for step in (*State, "refused")}

    def reply(result: Reservation | Refusal, status: int) -> Reply:
        taken["refused" if isinstance(result, Refusal) else result.state].inc()
        return Reply.refusal(problem(result)) if isinstance(result, Refusal) else Reply.of(result, status)

    # What is looked at first is the reservation; stock is taken and given back by statements that rest on their own conditions.

    def step(
        header: IdempotencyHeader, path: ReservationPath, effect: Callable[[Connection], Reservation | Refusal]
    ) -> Response:
        return once(
            store.database,
            records,
            claim(header),
            lambda connection: reply(effect(connection), 200),
            path.reservation_id,
        )

    @routes.post("/v1/reservations", summary="Set stock aside", responses={201: Reservation, 404: None})
    def reserve(header: IdempotencyHeader, body: NewReservation) -> Response:
        oversell = kit.faults.active(OVERSELL)
        return once(
            store.database,
            records,
            claim(header, body),
            lambda connection: reply(steps.reserve(connection, body, oversell=oversell), 201),
            body.reservation_id,
        )

    @routes.post("/v1/reservations/<reservation_id>/commit", summary="Hand it out", responses={200: Reservation})
    def commit(header: IdempotencyHeader, path: ReservationPath) -> Response:
        return step(header, path, lambda connection: steps.commit(connection, path.reservation_id))

    @routes.post("/v1/reservations/<reservation_id>/release", summary="Give it back", responses={200: Reservation})
    def release(header: IdempotencyHeader, path: ReservationPath) -> Response:
        lose = kit.faults.active(LOSE_RELEASE)
        return step(header, path, lambda connection: steps.release(connection, path.reservation_id, lose=lose))

    @routes.post("/v1/reservations/<reservation_id>/return", summary="Take it back", responses={200: Reservation})
    def take_back(header: IdempotencyHeader, path: ReservationPath) -> Response:
        return step(header, path, lambda connection: steps.take_back(connection, path.reservation_id))

    return routes


def problem(refusal: Refusal) -> ProblemError:
    """A refusal as the problem that answers it."""
    match refusal:
        case Refusal.SOLD_OUT:
            return SoldOut("Less is available than was asked for.")
        case Refusal.OTHER_STATE:
            return Conflict("The reservation's state does not allow this.")
        case Refusal.UNKNOWN_PRODUCT:
            return NotFound("There is no such product.")
        case Refusal.UNKNOWN_RESERVATION:
            return NotFound("There is no such reservation.")
