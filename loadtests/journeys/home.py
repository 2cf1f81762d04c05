"""A customer opens the home page, and reads on in what has happened."""

from __future__ import annotations

from loadtests.customers import become_customer
from loadtests.steps import LIST_ACTIVITY, VIEW_HOME
from seatrial.openloop.journey import Journey


def home(journey: Journey) -> None:
    """View the home page, then the feed."""
    become_customer(journey)
    journey.do(VIEW_HOME)
    journey.think()
    journey.do(LIST_ACTIVITY, query={"limit": 10})
