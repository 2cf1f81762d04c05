"""A customer looks at account and orders."""

from __future__ import annotations

from loadtests.customers import become_customer
from loadtests.steps import LIST_ORDERS, VIEW_ACCOUNT, VIEW_ORDER
from seatrial.openloop.journey import Journey


def my_orders(journey: Journey) -> None:
    """View the account, list the orders, open one if there is any."""
    become_customer(journey)
    journey.do(VIEW_ACCOUNT)
    journey.think()
    orders = journey.do(LIST_ORDERS, query={"limit": 10}).json["items"]
    if orders:
        journey.think()
        journey.do(VIEW_ORDER, order_id=journey.random.choice(orders)["id"])
