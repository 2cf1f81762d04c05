from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from seatrial.backends.log_files import LogFile, files_of
from seatrial.project.telemetry import ClientRequests, Metric, Roles, ServerRequests, Telemetry
from seatrial.readings import Reading, TargetReading, changes, load_reading, read_when_quiet, take_reading
from seatrial.stacks.protocol import Replica

LABELS = ("method", "route", "status")
TELEMETRY = Telemetry(
    metrics={
        "served_seconds": Metric(type="histogram", help="", labels=LABELS, buckets=(1.0,)),
        "called_seconds": Metric(type="histogram", help="", labels=("callee", *LABELS, "error"), buckets=(1.0,)),
        "active": Metric(type="gauge", help=""),
        "pending": Metric(type="gauge", help=""),
        "sold_total": Metric(type="counter", help=""),
        "cpu_total": Metric(type="counter", help=""),
        "start": Metric(type="gauge", help=""),
    },
    roles=Roles(
        server_requests=ServerRequests(metric="served_seconds", method="method", route="route", status="status"),
        client_requests=ClientRequests(
            metric="called_seconds", callee="callee", method="method", route="route", status="status", error="error"
        ),
        active_requests="active",
        pending_work=("pending",),
        cpu_seconds="cpu_total",
        process_start="start",
    ),
)
CALM = "served_seconds_count 5\nactive 0\npending 0\nsold_total 1\ncpu_total 1.5\nstart 100\n"


def reading(at: float, body: str | None = CALM, log_bytes: int = 10, instance: str = "a-1") -> Reading:
    status, error = (None, "refused") if body is None else (200, "")
    files = (LogFile("a.jsonl", 1, 2, log_bytes, None),)
    return Reading(at, (TargetReading("a", instance, status, body, error, "a.jsonl", files),))


def quiet(*readings: Reading, patience: float = 20.0) -> tuple[Reading, list[float]]:
    ahead: Iterator[Reading] = iter(readings)
    slept: list[float] = []
    found = read_when_quiet(lambda: next(ahead), TELEMETRY, patience=patience, sleep=slept.append)
    return found, slept


def test_two_equal_readings_a_second_apart_are_quiet() -> None:
    found, slept = quiet(reading(1.0), reading(2.0))
    assert (found.at, found.moved, slept) == (2.0, (), [1.0])


def test_waits_until_nothing_moves() -> None:
    found, slept = quiet(reading(1.0, log_bytes=5), reading(2.0), reading(3.0))
    assert (found.at, found.moved, len(slept)) == (3.0, (), 2)


@pytest.mark.parametrize(
    "body, log_bytes, words",
    [
        (CALM.replace("active 0", "active 2"), 10, "a-1: active is 2"),
        (CALM.replace("pending 0", "pending 1"), 10, "a-1: pending is 1"),
        (CALM.replace("count 5", "count 6"), 10, "a-1: served_seconds_count{}: 5 to 6"),
        (CALM.replace("sold_total 1", "sold_total 2"), 10, "a-1: sold_total{}: 1 to 2"),
        (CALM, 12, "a-1: log bytes: 10 to 12"),
        (None, 10, "a-1: metrics: read to not readable"),
    ],
    ids=["active", "pending", "requests", "business counter", "log", "gone"],
)
def test_says_what_moved_when_patience_ends(body: str | None, log_bytes: int, words: str) -> None:
    found, _ = quiet(reading(1.0), reading(2.0, body, log_bytes), patience=1.0)
    assert words in found.moved


def test_the_cpu_clock_and_plain_gauges_may_move() -> None:
    found, _ = quiet(reading(1.0), reading(2.0, CALM.replace("cpu_total 1.5", "cpu_total 1.6").replace("100", "101")))
    assert found.moved == ()


@pytest.mark.parametrize("body", [None, "<html>"], ids=["silent", "rubbish"])
def test_a_replica_that_stays_unreadable_does_not_keep_the_others_waiting(body: str | None) -> None:
    assert quiet(reading(1.0, body), reading(2.0, body))[0].moved == ()


