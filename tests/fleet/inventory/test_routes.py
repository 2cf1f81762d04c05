from __future__ import annotations

import pytest
from shop_in_process import Shop
from werkzeug.test import TestResponse

from fleet.kit.testing import bearer

STEPS = [f"/v1/reservations/x/{verb}" for verb in ("commit", "release", "return")]


def reserve(shop: Shop, name: str, product: str, *, key: str | None = "one", quantity: object = 1) -> TestResponse:
    body = {"reservation_id": name, "product_id": product, "quantity": quantity}
    headers = shop.service_headers("inventory", key)
    return shop.client("inventory").post("/v1/reservations", json=body, headers=headers)


def step(shop: Shop, name: str, verb: str, key: str | None = "one") -> TestResponse:
    headers = shop.service_headers("inventory", key)
    return shop.client("inventory").post(f"/v1/reservations/{name}/{verb}", headers=headers)


def test_stock_is_open_to_everybody(shop: Shop) -> None:
    product = shop.goods(4)
    answer = shop.client("inventory").get(f"/v1/stock/{product}")
    assert answer.get_json() == {"product_id": product, "available": 4}


def test_stock_of_nothing_is_not_found(shop: Shop) -> None:
    assert shop.client("inventory").get("/v1/stock/none").status_code == 404


@pytest.mark.parametrize("path", ["/v1/reservations", *STEPS])
def test_reservations_need_a_token(shop: Shop, path: str) -> None:
    assert shop.client("inventory").post(path, json={}).status_code == 401


@pytest.mark.parametrize("path", ["/v1/reservations", *STEPS])
def test_no_customer_reserves(shop: Shop, path: str) -> None:
    token = bearer("cust-1", "inventory", "orders account")
    assert shop.client("inventory").post(path, json={}, headers=token).status_code == 403


@pytest.mark.parametrize("path", STEPS)
def test_steps_need_a_key(shop: Shop, path: str) -> None:
    assert shop.client("inventory").post(path, headers=shop.service_headers("inventory")).status_code == 400


def test_a_reservation_needs_a_key(shop: Shop) -> None:
    assert reserve(shop, "r-1", shop.goods(), key=None).status_code == 400


def test_a_reservation_goes_its_way(shop: Shop) -> None:
    product = shop.goods(4)
    states = [
        reserve(shop, f"way-{product}", product).get_json()["state"],
        step(shop, f"way-{product}", "commit").get_json()["state"],
    ]
    assert (states, shop.available(product)) == (["reserved", "committed"], 3)
    assert (step(shop, f"way-{product}", "return").get_json()["state"], shop.available(product)) == ("returned", 4)


def test_the_same_key_is_replayed(shop: Shop) -> None:
    product = shop.goods(4)
    first, second = (reserve(shop, f"twice-{product}", product, key=product) for _ in range(2))
    assert (second.status_code, second.data, second.headers["Idempotent-Replayed"]) == (201, first.data, "true")


def test_one_key_serves_several_steps_since_routes_differ(shop: Shop) -> None:
    product = shop.goods(4)
    reserve(shop, f"same-{product}", product, key=product)
    assert step(shop, f"same-{product}", "release", key=product).get_json()["state"] == "released"


def test_one_key_does_not_serve_two_reservations(shop: Shop) -> None:
    product = shop.goods(4)
    for name in ("a", "b"):
        reserve(shop, f"{name}-{product}", product, key=f"{name}-{product}")
    step(shop, f"a-{product}", "commit", key=f"commit-{product}")
    assert step(shop, f"b-{product}", "commit", key=f"commit-{product}").status_code == 422


@pytest.mark.parametrize(
    "verb,status",
    [("commit", 404), ("return", 404), ("release", 200)],
    ids=["nothing-to-commit", "nothing-to-return", "released-before-it-came"],
)
def test_a_step_without_a_reservation(shop: Shop, verb: str, status: int) -> None:
    assert step(shop, f"none-{verb}", verb, key=f"none-{verb}").status_code == status


def test_sold_out_has_its_own_type(shop: Shop) -> None:
    answer = reserve(shop, "r-2", shop.goods(0), key="sold-out")
    assert (answer.status_code, answer.get_json()["type"].rsplit("/", 1)[-1]) == (409, "sold-out")


@pytest.mark.parametrize("quantity", [0, -1, 101, 1.5, "1", None], ids=str)
def test_a_wrong_quantity_is_refused(shop: Shop, quantity: object) -> None:
    assert reserve(shop, "r-3", "prod-1", quantity=quantity).status_code == 422
