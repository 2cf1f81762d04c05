"""Pages by cursor neither skip nor repeat, whatever is written between two of them or while they are read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from time import time
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, lists, tuples
from shop_in_process import Shop

from fleet.catalog.model import Product
from fleet.catalog.store import CatalogStore
from fleet.kit.database import Database
from fleet.orders import store as orders
from fleet.orders.model import Order, Step

NUMBERS = count(1)
MANY = 300  # writes of the thread that never stops writing, so that a test that fails ends
# How long the first listing is; then, before each page, its size and the places in the listing of what is written.
BEGINNING = integers(0, 12)
STEPS = lists(tuples(integers(1, 5), lists(integers(0, 999), max_size=4)), min_size=1, max_size=12)


class Listing:
    """A listing of its own in the shared shop. `place` is where in the listing an item goes, if that can be chosen."""

    path: str

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.name = f"reader-{next(NUMBERS)}"

    def write(self, place: int) -> None:
        raise NotImplementedError

    def identify(self, item: dict[str, Any]) -> str:
        raise NotImplementedError

    def query(self) -> dict[str, str]:
        return {}

    def pages(self, size: Callable[[], int]) -> Iterator[list[str]]:
        cursor: str | None = ""
        while cursor is not None:
            query = self.query() | {"limit": str(size())} | ({"cursor": cursor} if cursor else {})
            page = self.shop.client().get(self.path, query_string=query, headers=self.shop.headers(self.name))
            yield [self.identify(item) for item in page.get_json()["items"]]
            cursor = page.get_json()["next_cursor"]

    def whole(self) -> list[str]:
        return [item for page in self.pages(lambda: 100) for item in page]


class Products(Listing):
    path = "/v1/products"

    def write(self, place: int) -> None:
        made = Product(id=f"{place:03}-{next(NUMBERS)}", name=f"of {self.name}.", description="", price=1)
        with closing(Database(self.shop.url("catalog"))) as database:
            CatalogStore(database).add([made])

    def identify(self, item: dict[str, Any]) -> str:
        return str(item["id"])

    def query(self) -> dict[str, str]:
        return {"q": f"of {self.name}."}


class Orders(Listing):
    path = "/v1/orders"

    def write(self, place: int) -> None:
        for subject in (self.name, "somebody-else")[: 1 + place % 2]:
            made = Order(uuid4().hex, subject, "prod-1", 1, 1, time(), Step.CONFIRMED)
            with closing(Database(self.shop.url("orders"))) as database, database.write() as connection:
                orders.add(connection, made, orders.Lease("", 0.0, 0.0))

    def identify(self, item: dict[str, Any]) -> str:
        return str(item["id"])


class Feed(Listing):
    path = "/v1/activity"

    def write(self, place: int) -> None:
        body = {"user_id": self.name, "kind": "order.confirmed", "order_id": "o-1", "at": 1.0}
        event, headers = uuid4().hex, self.shop.service_headers("activity")
        for _ in range(1 + place % 2):  # at least once
            assert self.shop.client("activity").put(f"/v1/events/{event}", json=body, headers=headers).status_code < 300

    def identify(self, item: dict[str, Any]) -> str:
        return str(item["event_id"])


LISTINGS = pytest.mark.parametrize("kind", [Products, Orders, Feed], ids=lambda kind: kind.__name__.lower())


@LISTINGS
@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(beginning=BEGINNING, steps=STEPS)
def test_what_was_there_is_seen_once_and_in_order_whatever_comes_meanwhile(
    whole_shop: Shop, kind: type[Listing], beginning: int, steps: list[tuple[int, list[int]]]
) -> None:
    listing = kind(whole_shop)
    for number in range(beginning):
        listing.write(number * 83)
    before, plan = listing.whole(), iter(steps)

    def go_on() -> int:
        size, places = next(plan, (5, []))
        for place in places:
            listing.write(place)
        return size

    seen = [item for page in listing.pages(go_on) for item in page]
    assert len(set(seen)) == len(seen)
    assert [item for item in seen if item in set(before)] == before


@LISTINGS
def test_what_was_there_is_seen_once_while_others_write(shop: Shop, kind: type[Listing]) -> None:
    listing, done = kind(shop), threading.Event()
    for number in range(20):
        listing.write(number * 50)
    before = listing.whole()

    def write_on(start: int) -> None:
        for number in range(start, start + MANY):
            if done.is_set():
                return
            listing.write(number * 7 % 1000)

    with ThreadPoolExecutor(4) as writers:
        for start in range(4):
            writers.submit(write_on, start * MANY)
        seen = [item for page in listing.pages(lambda: 2) for item in page]
        done.set()
    assert len(set(seen)) == len(seen)
    assert [item for item in seen if item in set(before)] == before