def told(body: str, *lines: str, at: float, folder: Path) -> Reading:
    """A service whose log tells of every request, those for its metrics too."""
    file = folder / "a.jsonl"
    with file.open("a") as log:
        log.writelines(f"{line}\n" for line in lines)
    return Reading(at, (TargetReading("a", "a-1", 200, body, "", str(file), files_of(file)),))


PROBED = Telemetry.model_validate(
    {
        "metrics": {"hits": {"type": "counter", "labels": ["page"]}},
        "roles": {"ignored_routes": ["/metrics"], "log": {"server_request": {"route": "page"}}},
    }
)


@pytest.mark.parametrize(
    "body, line, moved",
    [
        pytest.param('hits{page="/metrics"} 2\n', '{"page": "/metrics"}', [], id="a probe"),
        pytest.param('hits{page="/a"} 1\n', '{"page": "/metrics"}', ["hits{page='/a'}"], id="another is counted"),
        pytest.param('hits{page="/metrics"} 2\n', '{"page": "/a"}', ["log bytes"], id="another is logged"),
        pytest.param('hits{page="/metrics"} 2\n', "{", ["log bytes"], id="a line that tells nothing"),
    ],
)
def test_what_reads_the_metrics_moves_nothing(tmp_path: Path, body: str, line: str, moved: list[str]) -> None:
    before = told('hits{page="/metrics"} 1\n', '{"page": "/metrics"}', at=1.0, folder=tmp_path)
    found = changes(before, told(body, line, at=2.0, folder=tmp_path), PROBED)
    assert len(found) == len(moved)
    assert [words for words, text in zip(moved, found, strict=True) if words not in text] == []


def test_many_changes_are_cut_short() -> None:
    body = "".join(f'served_seconds_count{{route="/{number}"}} 1\n' for number in range(9))
    found, _ = quiet(reading(1.0), reading(2.0, CALM + body.replace("count{", 'count{status="1",')), patience=0.0)
    assert (len(found.moved), found.moved[-1]) == (6, "and 4 more")


class Http:
    def __init__(self, answer: str | requests.RequestException) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def get(self, url: str, *, timeout: float) -> requests.Response:
        del timeout
        self.asked.append(url)
        if isinstance(self.answer, requests.RequestException):
            raise self.answer
        response = requests.Response()
        response.status_code, response._content, response.encoding = 200, self.answer.encode(), "utf-8"
        return response


def replica(folder: Path) -> Replica:
    return Replica("a", "a-1", 1, "http://a", "http://a:81", 1, 2, True, "http://a:81/metrics", folder / "a.jsonl")


def test_a_reading_asks_the_admin_address_and_measures_the_log(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n")
    http = Http(CALM)
    (target,) = take_reading([replica(tmp_path)], http, clock=lambda: 5.0).targets
    assert http.asked == ["http://a:81/metrics"]
    assert (target.status, target.body, [file.size for file in target.log_files]) == (200, CALM, [3])


def test_a_replica_without_metrics_or_log_is_asked_nothing() -> None:
    http = Http(CALM)
    mute = Replica("a", "a-1", 1, "http://a", "http://a", None, None, True, None, None)
    (target,) = take_reading([mute], http, clock=lambda: 5.0).targets
    assert http.asked == []
    assert (target.offered, target.error, target.log_file, target.log_files) == (False, "", None, ())


def test_a_reading_keeps_why_there_was_no_answer(tmp_path: Path) -> None:
    error = requests.ConnectionError(
        "HTTPConnectionPool(host='a', port=81): Max retries exceeded (Caused by X(': refused'))"
    )
    found = take_reading([replica(tmp_path)], Http(requests.ConnectionError(f"{error}: [Errno 111] refused)")))
    assert (found.targets[0].body, found.targets[0].error) == (None, "ConnectionError, [Errno 111] refused")


def test_a_reading_survives_being_saved(tmp_path: Path) -> None:
    found = Reading(7.5, reading(1.0, "h\u00e9\n").targets, ("a-1: active is 2",))
    found.save(tmp_path / "before.json")
    assert load_reading(tmp_path / "before.json") == found


def test_a_reading_that_was_never_saved_is_none(tmp_path: Path) -> None:
    assert load_reading(tmp_path / "before.json") is None
