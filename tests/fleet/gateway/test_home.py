from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from shop_in_process import Shop, start
from werkzeug.test import TestResponse

from fleet.gateway.model import HOME_ITEMS, PARTS

PATHS = {part.name: part.template for part in PARTS}


def home(shop: Shop, customer: str, **settings: object) -> TestResponse:
    client = start(shop, "gateway", **settings).test_client() if settings else shop.client()
    return client.get("/v1/home", headers=shop.headers(customer))


@contextmanager
def hanging(shop: Shop, path: str) -> Iterator[None]:
    """Calls of `path` get no answer until the end."""
    lifted = threading.Event()
    shop.loopback.before = lambda called: called == path and lifted.wait(10)
    yield
    lifted.set()


def test_the_page_has_highlights_my_orders_and_my_feed(shop: Shop) -> None:
    customer, product = shop.customer(), shop.goods()
    order = shop.order(customer, product, "one").get_json()
    shop.tell()
    page = home(shop, customer).get_json()
    assert (page["orders"], [entry["order_id"] for entry in page["feed"]]) == ([order], [order["id"]])
    assert (0 < len(page["highlights"]) <= HOME_ITEMS, page["missing"]) == (True, [])


def test_it_needs_a_token_before_anything_is_asked(shop: Shop) -> None:
    shop.loopback.calls.clear()
    answer = shop.client().get("/v1/home")
    assert (answer.status_code, shop.loopback.calls) == (401, [])


@pytest.mark.parametrize("how", ["refused", "lost", 500, 403], ids=str)
@pytest.mark.parametrize("part", PATHS)
def test_a_part_that_fails_is_missing_and_said_to_be(shop: Shop, part: str, how: str | int) -> None:
    shop.trouble(PATHS[part], how)
    answer = home(shop, shop.customer(0))
    page = answer.get_json()
    assert (answer.status_code, page["missing"], page[part]) == (200, [part], None)
    assert all(page[other] is not None for other in PATHS if other != part)


@pytest.mark.parametrize("part", PATHS)
def test_a_part_that_is_late_is_missing(shop: Shop, part: str) -> None:
    with hanging(shop, PATHS[part]):
        page = home(shop, shop.customer(0), home_seconds=0.05).get_json()
    assert page["missing"] == [part]


def test_an_answer_without_items_is_none(shop: Shop) -> None:
    shop.trouble("/v1/activity", 200)
    assert home(shop, shop.customer(0)).get_json()["missing"] == ["feed"]


def test_parts_are_asked_at_once(shop: Shop) -> None:
    together = threading.Barrier(len(PARTS), timeout=10)
    shop.loopback.before = lambda called: called in PATHS.values() and together.wait()
    assert home(shop, shop.customer(0)).get_json()["missing"] == []


def test_missing_parts_are_counted(fresh_shop: Shop) -> None:
    fresh_shop.trouble("/v1/activity", 500)
    home(fresh_shop, "somebody")
    assert fresh_shop.sample("gateway", "home_parts_missing_total", home_part="feed") == 1
