"""Everybody at once: the last piece is sold to exactly one of 64, and 64 requests with one key are one order.

SEATRIAL_RACES says how many rounds; the claim is made for two hundred. Half of them go through the door, half straight to the
replicas of orders; orders, payments and inventory have two each.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlsplit

import pytest
from shop_stack import ShopStack, shop_stack
from stack_runs import until

RACES = int(os.environ.get("SEATRIAL_RACES", "200"))
AT_ONCE = 64
RACED = ("orders", "payments", "inventory")
ROUTE = "/v1/orders"
SOLD_OUT, IN_FLIGHT = "sold-out", "idempotency-key-in-flight"
SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """`what` is the order's id, or what kind of problem it is."""

    status: int
    key: str
    what: str
    replayed: bool

    def row(self) -> dict[str, object]:
        """As the generator would have written it; "in flight" ends nothing."""
        right = self.status == 201 or self.what == SOLD_OUT
        return {
            "step": "place-order",
            "method": "POST",
            "route": ROUTE,
            "status": self.status,
            "outcome": "ok" if right else "wrong",
            "key": self.key,
            "ref": self.what if self.status == 201 else "",
        }


class Crowd:
    """Customers with a connection each, whose requests go out in one burst from one thread."""

    def __init__(self, urls: Sequence[str], tokens: Sequence[str]) -> None:
        self._tokens = tokens
        addresses = [url for url, _ in zip(cycle(urls), range(AT_ONCE), strict=False)]
        self._lines = [http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS) for url in addresses]

    def buy(self, product: str, keys: Sequence[str], *, one_customer: int | None = None) -> list[Answer]:
        """Everybody orders a piece, each with a key of `keys`."""
        body = json.dumps({"product_id": product, "quantity": 1})
        for number, (line, key) in enumerate(zip(self._lines, keys, strict=True)):
            token = self._tokens[number if one_customer is None else one_customer]
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "Content-Type": "application/json"}
            line.request("POST", ROUTE, body, headers)
        return [self._answer(line, key) for line, key in zip(self._lines, keys, strict=True)]

    def _answer(self, line: http.client.HTTPConnection, key: str) -> Answer:
        answer = line.getresponse()
        document = json.loads(answer.read())
        what = document["id"] if answer.status == 201 else document["type"].rsplit("/", 1)[-1]
        return Answer(answer.status, key, what, answer.getheader("Idempotent-Replayed") == "true")

    def close(self) -> None:
        for line in self._lines:
            line.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopStack]:
    replicas = [f"--replicas={name}=2" for name in RACED]
    folder = tmp_path_factory.mktemp("races")
    plenty = {"POPULATE_SCARCE": RACES, "POPULATE_CUSTOMERS": AT_ONCE * 2, "POPULATE_PRODUCTS": RACES + 10}
    with shop_stack(folder, *replicas, **plenty, RATE_LIMIT=0, HASH_COST="cheapest") as shop:
        yield shop


@pytest.fixture(scope="module")
def crowds(shop: ShopStack) -> Iterator[list[Crowd]]:
    """The same customers at the door and at the orders themselves."""
    tokens = [each["token"] for each in shop.identities()["identities"] if not each["poor"]][:AT_ONCE]
    crowds = [Crowd(shop.urls("gateway"), tokens), Crowd(shop.urls("orders"), tokens)]
    yield crowds
    for crowd in crowds:
        crowd.close()


def settle(shop: ShopStack) -> None:
    """Equations are for a shop where nothing is under way."""
    pending = ("orders_unsettled", "orders_outbox_pending", "http_server_active_requests")
    until(lambda: not any(value for name in pending for value in shop.gauge(name).values()), patience=60)


def outcomes(race: list[Answer]) -> Counter[str]:
    return Counter(each.what if each.status == 409 else f"{each.status}{' replayed' * each.replayed}" for each in race)


@pytest.mark.slow
def test_the_last_piece_is_sold_once(
    shop: ShopStack, crowds: list[Crowd], record_property: Callable[[str, object], None]
) -> None:
    rounds = [
        crowd.buy(product, [f"last-{product}-{number}" for number in range(AT_ONCE)])
        for product, crowd in zip(shop.identities()["scarce"], cycle(crowds), strict=False)
    ]
    record_property("answers", sum(map(outcomes, rounds), Counter()))
    assert len(rounds) == RACES
    assert [race for race in map(outcomes, rounds) if race != {"201": 1, SOLD_OUT: AT_ONCE - 1}] == []
    settle(shop)
    assert shop.verdicts(answer.row() for race in rounds for answer in race) == {}


@pytest.mark.slow
def test_one_key_is_one_order(
    shop: ShopStack, crowds: list[Crowd], record_property: Callable[[str, object], None]
) -> None:
    choose, identities = random.Random("one key"), shop.identities()
    product = next(each for each in identities["products"] if each not in identities["scarce"])
    rounds = [
        crowd.buy(product, [f"one-key-{number}"] * AT_ONCE, one_customer=choose.randrange(AT_ONCE))
        for number, crowd in zip(range(RACES), cycle(crowds), strict=False)
    ]
    record_property("answers", sum(map(outcomes, rounds), Counter()))
    assert {what for race in rounds for what in outcomes(race)} <= {"201", "201 replayed", IN_FLIGHT}
    assert [outcomes(race)["201"] for race in rounds] == [1] * RACES
    assert [len({each.what for each in race if each.status == 201}) for race in rounds] == [1] * RACES
    assert stored(shop, "one-key-%") == RACES
    settle(shop)
    assert shop.verdicts(answer.row() for race in rounds for answer in race) == {}


def stored(shop: ShopStack, pattern: str) -> int:
    connection = sqlite3.connect(shop.stores()["orders"])
    try:
        return int(connection.execute("SELECT count(*) FROM orders WHERE key LIKE ?", (pattern,)).fetchone()[0])
    finally:
        connection.close()
