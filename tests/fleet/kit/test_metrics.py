import pytest
from prometheus_client.openmetrics import exposition

from fleet.kit.body import Input
from fleet.kit.errors import ContractError
from fleet.kit.metrics import Metrics
from fleet.kit.settings import Settings
from fleet.kit.telemetry import load_contract
from fleet.kit.testing import Harness, harness

DURATION = "http_server_request_duration_seconds"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(load_contract(Settings().telemetry_file))


class ProductPath(Input):
    product_id: str


def product(path: ProductPath) -> dict[str, str]:
    return {"id": path.product_id}


@pytest.fixture
def kit() -> Harness:
    kit = harness()
    kit.app.get("/v1/products/<product_id>")(product)
    return kit


def openmetrics(kit: Harness) -> bytes:
    return bytes(exposition.generate_latest(kit.registry))  # type: ignore[no-untyped-call] # prometheus_client leaves it untyped


def count(kit: Harness, method: str, route: str, status: int) -> float | None:
    labels = {"http_request_method": method, "http_route": route, "http_response_status_code": str(status)}
    return kit.sample(f"{DURATION}_count", **labels)


def test_one_name_is_one_metric(metrics: Metrics) -> None:
    assert metrics.counter("orders_total") is metrics.counter("orders_total")


@pytest.mark.parametrize("kind", ["counter", "gauge", "histogram"])
def test_name_outside_the_contract_is_refused(metrics: Metrics, kind: str) -> None:
    with pytest.raises(ContractError, match="surprises_total"):
        getattr(metrics, kind)("surprises_total")


def test_name_of_another_type_is_refused(metrics: Metrics) -> None:
    with pytest.raises(ContractError, match="no gauge"):
        metrics.gauge("orders_total")


def test_label_outside_the_contract_is_refused(metrics: Metrics) -> None:
    with pytest.raises(ValueError, match="label"):
        metrics.counter("orders_total").labels(customer="1")


def test_metrics_nobody_asked_for_are_absent(metrics: Metrics) -> None:
    names = {metric.name for metric in metrics.registry.collect()}
    assert "orders" not in names


def test_process_metrics_are_those_of_the_contract(metrics: Metrics) -> None:
    names = {metric.name for metric in metrics.registry.collect() if metric.name.startswith("process_")}
    assert names == {
        "process_cpu_seconds",
        "process_resident_memory_bytes",
        "process_max_fds",
        "process_open_fds",
        "process_start_time_seconds",
    }


def test_no_created_series(kit: Harness) -> None:
    kit.client.get("/v1/products/1")
    assert b"_created" not in openmetrics(kit)


def test_route_is_the_template(kit: Harness) -> None:
    kit.client.get("/v1/products/1")
    kit.client.get("/v1/products/2")
    assert count(kit, "GET", "/v1/products/{product_id}", 200) == 2


@pytest.mark.parametrize("method, path, status", [("GET", "/nowhere", 404), ("DELETE", "/v1/products/1", 405)])
def test_what_no_route_fits_is_unmatched(kit: Harness, method: str, path: str, status: int) -> None:
    kit.client.open(path, method=method)
    assert count(kit, method, "unmatched", status) == 1


def test_unknown_method_makes_no_series_of_its_own(kit: Harness) -> None:
    kit.client.open("/v1/products/1", method="BREW")
    assert count(kit, "_OTHER", "unmatched", 405) == 1


def test_exemplar_is_the_trace(kit: Harness) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    kit.client.get("/v1/products/1", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert f'# {{trace_id="{trace}"}}'.encode() in openmetrics(kit)


def test_request_is_active_while_it_runs_and_not_after(kit: Harness) -> None:
    seen: list[float | None] = []

    def look() -> dict[str, object]:
        seen.extend([kit.sample("http_server_active_requests"), kit.sample("server_threads_busy")])
        return {}

    kit.app.get("/look")(look)
    kit.client.get("/look")
    assert seen == [1, 1]
    assert kit.sample("http_server_active_requests") == 0


def test_threads_limit_is_the_setting() -> None:
    assert harness(settings=Settings(threads=3)).sample("server_threads_limit") == 3
