from __future__ import annotations

import pytest
from shop_in_process import Shop, start

from fleet.gateway import GatewaySettings
from fleet.gateway.app import create_app
from fleet.gateway.model import ROUTES, PublicRoute
from fleet.gateway.routes import address
from fleet.kit.testing import FakeTransport, received, static_keys
from fleet.kit.transport import Received, Request, TransportError

GUARDED = [route for route in ROUTES if route.token]


def path_of(route: PublicRoute) -> str:
    return route.template.format(product_id="p-1", order_id="o-1")


def name_of(route: PublicRoute) -> str:
    return f"{route.method} {route.template}"


def sent_by(transport: FakeTransport, method: str, path: str, **options: object) -> Request:
    client = create_app(
        GatewaySettings(), keys=static_keys(), transport=transport, strict=True, sink=lambda _: None
    ).test_client()
    client.open(path, method=method, **options)  # type: ignore[arg-type] # passed through
    return transport.sent[-1]


@pytest.mark.parametrize("route", GUARDED, ids=name_of)
def test_a_guarded_route_asks_for_a_token_before_it_forwards(shop: Shop, route: PublicRoute) -> None:
    shop.loopback.calls.clear()
    answer = shop.client().open(path_of(route), method=route.method)
    assert (answer.status_code, shop.loopback.calls) == (401, [])


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_each_public_route_reaches_its_service(shop: Shop, route: PublicRoute) -> None:
    shop.loopback.calls.clear()
    body = {} if route.method == "POST" else None
    shop.client().open(path_of(route), method=route.method, headers=shop.headers("cust-1", "key"), json=body)
    assert shop.loopback.calls[0] == f"{route.method} {path_of(route)}"


@pytest.mark.parametrize(
    "method,path,status",
    [
        ("POST", "/v1/charges", 404),
        ("POST", "/v1/reservations", 404),
        ("GET", "/metrics", 404),
        ("DELETE", "/v1/orders", 405),
        ("POST", "/v1/products", 405),
    ],
)
def test_what_is_not_public_has_no_door(shop: Shop, method: str, path: str, status: int) -> None:
    answer = shop.client().open(path, method=method, headers=shop.headers("cust-1", "key"), json={})
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_an_order_through_the_door(shop: Shop) -> None:
    customer, product = shop.customer(), shop.goods()
    answer = shop.order(customer, product, "one", service="gateway")
    replayed = shop.order(customer, product, "one", service="gateway")
    assert (answer.status_code, replayed.status_code, replayed.data) == (201, 201, answer.data)
    assert (answer.headers["Location"], replayed.headers["Idempotent-Replayed"]) == (
        f"/v1/orders/{answer.get_json()['id']}",
        "true",
    )


def test_a_problem_comes_back_as_one(shop: Shop) -> None:
    answer = shop.order(shop.customer(), shop.goods(0), "one", service="gateway")
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert answer.get_json()["type"].endswith("/sold-out")


def test_the_query_goes_along(shop: Shop) -> None:
    product = shop.goods()
    page = shop.client().get("/v1/products", query_string={"q": product, "limit": 1}).get_json()
    assert [item["id"] for item in page["items"]] == [product]


def test_only_the_headers_that_are_needed_go_on(shop: Shop) -> None:
    given = {"X-Secret": "1", "Connection": "close", "Cookie": "a=b", "TE": "trailers"} | shop.headers("cust-1", "key")
    sent = sent_by(FakeTransport(received()), "POST", "/v1/orders", headers=given, json={"a": 1})
    names = {name.lower() for name in sent.headers}
    assert names == {"authorization", "idempotency-key", "content-type", "traceparent", "request-timeout-ms"}


def test_the_body_goes_on_byte_by_byte(shop: Shop) -> None:
    body = b'{"quantity" : 1 , "quantity":2}'
    headers = shop.headers("cust-1", "key")
    transport = FakeTransport(received())
    options = {"data": body, "headers": headers, "content_type": "application/json"}
    assert sent_by(transport, "POST", "/v1/orders", **options).body == body


def test_only_the_headers_that_are_known_come_back() -> None:
    answer_headers = {"Content_Type": "application/json", "Retry_After": "3", "Keep_Alive": "1", "Server": "x"}
    transport = FakeTransport(received(200, {}, **answer_headers))
    app = create_app(GatewaySettings(), keys=static_keys(), transport=transport, strict=True, sink=lambda _: None)
    answer = app.test_client().get("/v1/products")
    assert set(answer.headers.keys()) == {"Content-Type", "Retry-After", "Content-Length", "traceparent"}


def test_a_body_of_no_declared_type_is_refused(shop: Shop) -> None:
    headers = shop.headers("cust-1", "key")
    assert shop.client().post("/v1/orders", data=b"{}", headers=headers).status_code == 415


