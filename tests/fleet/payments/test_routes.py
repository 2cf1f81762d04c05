from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from shop_in_process import Shop
from werkzeug.test import TestResponse


def charge(shop: Shop, subject: str, name: str, amount: int, key: str | None = "one") -> TestResponse:
    body = {"charge_id": name, "account_id": subject, "amount": amount}
    return shop.client("payments").post("/v1/charges", json=body, headers=shop.service_headers("payments", key))


def refund(shop: Shop, subject: str, name: str, key: str | None = "one") -> TestResponse:
    body, headers = {"account_id": subject}, shop.service_headers("payments", key)
    return shop.client("payments").post(f"/v1/charges/{name}/refund", json=body, headers=headers)


def test_a_deposit_tells_its_id_and_the_balance(shop: Shop) -> None:
    customer = shop.customer(100)
    answer = shop.deposit(customer, 50, "two")
    assert answer.status_code == 201
    assert answer.get_json() == {"id": answer.get_json()["id"], "amount": 50, "balance": 150}


def test_sixty_four_identical_deposits_are_one(shop: Shop) -> None:
    customer = shop.customer(0)
    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(lambda _: shop.deposit(customer, 50, "same"), range(64)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert shop.balance(customer) == 50


@pytest.mark.parametrize("amount", [0, -5, 1_000_000_001, 1.5, 5.5, "5", True, None], ids=str)
def test_a_wrong_amount_is_refused(shop: Shop, amount: object) -> None:
    headers = shop.headers("cust-1", "one")
    answer = shop.client("payments").post("/v1/accounts/me/deposits", json={"amount": amount}, headers=headers)
    assert answer.status_code == 422


def test_an_unasked_member_is_refused(shop: Shop) -> None:
    body, headers = {"amount": 5, "subject": "somebody"}, shop.headers("cust-1", "one")
    assert shop.client("payments").post("/v1/accounts/me/deposits", json=body, headers=headers).status_code == 422


@pytest.mark.parametrize(
    "method,path",
    [
        ("GET", "/v1/accounts/me"),
        ("POST", "/v1/accounts/me/deposits"),
        ("POST", "/v1/charges"),
        ("POST", "/v1/charges/x/refund"),
    ],
)
def test_money_needs_a_token(shop: Shop, method: str, path: str) -> None:
    assert shop.client("payments").open(path, method=method).status_code == 401


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 129, "a\tb"], ids=["none", "space", "umlaut", "long", "tab"])
def test_money_needs_a_key_that_is_one(shop: Shop, key: str) -> None:
    headers = shop.headers("cust-1") | {"Idempotency-Key": key}
    answer = shop.client("payments").post("/v1/accounts/me/deposits", json={"amount": 5}, headers=headers)
    assert answer.status_code == 400


def test_a_refund_and_a_charge_need_a_key(shop: Shop) -> None:
    customer = shop.customer()
    assert charge(shop, customer, "o-1", 5, key=None).status_code == 400
    assert refund(shop, customer, "o-1", key=None).status_code == 400


def test_a_charge_and_its_refund(shop: Shop) -> None:
    customer = shop.customer(100)
    states = [
        charge(shop, customer, f"o-{customer}", 70, key=customer).get_json()["state"],
        refund(shop, customer, f"o-{customer}", key=customer).get_json()["state"],
    ]
    assert (states, shop.balance(customer)) == (["charged", "refunded"], 100)


def test_a_declined_charge_has_its_own_type(shop: Shop) -> None:
    answer = charge(shop, shop.customer(10), "o-2", 11, key="declined")
    assert (answer.status_code, answer.get_json()["type"].rsplit("/", 1)[-1]) == (402, "payment-declined")


def test_a_decline_stays_a_decline_for_its_key(shop: Shop) -> None:
    customer = shop.customer(10)
    charge(shop, customer, "o-3", 11, key="stays")
    shop.deposit(customer, 100, "more")
    assert charge(shop, customer, "o-3", 11, key="stays").status_code == 402


def test_anothers_charge_is_a_conflict(shop: Shop) -> None:
    customer = shop.customer(100)
    charge(shop, customer, f"o-{customer}", 70, key=customer)
    assert refund(shop, shop.customer(), f"o-{customer}", key=f"other-{customer}").status_code == 409


@pytest.mark.parametrize("path", ["/v1/charges", "/v1/charges/x/refund"])
def test_no_customer_charges(shop: Shop, path: str) -> None:
    assert shop.client("payments").post(path, json={}, headers=shop.headers("cust-1", "one")).status_code == 403


@pytest.mark.parametrize("account", ["shop:sales", "", "x" * 65, 5], ids=str)
def test_only_a_customer_is_charged(shop: Shop, account: object) -> None:
    body = {"charge_id": "o-9", "account_id": account, "amount": 5}
    headers = shop.service_headers("payments", "nobody")
    assert shop.client("payments").post("/v1/charges", json=body, headers=headers).status_code == 422


def test_transfers_are_counted_by_kind(fresh_shop: Shop) -> None:
    customer = fresh_shop.customer(100)
    charge(fresh_shop, customer, "o-1", 70)
    for _ in range(2):
        refund(fresh_shop, customer, "o-1", key="same")
    registry = fresh_shop.loopback.apps["payments"].kit.metrics.registry
    kinds = ("deposit", "charge", "refund")
    counted = [registry.get_sample_value("ledger_transfers_total", {"transfer_kind": kind}) for kind in kinds]
    assert counted == [1, 1, 1]
