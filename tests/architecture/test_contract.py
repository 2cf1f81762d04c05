"""Every metric and log field used anywhere is in telemetry.yml."""

import ast
import re

import pytest
from source_tree import ROOT, Module, document, modules

CONTRACT = document("fleet/telemetry.yml")
METRIC_SHAPE = re.compile(
    r"^(http|server|orders|ledger|stock|users|process|client)_[a-z_]+_(total|seconds|bytes|busy|limit|requests|pending|fds)$"
)
FLEET = modules("fleet")


def strings(module: Module, shape: re.Pattern[str]) -> set[str]:
    return {word for word, _ in module.words() if shape.match(word)}


def logged_fields(module: Module) -> set[str]:
    """The keywords with which a module writes log events; the kit turns `_` into the contract's `.`."""
    return {
        keyword.arg
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "event"
        for keyword in node.keywords
        if keyword.arg
    } - {"level", "exc"}


def test_log_fields_are_in_the_contract() -> None:
    known = {re.sub("[.@]", "_", name) for name in CONTRACT["logs"]}
    used = set().union(*(logged_fields(module) for module in FLEET))
    assert used
    assert used <= known


@pytest.mark.parametrize("module", FLEET, ids=lambda module: module.name)
def test_metrics_are_in_the_contract(module: Module) -> None:
    assert strings(module, METRIC_SHAPE) <= set(CONTRACT["metrics"])


def role_metrics(node: object) -> set[str]:
    """Every string under `roles` that looks like a metric's name."""
    if isinstance(node, dict):
        return set().union(*(role_metrics(value) for value in node.values()), set())
    if isinstance(node, list):
        return set().union(*(role_metrics(value) for value in node), set())
    return {str(node)} if METRIC_SHAPE.match(str(node)) else set()


def test_roles_name_metrics_of_the_contract() -> None:
    used = role_metrics(CONTRACT["roles"])
    assert used
    assert used <= set(CONTRACT["metrics"])


def test_role_labels_are_labels_of_their_metric() -> None:
    for role in ("server_requests", "client_requests"):
        described = dict(CONTRACT["roles"][role])
        metric = CONTRACT["metrics"][described.pop("metric")]
        assert set(described.values()) == set(metric["labels"])


def test_log_roles_name_fields_of_the_contract() -> None:
    roles = dict(CONTRACT["roles"]["log"])
    roles.pop("error_levels")
    roles["duration"] = roles["duration"]["field"]
    requests = [dict(roles.pop(name)) for name in ("server_request", "client_request")]
    for request in requests:
        request.pop("event")
    used = {*roles.values(), *(value for request in requests for value in request.values())}
    assert used <= set(CONTRACT["logs"])


def test_prometheus_configuration_scrapes_as_often_as_designed() -> None:
    assert document("observability/prometheus/prometheus.yml")["global"]["scrape_interval"] == "1s"
    assert (ROOT / "observability" / "prometheus" / "prometheus.yml").is_file()
