"""The API as it is documented by the running shop: the document is valid, answers are what it says, errors are problems."""

from __future__ import annotations

from typing import Any

import pytest
from shop_client import Client
from shop_stacks import SERVICES, Stack

PROBLEM = "application/problem+json"


@pytest.fixture
def document(shop: Client) -> dict[str, Any]:
    answer = shop.get("/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


def test_the_door_documents_what_it_forwards_and_nothing_else(document: dict[str, Any]) -> None:
    from fleet.gateway.model import ROUTES

    documented = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item if method != "parameters"
    }
    assert document["openapi"].startswith("3.1")
    assert documented == {(each.method, each.template) for each in ROUTES} | {("GET", "/v1/home")}


def test_every_operation_documents_its_errors_as_problems(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            errors = [answer for status, answer in operation["responses"].items() if status >= "400"]
            assert errors, f"{method} {path}"
            assert all(list(each["content"]) == [PROBLEM] for each in errors), f"{method} {path}"


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_a_document_of_its_own(stack: Stack, service: str) -> None:
    for replica in stack.replicas(service):
        answer = Client(replica.url).get("/openapi.json")
        assert (answer.status_code, answer.json()["openapi"][:3]) == (200, "3.1")


@pytest.mark.parametrize(
    "method, path, options, status",
    [
        pytest.param("GET", "/v1/nothing", {}, 404, id="no such path"),
        pytest.param("GET", "/v1/products/p-99999999", {}, 404, id="no such product"),
        pytest.param("DELETE", "/v1/products", {}, 405, id="no such method"),
        pytest.param("POST", "/v1/users/login", {"data": b"{"}, 415, id="no JSON declared"),
        pytest.param(
            "POST",
            "/v1/users/login",
            {"data": b"{", "headers": {"Content-Type": "application/json"}},
            400,
            id="no JSON",
        ),
        pytest.param("POST", "/v1/users/login", {"json": {"name": 1}}, 422, id="wrong members"),
        pytest.param("GET", "/v1/products", {"params": {"limit": "many"}}, 422, id="wrong parameter"),
        pytest.param("GET", "/v1/users/me", {}, 401, id="no token"),
    ],
)
def test_an_error_is_a_problem(shop: Client, method: str, path: str, options: dict[str, Any], status: int) -> None:
    answer = shop.ask(method, path, **options)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM)
    assert answer.json()["status"] == status
    assert {"type", "title"} <= set(answer.json())


def test_money_and_stock_move_under_a_key_only(customer: Client, product: dict[str, Any]) -> None:
    for path, body in (
        ("/v1/orders", {"product_id": product["id"], "quantity": 1}),
        ("/v1/accounts/me/deposits", {"amount": 5}),
    ):
        assert customer.post(path, json=body).status_code == 400
