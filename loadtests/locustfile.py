"""The shop's load: `locust -f loadtests/locustfile.py --host URL`, or `seatrial load PROFILE --target URL`."""

from __future__ import annotations

from typing import ClassVar

from loadtests.journeys.browse import browse
from loadtests.journeys.buy import buy
from loadtests.journeys.my_orders import my_orders
from loadtests.journeys.search import search
from seatrial.openloop.journey import Script
from seatrial.openloop.user import OpenLoopUser


class Shop(OpenLoopUser):
    """One user is one arrival per second, of these journeys."""

    journeys: ClassVar[dict[str, Script]] = {"browse": browse, "search": search, "buy": buy, "my-orders": my_orders}
    weights: ClassVar[dict[str, int]] = {"browse": 3, "search": 2, "buy": 5, "my-orders": 1}
    identified: ClassVar[frozenset[str]] = frozenset({"buy", "my-orders"})
    longest_steps: ClassVar[int] = 5
