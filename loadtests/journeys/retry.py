"""Order something twice under one key, as a client does that is not sure: it is one order, and one answer."""

from __future__ import annotations

from loadtests.customers import become_customer, choose_product
from loadtests.journeys.buy import order_of
from loadtests.steps import PLACE_ORDER, REPEAT_ORDER
from seatrial.openloop.journey import Journey, fresh_key, keyed


def retry(journey: Journey) -> None:
    """Place an order and send the very same again; a refusal is repeated like any other answer."""
    become_customer(journey)
    wanted, key = order_of(journey, choose_product(journey)), keyed(fresh_key())
    placed = journey.do(PLACE_ORDER, body=wanted, headers=key)
    journey.think()
    journey.do(REPEAT_ORDER, body=wanted, headers=key, like=placed)
