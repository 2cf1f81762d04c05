from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest
from shop_in_process import Shop, start
from werkzeug.test import TestResponse

from fleet.gateway import GatewaySettings
from fleet.gateway.app import create_app
from fleet.gateway.home import GRACE_SECONDS, HomePage
from fleet.gateway.model import HOME_ITEMS, PARTS, Home
from fleet.kit.exchange import background
from fleet.kit.testing import FakeTransport, capture, received, static_keys
from fleet.kit.transport import Received

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


def test_a_part_that_is_missing_is_in_the_log(shop: Shop) -> None:
    shop.trouble("/v1/orders", 401)
    gateway = capture(start(shop, "gateway"))
    gateway.client.get("/v1/home", headers=shop.headers("somebody"))
    [line] = gateway.captured.of("home.part.missing")
    assert (line["log.level"], line["server.address"], line["error.type"]) == ("warning", "orders", "UnexpectedAnswer")
    assert "401" in line["error.message"]
    gateway.assert_contract()


def test_each_call_is_an_attempt_below_the_gateways_span(shop: Shop) -> None:
    gateway = capture(start(shop, "gateway"))
    gateway.client.get("/v1/home", headers=shop.headers("somebody"))
    [own] = gateway.captured.of("http.server.request")
    calls = [line for line in gateway.captured.of("http.client.request") if line["url.template"] in PATHS.values()]
    assert sorted(line["server.address"] for line in calls) == sorted(part.callee for part in PARTS)
    assert {(line["trace.id"], line["parent.id"]) for line in calls} == {(own["trace.id"], own["span.id"])}


@pytest.mark.parametrize("document", [None, [], 1, {"items": 5}, {"items": {"a": 1}}, {"items": ["a"]}], ids=str)
def test_an_answer_of_another_shape_is_a_missing_part(document: object) -> None:
    transport = FakeTransport(Received(200, {}, json.dumps(document).encode()))
    page = page_of(transport)
    assert page.missing == [part.name for part in PARTS]


def test_calls_get_the_time_that_is_left() -> None:
    transport = FakeTransport(received(200, {"items": []}))
    with background() as scope:
        scope.deadline = monotonic() + 1.0
        assert page_of(transport, seconds=5.0).missing == []
    assert all(0 < request.read_timeout <= 1.0 - GRACE_SECONDS for request in transport.sent)


def test_with_no_time_left_nothing_is_asked() -> None:
    transport = FakeTransport(received(200, {"items": []}))
    with background() as scope:
        scope.deadline = monotonic() + GRACE_SECONDS / 2
        page = page_of(transport)
    assert (page.missing, transport.sent) == ([part.name for part in PARTS], [])


def test_parts_that_find_no_thread_in_time_are_not_asked_for() -> None:
    lifted = threading.Event()
    transport = FakeTransport(lambda _: (lifted.wait(10), received(200, {"items": []}))[1])
    pages = home_page(transport, threads=1, seconds=0.05)
    first, second = pages.page({}), pages.page({})
    asked = len(transport.sent)
    lifted.set()
    pages.close()
    assert (first.missing, second.missing) == ([part.name for part in PARTS],) * 2
    assert (asked, len(transport.sent)) == (len(PARTS), len(PARTS))


def home_page(transport: FakeTransport, *, threads: int = 8, seconds: float = 2.0) -> HomePage:
    settings = GatewaySettings(threads=threads)
    app = create_app(settings, keys=static_keys(), transport=transport, strict=True, sink=lambda _: None)
    return HomePage({part.callee: app.kit.client(part.callee) for part in PARTS}, app.kit, seconds)


def page_of(transport: FakeTransport, seconds: float = 2.0) -> Home:
    return home_page(transport, seconds=seconds).page({})
