"""The telemetry contract as a table: each service's metrics with their labels, each line's fields, traces over every edge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from shop_client import fresh
from shop_stacks import ROOT, SERVICES, Stack
from shop_telemetry import Telemetry, until

CONTRACT = yaml.safe_load((ROOT / "fleet" / "telemetry.yml").read_text())
FLEET = yaml.safe_load((ROOT / "fleet" / "fleet.yml").read_text())["services"]
EDGES = [(caller, callee) for caller, each in FLEET.items() for callee in each.get("calls", [])]
# Of the metrics, those that only some services have; the rest every service has.
OWNERS: Mapping[str, tuple[str, ...]] = {
    "home_parts_missing_total": ("gateway",),
    "orders_total": ("orders",),
    "orders_recovered_total": ("orders",),
    "orders_unsettled": ("orders",),
    "orders_outbox_pending": ("orders",),
    "orders_unsettled_oldest_seconds": ("orders",),
    "orders_outbox_oldest_seconds": ("orders",),
    "feed_entries_total": ("activity",),
    "ledger_transfers_total": ("payments",),
    "stock_reservations_total": ("inventory",),
    "users_registered_total": ("users",),
    "logins_total": ("users",),
    "store_lock_wait_seconds": tuple(name for name, each in FLEET.items() if each.get("store")),
    "http_client_request_duration_seconds": tuple(dict.fromkeys(caller for caller, _ in EDGES)),
    "http_client_retries_total": tuple(dict.fromkeys(caller for caller, _ in EDGES)),
}
TABLE = [
    (service, name)
    for name in CONTRACT["metrics"]
    for service in SERVICES
    if service in OWNERS.get(name, tuple(SERVICES))
]
# Prometheus leaves an empty label out: of an attempt that was answered the error, of one that was not the status.
EMPTY = {"http_client_request_duration_seconds": {"error_type", "http_response_status_code"}}
TARGET = {"__name__", "job", "instance", "le"}
ALWAYS = {
    "@timestamp",
    "message",
    "log.level",
    "log.logger",
    "event.id",
    "event.action",
    "service.name",
    "service.node.name",
}
OF_REQUESTS = {
    "event.duration",
    "event.outcome",
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "trace.id",
    "span.id",
}


@pytest.fixture(scope="module")
def visited(stack: Stack) -> dict[str, Any]:
    """Somebody has used everything once, and what they did is scraped: the trace that they said they were on, and their order."""
    from shop_client import newcomer

    customer = newcomer(stack.entry)
    trace = "4bf92f3577b34da6a3ce929d0e0e" + fresh("")[-4:].encode().hex()[:4]
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    product = customer.get("/v1/products").json()["items"][-1]
    for path in (
        f"/v1/products/{product['id']}",
        f"/v1/stock/{product['id']}",
        "/v1/users/me",
        "/v1/accounts/me",
        "/v1/activity",
        "/v1/home",
    ):
        assert customer.get(path, headers=dict(headers)).status_code == 200
    body = {"product_id": product["id"], "quantity": 1}
    order = customer.post("/v1/orders", json=body, key=fresh("order"), headers=dict(headers))
    assert order.status_code == 201
    assert customer.post(f"/v1/orders/{order.json()['id']}/cancel", key=fresh("cancel")).ok
    telemetry = Telemetry(stack)
    until(lambda: telemetry.query('feed_entries_total{job="activity"} > 0'))
    until(lambda: telemetry.query('logins_total{job="users",login_outcome="succeeded"} > 0'))
    until(lambda: telemetry.query('orders_total{job="orders",order_status="cancelled"} > 0'))
    return {"trace": trace, "order": order.json()["id"]}


@pytest.mark.parametrize("service, metric", TABLE)
def test_a_service_tells_what_the_contract_says(
    telemetry: Telemetry, visited: dict[str, Any], service: str, metric: str
) -> None:
    del visited
    told = CONTRACT["metrics"][metric]
    name = f"{metric}_bucket" if told["type"] == "histogram" else metric
    wanted, may_be_empty = set(told["labels"]), EMPTY.get(metric, set())
    # What a replica has just counted is scraped within a second or two.
    until(lambda: wanted - may_be_empty <= telemetry.labels(name, service) - TARGET)
    assert telemetry.labels(name, service) - TARGET <= wanted


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_tells_nothing_else(telemetry: Telemetry, visited: dict[str, Any], service: str) -> None:
    del visited
    names = {each["metric"]["__name__"] for each in telemetry.query(f'{{job="{service}"}}')}
    suffixed = {
        f"{name}{suffix}"
        for name, each in CONTRACT["metrics"].items()
        for suffix in (("_bucket", "_count", "_sum") if each["type"] == "histogram" else ("",))
    }
    added_by_prometheus = {"up", "ALERTS", "ALERTS_FOR_STATE"}
    strange = {
        name
        for name in names - suffixed - added_by_prometheus
        if ":" not in name and not name.startswith(("scrape_", "slo", "python_"))
    }
    assert not strange


@pytest.mark.parametrize("service", SERVICES)
def test_every_replica_is_scraped_under_the_name_it_has_in_its_logs(
    stack: Stack, telemetry: Telemetry, service: str
) -> None:
    expected = {each.instance for each in stack.replicas(service)}
    until(lambda: {each["metric"]["instance"] for each in telemetry.query(f'up{{job="{service}"}} == 1')} == expected)
    assert expected <= {line["service.node.name"] for line in stack.lines() if line["service.name"] == service}


@pytest.mark.parametrize("service", SERVICES)
def test_log_lines_have_the_fields_of_the_contract(stack: Stack, visited: dict[str, Any], service: str) -> None:
    del visited
    lines = [line for line in stack.lines() if line["service.name"] == service]
    assert lines
    for line in lines:
        assert set(CONTRACT["logs"]) >= set(line), line
        assert set(line) >= ALWAYS, line
    asked = [line for line in lines if line["event.action"] == "http.server.request"]
    assert asked
    assert all(set(line) >= OF_REQUESTS for line in asked)


def test_no_two_lines_have_one_id(stack: Stack) -> None:
    ids = [line["event.id"] for line in stack.lines()]
    assert len(ids) == len(set(ids)) > 0


@pytest.mark.parametrize("caller, callee", [edge for edge in EDGES if edge[1] != "users" or edge[0] == "gateway"])
def test_a_trace_goes_over_every_edge(
    stack: Stack, telemetry: Telemetry, visited: dict[str, Any], caller: str, callee: str
) -> None:
    """The caller's attempt and the callee's request are told with one span's id: the one was sent by the other."""
    sent: dict[str, list[str]] = defaultdict(list)
    until(lambda: _spans(stack, visited, caller, callee, sent), patience=10)
    assert (
        telemetry.number(f'sum(http_client_request_duration_seconds_count{{job="{caller}",server_address="{callee}"}})')
        > 0
    )


def _spans(stack: Stack, visited: dict[str, Any], caller: str, callee: str, sent: dict[str, list[str]]) -> bool:
    """Whether some call of that edge is told at both ends; events of the outbox begin traces of their own."""
    sent.clear()
    lines = list(stack.lines())
    own = (caller, callee) != ("orders", "activity")
    attempts = {
        line["span.id"]
        for line in lines
        if line["service.name"] == caller
        and line.get("server.address") == callee
        and (not own or line.get("trace.id") == visited["trace"])
    }
    asked = {
        line["parent.id"]
        for line in lines
        if line["service.name"] == callee and line["event.action"] == "http.server.request" and "parent.id" in line
    }
    return bool(attempts & asked)


def test_an_exemplar_finds_its_logs(stack: Stack, telemetry: Telemetry, visited: dict[str, Any]) -> None:
    del visited
    found = telemetry.exemplars('http_server_request_duration_seconds_bucket{job="orders"}')
    assert found
    traces = {line.get("trace.id") for line in stack.lines() if line["service.name"] == "orders"}
    assert found[-1]["labels"]["trace_id"] in traces
