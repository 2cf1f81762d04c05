"""Order something, think better of it, and see that it is cancelled."""

from __future__ import annotations

from loadtests.customers import become_customer, choose_product
from loadtests.journeys.buy import order_of
from loadtests.steps import CANCEL_ORDER, PLACE_ORDER, VIEW_ORDER
from seatrial.openloop.journey import Journey


def cancel(journey: Journey) -> None:
    """Place an order, cancel it, view it; a refused order ends the journey."""
    become_customer(journey)
    placed = journey.do(PLACE_ORDER, body=order_of(journey, choose_product(journey)))
    if not placed.succeeded:
        return
    journey.think()
    journey.do(CANCEL_ORDER, order_id=placed.json["id"])
    journey.think()
    journey.do(VIEW_ORDER, order_id=placed.json["id"], equal={"status": "cancelled"})
