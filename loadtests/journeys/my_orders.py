"""A customer looks at account and orders; now and then somebody asks for what they must not get."""

from __future__ import annotations

from loadtests.customers import Identity, become_customer, stranger
from loadtests.steps import EXPIRED_TOKEN, LIST_ORDERS, VIEW_ACCOUNT, VIEW_ORDER, VIEW_OTHERS_ORDER
from seatrial.openloop.journey import Journey, bearer

# Often enough that even a short run meets a door left open.
OTHERS_SHARE = 0.5
EXPIRED_SHARE = 0.3


def my_orders(journey: Journey) -> None:
    """View the account, list the orders, open one if there is any; a stranger and an old token are sent away."""
    me = become_customer(journey)
    journey.do(VIEW_ACCOUNT, equal={"id": me["subject"]})
    journey.think()
    orders = journey.do(LIST_ORDERS, query={"limit": 10}).json["items"]
    if orders:
        journey.think()
        mine = journey.random.choice(orders)["id"]
        journey.do(VIEW_ORDER, order_id=mine)
        _snoop(journey, me, mine)
    if journey.data.get("expired") and journey.random.random() < EXPIRED_SHARE:
        journey.think()
        journey.do(EXPIRED_TOKEN, headers=bearer(journey.random.choice(journey.data["expired"])))


def _snoop(journey: Journey, me: Identity, order_id: str) -> None:
    somebody = stranger(journey, me)
    if somebody is not None and journey.random.random() < OTHERS_SHARE:
        journey.think()
        journey.do(VIEW_OTHERS_ORDER, order_id=order_id, headers=bearer(somebody["token"]))
