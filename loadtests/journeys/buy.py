"""Buy something: look at it and at its stock, perhaps put money in, order, and look at the order.

Being sold out and being short of money are right answers here, and the end of the journey.
"""

from __future__ import annotations

from loadtests.customers import become_customer, choose_product
from loadtests.steps import DEPOSIT, PLACE_ORDER, VIEW_ORDER, VIEW_PRODUCT, VIEW_STOCK
from seatrial.openloop.journey import Journey

TOP_UP_SHARE = 0.1
TOP_UP = 5_000


def buy(journey: Journey) -> None:
    """View product and stock, maybe deposit, place an order, view it."""
    become_customer(journey)
    product = choose_product(journey)
    journey.do(VIEW_PRODUCT, product_id=product)
    journey.think()
    journey.do(VIEW_STOCK, product_id=product)
    journey.think()
    if journey.random.random() < TOP_UP_SHARE:
        journey.do(DEPOSIT, body={"amount": TOP_UP})
        journey.think()
    placed = journey.do(PLACE_ORDER, body=order_of(journey, product))
    if placed.succeeded:
        journey.think()
        journey.do(VIEW_ORDER, order_id=placed.json["id"], equal={"status": "confirmed"})


def order_of(journey: Journey, product: str) -> dict[str, object]:
    """An order of one piece or two."""
    return {"product_id": product, "quantity": journey.random.randint(1, 2)}
