from __future__ import annotations

import json
import threading
import time
import urllib.request
from pathlib import Path
from socketserver import BaseServer
from typing import Any

import pytest

from seatrial.alerts.components import METRICS
from seatrial.load import exporter
from seatrial.load.exporter import exported
from seatrial.load.gauges import PREFIX, Gauges

ROW = {"step": "GET /a", "method": "GET", "route": "/a", "outcome": "ok"}
LABELS = {"step": "GET /a", "http_request_method": "GET", "http_route": "/a", "outcome": "ok"}


def value(gauges: Gauges, name: str, **labels: str) -> float | None:
    return gauges.registry.get_sample_value(f"{PREFIX}_{name}", labels)


def account(**figures: int) -> dict[str, Any]:
    return {"planned": 0, "shed": 0, "in_flight": 0, **figures}


def journey(scheduled: str = "10", started: str = "10.02", outcome: str = "ok") -> dict[str, str]:
    return {"journey": "buy", "scheduled": scheduled, "started": started, "outcome": outcome}


# Gauges


def test_requests_are_counted_by_step_and_outcome_with_their_latency() -> None:
    gauges = Gauges()
    for row, latency in ((ROW, 0.02), (ROW, 0.3), (ROW | {"outcome": "timeout"}, 9.0)):
        gauges.request(row, latency)
    assert value(gauges, "request_duration_seconds_count", **LABELS) == 2
    assert value(gauges, "request_duration_seconds_sum", **LABELS) == pytest.approx(0.32)
    assert value(gauges, "request_duration_seconds_bucket", **LABELS, le="0.025") == 1
    assert value(gauges, "request_duration_seconds_count", **LABELS | {"outcome": "timeout"}) == 1


def test_journeys_are_counted_by_their_outcome() -> None:
    gauges = Gauges()
    for outcome in ("ok", "ok", "failed"):
        gauges.journey(journey(outcome=outcome))
    assert value(gauges, "journeys_total", journey="buy", outcome="ok") == 2
    assert value(gauges, "journeys_total", journey="buy", outcome="failed") == 1


def test_lag_is_of_journeys_that_began() -> None:
    gauges = Gauges()
    gauges.journey(journey())
    gauges.journey(journey(started="", outcome="shed"))
    assert value(gauges, "dispatch_lag_seconds_count") == 1
    assert value(gauges, "dispatch_lag_seconds_sum") == pytest.approx(0.02)
    assert value(gauges, "journeys_total", journey="buy", outcome="shed") == 1


def test_generators_are_summed() -> None:
    gauges = Gauges()
    gauges.stands("on", 40, [account(planned=5, shed=1, in_flight=2), account(planned=6, in_flight=3)])
    names = ("arrivals_total", "shed_total", "journeys_in_flight", "offered")
    assert [value(gauges, name) for name in names] == [11, 1, 5, 40]


def test_before_any_generator_tells_there_is_nothing() -> None:
    gauges = Gauges()
    gauges.stands("up", 0, [])
    assert (value(gauges, "arrivals_total"), value(gauges, "journeys_in_flight")) == (0, 0)


@pytest.mark.parametrize("name, total", [("planned", "arrivals_total"), ("shed", "shed_total")])
def test_arrivals_never_go_back(name: str, total: str) -> None:
    gauges, seen = Gauges(), []
    for accounts in ([5, 6], [5], [], [5, 6], [5, 8]):  # an account that cannot be read now is passed over
        gauges.stands("on", 1, [account(**{name: each}) for each in accounts])
        seen.append(value(gauges, total))
    assert seen == [11, 11, 11, 11, 13]


def test_what_is_in_flight_goes_back() -> None:
    gauges = Gauges()
    for in_flight in (5, 2):
        gauges.stands("on", 1, [account(in_flight=in_flight)])
    assert value(gauges, "journeys_in_flight") == 2


