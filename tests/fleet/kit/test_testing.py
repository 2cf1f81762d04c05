"""The contract assertion must be able to go red."""

import pytest
from prometheus_client import CollectorRegistry, Counter

from fleet.kit.settings import Settings
from fleet.kit.telemetry import load_contract
from fleet.kit.testing import FakeTransport, assert_contract, capture, harness, received
from fleet.kit.transport import Request, TransportError

CONTRACT = load_contract(Settings().telemetry_file)
REQUEST = Request("GET", "h:1", "/", {}, None, 1, 1)


def test_what_the_kit_emits_is_in_the_contract() -> None:
    kit = harness()
    kit.client.get("/nowhere")
    kit.assert_contract()


@pytest.mark.parametrize(
    "name, labels, reason",
    [
        pytest.param("surprises", [], "metric surprises_total is not in the contract", id="name"),
        pytest.param("orders", ["customer"], "metric orders_total has labels", id="label"),
    ],
)
def test_foreign_metric_is_found(name: str, labels: list[str], reason: str) -> None:
    registry = CollectorRegistry()
    counter = Counter(name, "help", labels, registry=registry)
    (counter.labels("1") if labels else counter).inc()
    with pytest.raises(AssertionError, match=reason):
        assert_contract(CONTRACT, registry, [])


@pytest.mark.parametrize(
    "line, reason",
    [
        pytest.param({"card.number": "1"}, "log field card.number is not in the contract", id="name"),
        pytest.param({"event.duration": "1"}, "log field event.duration is '1', not a long", id="type"),
    ],
)
def test_foreign_field_is_found(line: dict[str, object], reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        assert_contract(CONTRACT, CollectorRegistry(), [line])


def test_a_finished_app_can_be_listened_to() -> None:
    kit = capture(harness("other").app)
    kit.client.get("/nowhere")
    assert [line["service.name"] for line in kit.captured.lines] == ["other"]


def test_script_is_followed_and_its_last_step_repeated() -> None:
    transport = FakeTransport(received(503), received(200))
    assert [transport.send(REQUEST).status for _ in range(3)] == [503, 200, 200]
    assert len(transport.sent) == 3


def test_scripted_error_is_raised() -> None:
    with pytest.raises(TransportError):
        FakeTransport(TransportError("ReadTimeout", "slow", sent=True)).send(REQUEST)
