from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from shop_in_process import Shop
from werkzeug.test import TestResponse

NUMBERS = count(1)


def happening(user: str, **members: Any) -> dict[str, Any]:
    return {"user_id": user, "kind": "order.confirmed", "order_id": "o-1", "at": 12.5} | members


def tell(shop: Shop, event: str, body: object) -> TestResponse:
    headers = shop.service_headers("activity")
    return shop.client("activity").put(f"/v1/events/{event}", json=body, headers=headers)


def somebody() -> str:
    return f"reader-{next(NUMBERS)}"


def test_an_event_is_shown_to_its_customer(shop: Shop) -> None:
    reader = somebody()
    assert tell(shop, f"{reader}.a", happening(reader)).status_code == 201
    assert shop.feed(reader) == [{"event_id": f"{reader}.a", "kind": "order.confirmed", "order_id": "o-1", "at": 12.5}]


def test_it_is_shown_to_nobody_else(shop: Shop) -> None:
    reader = somebody()
    tell(shop, f"{reader}.a", happening(reader))
    assert shop.feed(somebody()) == []


def test_an_event_told_again_is_shown_once(shop: Shop) -> None:
    reader = somebody()
    first, second = (tell(shop, f"{reader}.a", happening(reader)) for _ in range(2))
    assert (first.status_code, second.status_code, second.data) == (201, 200, first.data)
    assert len(shop.feed(reader)) == 1


def test_sixty_four_tellers_of_one_event_and_it_is_shown_once(shop: Shop) -> None:
    reader = somebody()
    with ThreadPoolExecutor(64) as threads:
        told = list(threads.map(lambda _: tell(shop, f"{reader}.a", happening(reader)).status_code, range(64)))
    assert (told.count(201), told.count(200), len(shop.feed(reader))) == (1, 63, 1)


@pytest.mark.parametrize(
    "other",
    [{"user_id": "thief"}, {"kind": "order.failed"}, {"order_id": "o-2"}, {"at": 13.0}],
    ids=lambda members: next(iter(members)),
)
def test_an_id_stands_for_one_event(shop: Shop, other: dict[str, Any]) -> None:
    reader = somebody()
    tell(shop, f"{reader}.a", happening(reader))
    answer = tell(shop, f"{reader}.a", happening(reader, **other))
    assert (answer.status_code, answer.get_json()["type"].rsplit("/", 1)[-1]) == (409, "other-event")
    assert len(shop.feed(reader)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "order.lost"},
        {"at": -1},
        {"at": "now"},
        {"at": "12.5"},
        {"at": True},
        {"at": 1e300},
        {"user_id": ""},
        {"order_id": "a b"},
        {"x": 1},
    ],
    ids=str,
)
def test_a_wrong_event_is_refused(shop: Shop, wrong: dict[str, Any]) -> None:
    assert tell(shop, "wrong", happening("reader", **wrong)).status_code == 422


@pytest.mark.parametrize("event,status", [("a%20b", 422), ("x" * 129, 422), ("a/b", 404)])
def test_a_wrong_id_is_refused(shop: Shop, event: str, status: int) -> None:
    assert tell(shop, event, happening("reader")).status_code == status


def test_customers_tell_nothing(shop: Shop) -> None:
    headers = shop.headers("cust-1")
    answer = shop.client("activity").put("/v1/events/a", json=happening("cust-1"), headers=headers)
    assert (answer.status_code, "insufficient_scope" in answer.headers["WWW-Authenticate"]) == (403, True)


def test_services_read_nothing(shop: Shop) -> None:
    headers = shop.service_headers("activity")
    assert shop.client("activity").get("/v1/activity", headers=headers).status_code == 403


@pytest.mark.parametrize("method,path", [("GET", "/v1/activity"), ("PUT", "/v1/events/a")])
def test_everything_needs_a_token(shop: Shop, method: str, path: str) -> None:
    assert shop.client("activity").open(path, method=method).status_code == 401


def test_pages_neither_skip_nor_repeat_while_events_come(shop: Shop) -> None:
    reader = somebody()
    before = [f"{reader}.{number}" for number in range(7)]
    for event in before:
        tell(shop, event, happening(reader))
    seen, query = [], {"limit": "2"}
    while query:
        page = shop.client("activity").get("/v1/activity", query_string=query, headers=shop.headers(reader)).get_json()
        seen += [entry["event_id"] for entry in page["items"]]
        tell(shop, f"{reader}.late-{len(seen)}", happening(reader))
        query = {"limit": "2", "cursor": page["next_cursor"]} if page["next_cursor"] else {}
    assert seen == before[::-1]


@pytest.mark.parametrize("cursor", ["%%%", "bm90LWEtbnVtYmVy"], ids=["rubbish", "no-number"])
def test_a_cursor_of_somebody_elses_making_shows_nothing(shop: Shop, cursor: str) -> None:
    headers = shop.headers("cust-1")
    answer = shop.client("activity").get("/v1/activity", query_string={"cursor": cursor}, headers=headers)
    assert answer.status_code == 400 or answer.get_json()["items"] == []


def test_entries_are_counted_by_kind(fresh_shop: Shop) -> None:
    for _ in range(2):
        tell(fresh_shop, "a", happening("alice"))
    assert fresh_shop.sample("activity", "feed_entries_total", event_kind="order.confirmed") == 1
