"""The shop's load: `locust -f loadtests/locustfile.py --host URL`, or `seatrial load PROFILE --target URL`."""

from __future__ import annotations

from typing import ClassVar

from loadtests.journeys.browse import browse
from loadtests.journeys.buy import buy
from loadtests.journeys.cancel import cancel
from loadtests.journeys.home import home
from loadtests.journeys.my_orders import my_orders
from loadtests.journeys.retry import retry
from loadtests.journeys.search import search
from loadtests.journeys.sign_up import sign_up
from seatrial.openloop.journey import Script
from seatrial.openloop.user import OpenLoopUser


class Shop(OpenLoopUser):
    """One user is one arrival per second, of these journeys."""

    journeys: ClassVar[dict[str, Script]] = {
        "browse": browse,
        "search": search,
        "buy": buy,
        "my-orders": my_orders,
        "cancel": cancel,
        "retry": retry,
        "home": home,
        "sign-up": sign_up,
    }
    weights: ClassVar[dict[str, int]] = {
        "browse": 25,
        "search": 16,
        "buy": 35,
        "my-orders": 10,
        "cancel": 4,
        "retry": 3,
        "home": 6,
        "sign-up": 1,
    }
    identified: ClassVar[frozenset[str]] = frozenset({"buy", "my-orders", "cancel", "retry", "home"})
    longest_steps: ClassVar[int] = 6