def test_only_the_stage_that_runs_now_is_one() -> None:
    gauges = Gauges()
    for stage in ("up", "up", "on", "drain"):
        gauges.stands(stage, 1, [])
    assert [value(gauges, "stage", stage=stage) for stage in ("up", "on", "drain")] == [0, 0, 1]


def test_before_a_load_stands_no_stage_is_told() -> None:
    assert value(Gauges(), "stage", stage="") is None


def test_two_loads_count_apart() -> None:
    first, second = Gauges(), Gauges()
    first.request(ROW, 0.1)
    assert value(second, "request_duration_seconds_count", **LABELS) is None


def test_alerts_and_dashboards_know_every_metric() -> None:
    gauges = Gauges()
    for family in gauges.registry.collect():
        suffix = "_total" if family.type == "counter" else ""
        assert METRICS[f"{family.name}{suffix}"].type == family.type


# The exporter


@pytest.fixture
def targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a stack that has a Prometheus, which nobody waits for."""
    monkeypatch.setattr(exporter, "LAST_SECONDS", 0.01)
    # A server looks every half second whether it is to end.
    monkeypatch.setattr(BaseServer.serve_forever, "__defaults__", (0.01,))
    folder = tmp_path / "metrics" / "prometheus" / "targets"
    folder.mkdir(parents=True)
    return folder


def told(targets: Path) -> dict[str, Any]:
    (group,) = json.loads((targets / "seatrial-load.json").read_text(encoding="utf-8"))
    return group


def scrape(targets: Path) -> str:
    with urllib.request.urlopen(f"http://{told(targets)['targets'][0]}/metrics", timeout=5) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("named", [True, False], ids=["without a Prometheus", "without a stack"])
def test_where_nobody_scrapes_there_are_no_gauges(*, named: bool, tmp_path: Path) -> None:
    with exported(tmp_path if named else None) as gauges:
        assert gauges is None
    assert list(tmp_path.iterdir()) == []


def test_prometheus_is_told_of_the_load_while_it_runs(targets: Path, tmp_path: Path) -> None:
    with exported(tmp_path):
        (address,) = told(targets)["targets"]
        assert address.startswith("127.0.0.1:")
        assert told(targets)["labels"] == {"job": "seatrial-load", "instance": "seatrial-load"}
        assert [each.name for each in targets.iterdir()] == ["seatrial-load.json"]
    assert list(targets.iterdir()) == []


def test_gauges_are_shown_over_http(targets: Path, tmp_path: Path) -> None:
    with exported(tmp_path) as gauges:
        assert gauges is not None
        gauges.stands("on", 40, [account(planned=5)])
        shown = scrape(targets).splitlines()
    assert {"seatrial_load_arrivals_total 5.0", 'seatrial_load_stage{stage="on"} 1.0'} <= set(shown)
    assert not [line for line in shown if line.startswith(("python_", "process_"))]


def test_after_the_end_nobody_answers(targets: Path, tmp_path: Path) -> None:
    with exported(tmp_path):
        (address,) = told(targets)["targets"]
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://{address}/metrics", timeout=5)


def test_a_load_that_fails_is_not_waited_for_and_leaves_no_target(
    targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter, "LAST_SECONDS", 60.0)
    began = time.monotonic()
    with pytest.raises(KeyError), exported(tmp_path):
        raise KeyError
    assert list(targets.iterdir()) == []
    assert time.monotonic() - began < 30


def test_the_end_waits_for_one_more_scrape_and_no_longer(
    targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter, "LAST_SECONDS", 60.0)
    over, scrapes, began = threading.Event(), [], time.monotonic()
    with exported(tmp_path) as gauges:
        assert gauges is not None

        def prometheus(gauges: Gauges = gauges) -> None:
            while not over.wait(0.01):
                scrapes.append(list(gauges.registry.collect()))

        thread = threading.Thread(target=prometheus)
        thread.start()
    over.set()
    thread.join()
    assert scrapes
    assert list(targets.iterdir()) == []
    assert time.monotonic() - began < 30
