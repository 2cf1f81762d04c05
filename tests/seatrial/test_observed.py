from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from seatrial.backends.errors import BackendError
from seatrial.backends.exposition import Series
from seatrial.backends.prometheus import Prometheus
from seatrial.observed import Observed, Usage, duration, observe, scrape_interval
from seatrial.project.fleet import Fleet, Service
from seatrial.project.project import Hooks, Project
from seatrial.project.telemetry import Bounded, Roles, ServerRequests, Telemetry
from seatrial.readings import Reading, TargetReading

ROLES = Roles(
    server_requests=ServerRequests(metric="served", method="method", route="route", status="status"),
    busy=Bounded(metric="threads_busy", limit="threads"),
    cpu_seconds="cpu",
    resident_bytes="rss",
)
PROJECT = Project(
    file=Path("/p/seatrial.yml"),
    fleet=Fleet(name="f", entry="a", services={"a": Service(command=("x",), port=1, admin_port=2)}),
    telemetry=Telemetry(metrics={}, roles=ROLES),
    hooks=Hooks(),
)
# A scrape later than any clock will show while tests run.
LATER = 4e9


def reading(at: float, cpu: float) -> Reading:
    body = f"served_count 5\ncpu {cpu}\nrss 1000\n"
    return Reading(at, (TargetReading("a", "a-1", 200, body, "", "a.jsonl", 0),))


class Server:
    """Answers by the metric that is asked for."""

    def __init__(self, **points: list[list[Any]]) -> None:
        self.points = points

    def get(self, url: str, *, params: Mapping[str, str], timeout: float) -> requests.Response:
        del url, timeout
        name = params["query"].split("{")[0].split("[")[0] or "served_count"
        labels = {"__name__": name, "job": "a", "instance": "a-1", "le": "1"}
        result = [{"metric": labels, "values": self.points[name]}] if name in self.points else []
        response = requests.Response()
        response.status_code = 200
        response._content = json.dumps({"status": "success", "data": {"result": result}}).encode()
        return response


FULL = Server(
    up=[[105.0, "1"], [LATER, "1"]],
    served_count=[[LATER, "5"]],
    cpu=[[100.0, "1"], [110.0, "6"]],
    rss=[[100.0, "900"], [105.0, "1500"], [110.0, "1000"]],
    threads=[[100.0, "8"]],
    threads_busy=[[100.0, "2"], [105.0, "6"]],
)


def seen(prometheus: Prometheus | None) -> Observed:
    before, after = reading(100.0, 1.0), reading(LATER - 1, 6.0)
    return observe(prometheus, before, after, PROJECT, {"served_count"}, (100.0, 110.0))


def test_usage_is_of_the_time_of_the_load() -> None:
    assert seen(Prometheus("http://p", FULL)).usage == [Usage("a", busy=0.5, cpu=0.5, rss_bytes=1500.0)]


def test_stored_series_lack_the_labels_of_the_scrape() -> None:
    found = seen(Prometheus("http://p", FULL))
    assert found.stored.series == {"a-1": {Series("served_count", (("le", "1.0"),)): 5.0}}
    assert found.scrapes.up == {"a-1": ((105.0, 1.0), (LATER, 1.0))}


def test_without_prometheus_usage_comes_from_the_readings_and_says_so() -> None:
    found = observe(None, reading(100.0, 1.0), reading(110.0, 6.0), PROJECT, set(), (100.0, 110.0))
    assert found.usage == [Usage("a", busy=None, cpu=0.5, rss_bytes=1000.0)]
    assert found.stored.obstacle == found.scrapes.obstacle == "there is no Prometheus to ask"
    assert found.notes[0][0] == "services.busy"


@pytest.mark.parametrize("text, seconds", [("500ms", 0.5), ("1s", 1.0), ("1m30s", 90.0), ("1h", 3600.0)])
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "1 s", "1x"])
def test_refuses_what_is_no_duration(text: str) -> None:
    with pytest.raises(BackendError, match="no duration"):
        duration(text)


@pytest.mark.parametrize(
    "text, seconds", [("global: {scrape_interval: 2s}", 2.0), ("scrape_configs: []", 60.0), ("", 60.0)]
)
def test_the_scrape_interval_is_prometheus_own(tmp_path: Path, text: str, seconds: float) -> None:
    (tmp_path / "prometheus.yml").write_text(text)
    assert scrape_interval(tmp_path) == seconds