@pytest.mark.parametrize(
    "error,status",
    [
        (TransportError("ConnectionRefused", "no connection", sent=False), 503),
        (TransportError("ReadTimeout", "no answer in time", sent=True, timed_out=True), 504),
    ],
    ids=["down", "slow"],
)
def test_a_service_that_does_not_answer_is_a_problem(error: TransportError, status: int) -> None:
    app = create_app(
        GatewaySettings(), keys=static_keys(), transport=FakeTransport(error), strict=True, sink=lambda _: None
    )
    answer = app.test_client().get("/v1/products")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_a_subject_over_its_rate_is_told_to_wait_and_others_are_not(shop: Shop) -> None:
    client = start(shop, "gateway", rate_limit=0.01, rate_burst=1).test_client()
    answers = [client.get("/v1/accounts/me", headers=shop.headers(name)) for name in ("alice", "alice", "bob")]
    assert [answer.status_code for answer in answers] == [200, 429, 200]
    assert int(answers[1].headers["Retry-After"]) > 1


def test_an_address_over_its_rate_registers_and_logs_in_no_more(shop: Shop) -> None:
    client = start(shop, "gateway", address_rate=0.01, address_burst=1).test_client()
    asked = [("/v1/users/login", {"name": "nobody", "password": "x" * 12}), ("/v1/users/register", {})]
    answers = [client.post(path, json=body).status_code for path, body in asked]
    other = client.post("/v1/users/register", json={}, environ_base={"REMOTE_ADDR": "127.0.0.9"}).status_code
    assert (answers, other) == ([401, 429], 422)


@pytest.mark.parametrize(
    "first,second,same",
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "", True),
    ],
)
def test_addresses_of_one_network_are_one(first: str, second: str, *, same: bool) -> None:
    app = create_app(GatewaySettings(), keys=static_keys(), sink=lambda _: None)
    seen = []
    for text in (first, second):
        with app.test_request_context(environ_base={"REMOTE_ADDR": text}):
            seen.append(address())
    assert (seen[0] == seen[1]) is same


def test_what_a_header_says_of_the_address_is_not_believed(shop: Shop) -> None:
    client = start(shop, "gateway", address_rate=0.01, address_burst=1).test_client()
    forged = [{"X-Forwarded-For": f"10.0.0.{number}", "Forwarded": f"for=10.0.0.{number}"} for number in range(2)]
    statuses = [client.post("/v1/users/register", json={}, headers=each).status_code for each in forged]
    assert statuses == [422, 429]


def test_logins_have_no_rate_by_subject_and_orders_none_by_address(shop: Shop) -> None:
    client = start(shop, "gateway", rate_limit=0.01, rate_burst=1, address_rate=0.01, address_burst=1).test_client()
    asked = [("POST", "/v1/users/register"), ("GET", "/v1/orders"), ("GET", "/v1/home")]
    answers = [client.open(path, method=method, headers=shop.headers("alice")) for method, path in asked]
    assert [answer.status_code for answer in answers] == [415, 200, 429]


@pytest.mark.parametrize("path", ["/v1/products/{}", "/v1/products?q={}"], ids=["one", "many"])
def test_who_has_a_product_already_is_told_so_through_the_door(shop: Shop, path: str) -> None:
    client, asked = shop.client(), path.format(shop.goods())
    first = client.get(asked)
    again = client.get(asked, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.headers["Cache-Control"], again.headers["Cache-Control"]) == ("no-cache", "no-cache")
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert not {"Content-Type", "Content-Length"} & set(again.headers.keys())


def test_what_needs_no_token_has_no_rate(shop: Shop) -> None:
    client = start(shop, "gateway", rate_limit=0.01, rate_burst=1).test_client()
    assert [client.get("/v1/products").status_code for _ in range(3)] == [200, 200, 200]


def test_the_whole_document_is_asked_for_once(shop: Shop) -> None:
    client = start(shop, "gateway").test_client()
    shop.loopback.calls.clear()
    documents = [client.get("/openapi.json").get_json() for _ in range(2)]
    assert len(shop.loopback.calls) == len({route.callee for route in ROUTES})
    assert documents[0]["paths"].keys() == {"/v1/home", *(route.template for route in ROUTES)}


def test_the_document_needs_all_services_and_is_tried_again(shop: Shop) -> None:
    client = start(shop, "gateway").test_client()
    shop.trouble("/openapi.json", "refused", times=3)
    assert client.get("/openapi.json").status_code == 503
    assert client.get("/openapi.json").status_code == 200


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_the_document_tells_which_routes_need_a_token(shop: Shop, route: PublicRoute) -> None:
    operation = shop.client().get("/openapi.json").get_json()["paths"][route.template][route.method.lower()]
    assert bool(operation.get("security")) is route.token


def test_the_document_asks_for_the_key_where_it_is_needed(shop: Shop) -> None:
    paths = shop.client().get("/openapi.json").get_json()["paths"]
    keyed = {
        path
        for path, item in paths.items()
        for parameter in item.get("post", {}).get("parameters", [])
        if parameter["name"] == "Idempotency-Key" and parameter["required"]
    }
    assert keyed == {"/v1/orders", "/v1/orders/{order_id}/cancel", "/v1/accounts/me/deposits"}


def test_the_gateway_starts_without_a_store() -> None:
    app = create_app(GatewaySettings(), sink=lambda _: None)
    assert app.kit.health.ready() == (True, {})


@pytest.mark.parametrize(
    "broken", [received(503), TransportError("ReadTimeout", "silence", sent=True)], ids=["503", "no answer"]
)
def test_the_door_sends_nothing_twice(broken: Received | TransportError) -> None:
    transport = FakeTransport(broken)
    sent_by(transport, "GET", "/v1/products")
    assert len(transport.sent) == 1
