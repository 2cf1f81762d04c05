"""What people come for, from registering to a cancelled order, at the shop's own door."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from shop_client import Client, fresh, newcomer
from shop_stacks import Stack
from shop_telemetry import until


def test_somebody_registers_logs_in_and_sees_themselves(shop: Client) -> None:
    name, password = fresh("ada"), secrets.token_urlsafe(24)
    made = shop.post("/v1/users/register", json={"name": name, "password": password})
    assert (made.status_code, "password" in made.text) == (201, False)
    entered = shop.post("/v1/users/login", json={"name": name, "password": password})
    assert entered.status_code == 200
    shop.token = entered.json()["access_token"]
    me = shop.get("/v1/users/me")
    assert (me.status_code, me.json()["name"], me.json()["id"]) == (200, name, made.json()["id"])


def test_a_name_is_taken_once(shop: Client) -> None:
    wanted = {"name": fresh("bob"), "password": secrets.token_urlsafe(24)}
    assert shop.post("/v1/users/register", json=wanted).status_code == 201
    assert shop.post("/v1/users/register", json=wanted).status_code == 409


def test_a_profile_can_be_changed(customer: Client) -> None:
    assert customer.ask("PATCH", "/v1/users/me", json={"display_name": "Grace"}).status_code == 200
    assert customer.get("/v1/users/me").json()["display_name"] == "Grace"


def test_browsing_pages_without_gaps_or_doubles(shop: Client) -> None:
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = shop.get("/v1/products", params={"limit": 40, **cursor}).json()
        seen += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(seen) == len(set(seen)) >= 300


def test_a_product_that_did_not_change_is_not_sent_again(shop: Client, product: dict[str, Any]) -> None:
    first = shop.get(f"/v1/products/{product['id']}")
    again = shop.get(f"/v1/products/{product['id']}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_buying_takes_money_and_stock_and_tells_in_the_feed(customer: Client, product: dict[str, Any]) -> None:
    had = customer.get("/v1/accounts/me").json()["balance"]
    placed = customer.order(product["id"], 2)
    assert (placed.status_code, placed.json()["status"]) == (201, "confirmed")
    assert customer.get("/v1/accounts/me").json()["balance"] == had - 2 * product["price"]
    assert customer.get(f"/v1/orders/{placed.json()['id']}").json()["total"] == 2 * product["price"]
    until(lambda: placed.json()["id"] in customer.get("/v1/activity").text)


def test_cancelling_gives_the_money_back(customer: Client, product: dict[str, Any]) -> None:
    had = customer.get("/v1/accounts/me").json()["balance"]
    order = customer.order(product["id"]).json()["id"]
    gone = customer.post(f"/v1/orders/{order}/cancel", key=fresh("cancel"))
    assert gone.status_code in {200, 202}
    until(lambda: customer.get(f"/v1/orders/{order}").json()["status"] == "cancelled")
    assert customer.get("/v1/accounts/me").json()["balance"] == had


def test_an_order_that_is_sent_twice_is_one(customer: Client, product: dict[str, Any]) -> None:
    key, had = fresh("order"), customer.get("/v1/accounts/me").json()["balance"]
    answers = [customer.order(product["id"], key=key) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert customer.get("/v1/accounts/me").json()["balance"] == had - product["price"]


def test_a_key_belongs_to_one_order(customer: Client, product: dict[str, Any]) -> None:
    key = fresh("order")
    assert customer.order(product["id"], 1, key).status_code == 201
    assert customer.order(product["id"], 2, key).status_code == 422


def test_who_has_no_money_gets_nothing(stack: Stack, product: dict[str, Any]) -> None:
    poor = newcomer(stack.entry, balance=1)
    refused = poor.order(product["id"], 1)
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[1]) == (402, "payment-declined")
    assert poor.get("/v1/accounts/me").json()["balance"] == 1


def test_the_home_page_has_all_its_parts(customer: Client) -> None:
    page = customer.get("/v1/home")
    assert (page.status_code, page.json()["missing"]) == (200, [])


@pytest.mark.parametrize("word", ["", "zzzzzz-nothing-is-called-so"])
def test_a_search_finds_what_there_is(shop: Client, word: str) -> None:
    found = shop.get("/v1/products", params={"q": word} if word else {})
    assert found.status_code == 200
    assert bool(found.json()["items"]) is not bool(word)
