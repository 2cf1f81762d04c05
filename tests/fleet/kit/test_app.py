"""The whole kit around a small service: what goes out over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import abort
from flask.testing import FlaskClient
from flask_openapi3 import APIBlueprint  # type: ignore[attr-defined] # exported, not declared
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from werkzeug.test import TestResponse

from fleet.kit.app import create_kit_app
from fleet.kit.body import HeaderInput, Input
from fleet.kit.discovery import Discovery, FileDiscovery, StaticDiscovery
from fleet.kit.dns import DnsDiscovery
from fleet.kit.errors import Conflict, TooManyRequests, Unauthorized
from fleet.kit.settings import Settings
from fleet.kit.testing import Harness, LineCapture, harness


class SoldOut(Conflict):
    slug, title = "sold-out", "Sold out"


class OrderBody(Input):
    product_id: str
    quantity: int


class KindPath(Input):
    kind: str


class PageQuery(Input):
    limit: int = 20


class KeyHeader(HeaderInput):
    idempotency_key: str


class OrderView(BaseModel):
    id: str
    quantity: int


@pytest.fixture(scope="module")
def kit() -> Harness:
    kit = harness(settings=Settings(body_limit=1000))
    orders = APIBlueprint("orders", __name__, url_prefix="/v1")

    @orders.post("/orders", responses={201: OrderView}, security=[{"bearer": []}])
    def place(body: OrderBody) -> tuple[OrderView, int, dict[str, str]]:
        if body.quantity > 10:
            raise SoldOut("Only 10 are left.", extensions={"left": 10})
        return OrderView(id=body.product_id, quantity=body.quantity), 201, {"Location": "/v1/orders/1"}

    @orders.get("/orders", responses={200: OrderView})
    def list_orders(query: PageQuery) -> OrderView:
        return OrderView(id="all", quantity=query.limit)

    @orders.post("/keyed")
    def keyed(header: KeyHeader) -> dict[str, str]:
        return {"key": header.idempotency_key}

    @orders.get("/refuse/<kind>")
    def refuse(path: KindPath) -> None:
        raise {"token": Unauthorized("No."), "rate": TooManyRequests(retry_after=7)}[path.kind]

    @orders.get("/teapot")
    def teapot() -> None:
        abort(418)

    kit.app.register_api(orders)
    return kit


@pytest.fixture
def client(kit: Harness) -> Iterator[FlaskClient]:
    yield kit.client
    kit.assert_contract()


def problem(answer: TestResponse) -> tuple[int, str]:
    document = answer.get_json()
    assert answer.mimetype == "application/problem+json"
    assert document["status"] == answer.status_code
    assert document["title"]
    return answer.status_code, document["type"].removeprefix("https://seatrial.example/problems/")


def place(client: FlaskClient, body: object = None, **options: object) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/v1/orders", **{"data": data, "content_type": "application/json", **options})


ORDER = {"product_id": "p", "quantity": 2}


def test_model_becomes_the_answer(client: FlaskClient) -> None:
    answer = place(client, ORDER)
    assert (answer.status_code, answer.get_json()) == (201, {"id": "p", "quantity": 2})
    assert answer.headers["Location"] == "/v1/orders/1"


def test_a_services_own_problem(client: FlaskClient) -> None:
    answer = place(client, ORDER | {"quantity": 11})
    assert problem(answer) == (409, "sold-out")
    assert (answer.get_json()["detail"], answer.get_json()["left"]) == ("Only 10 are left.", 10)


@pytest.mark.parametrize(
    "method, path, expected",
    [
        pytest.param("GET", "/v1/nowhere", (404, "not-found"), id="no such path"),
        pytest.param("GET", "/v1/orders/", (404, "not-found"), id="a slash too many is no redirect"),
        pytest.param("GET", "//v1/orders", (404, "not-found"), id="two slashes are no redirect"),
        pytest.param("DELETE", "/v1/orders", (405, "method-not-allowed"), id="no such method"),
        pytest.param("GET", "/v1/teapot", (418, "i'm-a-teapot"), id="abort"),
        pytest.param("GET", "/v1/refuse/token", (401, "unauthorized"), id="unauthorized"),
        pytest.param("GET", "/v1/refuse/other", (500, "internal-error"), id="unforeseen"),
        pytest.param("GET", "/v1/orders?limit=x", (422, "unprocessable-content"), id="query of another type"),
        pytest.param("GET", "/v1/orders?page=2", (422, "unprocessable-content"), id="query nobody asked for"),
        pytest.param("POST", "/v1/keyed", (422, "unprocessable-content"), id="required header missing"),
    ],
)
def test_every_error_is_a_problem(client: FlaskClient, method: str, path: str, expected: tuple[int, str]) -> None:
    assert problem(client.open(path, method=method)) == expected


@pytest.mark.parametrize(
    "path, method, name, value",
    [
        pytest.param("/v1/orders", "DELETE", "Allow", {"GET", "HEAD", "OPTIONS", "POST"}, id="405 names the methods"),
        pytest.param("/v1/refuse/token", "GET", "WWW-Authenticate", {"Bearer"}, id="401 challenges"),
        pytest.param("/v1/refuse/rate", "GET", "Retry-After", {"7"}, id="429 says when"),
    ],
)
def test_errors_keep_their_headers(client: FlaskClient, path: str, method: str, name: str, value: set[str]) -> None:
    assert set(client.open(path, method=method).headers[name].split(", ")) == value


def test_nothing_of_an_unforeseen_error_goes_out(client: FlaskClient) -> None:
    answer = client.get("/v1/refuse/other")
    assert answer.get_json().keys() == {"type", "title", "status"}


@pytest.mark.parametrize(
    "body, options, expected",
    [
        pytest.param(b"{", {}, (400, "invalid-json"), id="no JSON"),
        pytest.param(b"", {}, (400, "invalid-json"), id="empty"),
        pytest.param(b'{"product_id":"p","quantity":NaN}', {}, (400, "invalid-json"), id="NaN"),
        pytest.param(b'{"quantity":1,"quantity":2}', {}, (400, "invalid-json"), id="key twice"),
        pytest.param(b"[" * 900, {}, (400, "invalid-json"), id="deep"),
        pytest.param(b'"\xff"', {}, (400, "invalid-json"), id="no UTF-8"),
        pytest.param(b'{"product_id":"\\ud800","quantity":1}', {}, (400, "invalid-json"), id="lone surrogate"),
        pytest.param(ORDER, {"content_type": "text/plain"}, (415, "unsupported-media-type"), id="other media type"),
        pytest.param(ORDER, {"content_type": None}, (415, "unsupported-media-type"), id="no media type"),
        pytest.param(
            ORDER, {"headers": {"Content-Encoding": "gzip"}}, (415, "unsupported-media-type"), id="compressed"
        ),
        pytest.param(b" " * 1001, {}, (413, "content-too-large"), id="too large"),
        pytest.param(
            b"{}",
            {"environ_overrides": {"CONTENT_LENGTH": "3", "wsgi.input_terminated": True}},
            (400, "incomplete-body"),
            id="cut short",
        ),
        pytest.param(b"{}", {"headers": {"Transfer-Encoding": "chunked"}}, (411, "length-required"), id="in chunks"),
        pytest.param({"product_id": "p"}, {}, (422, "unprocessable-content"), id="member missing"),
        pytest.param(ORDER | {"x": 1}, {}, (422, "unprocessable-content"), id="member nobody asked for"),
        pytest.param([ORDER], {}, (422, "unprocessable-content"), id="array"),
        pytest.param(None, {}, (422, "unprocessable-content"), id="null"),
        pytest.param(json.dumps(ORDER), {}, (422, "unprocessable-content"), id="string that holds an object"),
    ],
)
def test_bad_bodies(client: FlaskClient, body: object, options: dict[str, object], expected: tuple[int, str]) -> None:
    assert problem(place(client, body, **options)) == expected


@pytest.mark.parametrize("host,status", [("", 400), ("a,b", 400), ("a", 200)], ids=["none", "two", "one"])
def test_a_request_is_for_one_host(client: FlaskClient, host: str, status: int) -> None:
    assert client.get("/v1/orders", environ_overrides={"HTTP_HOST": host}).status_code == status


def test_charset_parameter_is_no_other_media_type(client: FlaskClient) -> None:
    assert place(client, ORDER, content_type="application/json; charset=utf-8").status_code == 201


def test_wrong_values_are_named_but_not_repeated(client: FlaskClient) -> None:
    answer = place(client, {"product_id": "p", "quantity": "a secret"})
    assert answer.get_json()["errors"][0]["location"] == "quantity"
    assert b"a secret" not in answer.data
    assert b"pydantic" not in answer.data


def test_header_model_reads_its_header(client: FlaskClient) -> None:
    assert client.post("/v1/keyed", headers={"Idempotency-Key": "k1"}).get_json() == {"key": "k1"}


@pytest.mark.parametrize(
    "header, status",
    [
        pytest.param("0", 504, id="used up"),
        pytest.param("5000", 200, id="time left"),
        pytest.param("-1", 200, id="negative is ignored"),
        pytest.param("soon", 200, id="no number is ignored"),
        pytest.param("9" * 30, 200, id="too long is ignored"),
    ],
)
def test_deadline_on_arrival(client: FlaskClient, header: str, status: int) -> None:
    assert client.get("/v1/orders", headers={"Request-Timeout-Ms": header}).status_code == status


def test_head_has_the_headers_alone(client: FlaskClient) -> None:
    answer = client.head("/v1/orders")
    assert (answer.status_code, answer.data) == (200, b"")


FILE = Path("/run/discovery.json")
BY_HAND = {"orders": ["127.0.0.1:8003"]}


def discovery(settings: Settings, **collaborators: Discovery) -> Discovery:
    app = create_kit_app(
        "sample", settings, by_hand=BY_HAND, registry=CollectorRegistry(), sink=LineCapture(), **collaborators
    )
    return app.kit.discovery


@pytest.mark.parametrize(
    "settings, kind",
    [
        pytest.param(Settings(discovery_file=FILE), FileDiscovery, id="a file"),
        pytest.param(Settings(discovery_file=FILE, discovery_dns_port=8000), FileDiscovery, id="a file before names"),
        pytest.param(Settings(discovery_dns_port=8000), DnsDiscovery, id="names"),
        pytest.param(Settings(), StaticDiscovery, id="neither"),
    ],
)
def test_others_are_found_as_the_settings_say(settings: Settings, kind: type[Discovery]) -> None:
    assert type(discovery(settings)) is kind


def test_others_are_by_hand_where_their_defaults_are() -> None:
    assert discovery(Settings()).addresses("orders") == ["127.0.0.1:8003"]


def test_a_collaborator_goes_before_the_settings() -> None:
    ours = StaticDiscovery({})
    assert discovery(Settings(discovery_file=FILE, discovery_dns_port=8000), discovery=ours) is ours


def test_names_lead_to_the_port_that_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    found = discovery(Settings(discovery_dns_port=8003))
    monkeypatch.setattr(found, "_lookup", lambda _: ["10.0.0.3"])
    assert found.addresses("orders") == ["10.0.0.3:8003"]


def test_lines_bear_the_replicas_name() -> None:
    named = harness("sample", Settings(instance="sample-7"))
    named.client.get("/nowhere")
    assert {line["service.node.name"] for line in named.captured.lines} == {"sample-7"}
