from __future__ import annotations

import pytest

from seatrial.backends.exposition import Samples, parse_exposition
from seatrial.backends.log_layout import braced
from seatrial.checks.inputs import ANY, AttemptKey, RequestKey
from seatrial.counting import process_starts, service_counts, stored_requests
from seatrial.project.telemetry import ClientRequests, Metric, Roles, ServerRequests, Telemetry
from seatrial.readings import Reading, TargetReading, readable

TELEMETRY = Telemetry(
    metrics={"served": Metric(type="histogram"), "called": Metric(type="histogram")},
    roles=Roles(
        server_requests=ServerRequests(metric="served", method="method", route="route", status="status"),
        client_requests=ClientRequests(
            metric="called", callee="callee", method="method", route="route", status="status", error="error"
        ),
        process_start="start",
    ),
)
OK = RequestKey("GET", "/a", "200")


def served(count: int, start: int = 100, status: str = "200") -> str:
    return f'start {start}\nserved_count{{method="GET",route="/a",status="{status}"}} {count}\n'


def called(count: int, status: str = "", error: str = "") -> str:
    labels = f'callee="back",method="GET",route="/b",status="{status}",error="{error}"'
    return f"start 100\ncalled_count{{{labels}}} {count}\n"


def reading(**bodies: str | None) -> Reading:
    targets = (
        TargetReading("front", name.replace("_", "-"), None if body is None else 200, body, "refused", "x.jsonl", 0)
        for name, body in bodies.items()
    )
    return Reading(1.0, tuple(targets))


def test_counts_are_gains_summed_over_replicas() -> None:
    before = reading(front_1=served(5), front_2=served(1))
    after = reading(front_1=served(8), front_2=served(2))
    assert service_counts(before, after, TELEMETRY)["front"].requests == {OK: 4}


def test_a_series_that_was_absent_counts_from_nought() -> None:
    assert service_counts(reading(front_1="start 100\n"), reading(front_1=served(3)), TELEMETRY)["front"].requests == {
        OK: 3
    }


def test_a_replaced_process_counts_from_nought_and_says_so() -> None:
    found = service_counts(reading(front_1=served(50)), reading(front_1=served(3, start=200)), TELEMETRY)["front"]
    assert (found.requests, found.reset) == ({OK: 3}, True)


def left(*bodies: str) -> dict[str, list[Samples]]:
    return {"front-1": [parse_exposition(body) for body in bodies]}


@pytest.mark.parametrize(
    "kept, count",
    [
        pytest.param(left(served(60)), 10 + 3, id="its last word"),
        pytest.param(left(served(60), served(7, start=150)), 10 + 7 + 3, id="two restarts"),
        pytest.param(left(served(7, start=150)), 7 + 3, id="the first was killed"),
        pytest.param({}, 3, id="nothing kept"),
    ],
)
def test_what_was_kept_of_replaced_processes_counts(kept: dict[str, list[Samples]], count: int) -> None:
    before, after = reading(front_1=served(50)), reading(front_1=served(3, start=200))
    found = service_counts(before, after, TELEMETRY, kept)["front"]
    assert (found.requests, found.reset) == ({OK: count}, True)
    assert stored_requests(before, readable(after), {}, "front", TELEMETRY, kept) == count


def test_a_replica_that_came_later_counts_whole() -> None:
    found = service_counts(reading(front_1=served(1)), reading(front_1=served(1), front_2=served(4)), TELEMETRY)[
        "front"
    ]
    assert (found.requests, found.reset) == ({OK: 4}, False)


@pytest.mark.parametrize(
    "before, after, words",
    [
        (reading(front_1=served(5)), reading(front_1=None), "front-1: no answer: refused"),
        (reading(front_1="<html>"), reading(front_1=served(5)), "ValueError"),
        (reading(front_1=served(5)), reading(), "first reading only"),
        (reading(front_1=served(5)), reading(front_1=served(4)), "fell or vanished"),
        (reading(front_1=served(5)), reading(front_1=served(5, status="201")), "fell or vanished"),
    ],
    ids=["silent at the end", "rubbish at first", "gone", "fell", "vanished"],
)
def test_what_cannot_be_compared_says_why(before: Reading, after: Reading, words: str) -> None:
    assert words in service_counts(before, after, TELEMETRY)["front"].unreadable


@pytest.mark.parametrize(
    "body, key",
    [
        (called(2, status="200"), AttemptKey("back", "GET", "/b", "200", "")),
        (called(2, error="Timeout"), AttemptKey("back", "GET", "/b", "", "Timeout")),
        (called(2, status="500", error="500"), AttemptKey("back", "GET", "/b", "500", "")),
    ],
    ids=["answered", "unanswered", "status repeated as error"],
)
def test_attempts_are_told_apart_by_error_only_without_an_answer(body: str, key: AttemptKey) -> None:
    found = service_counts(reading(front_1="start 100\n"), reading(front_1=body), TELEMETRY)["front"]
    assert found.attempts == {key: 2}


def test_process_starts_are_of_readable_replicas() -> None:
    assert process_starts(reading(front_1=served(1), front_2=None), TELEMETRY) == {"front-1": 100.0}


def only(samples: dict[str, Samples], kind: str) -> dict[str, Samples]:
    """As they are stored: of a whole exposition only what counts."""
    return {
        instance: {series: value for series, value in found.items() if series.name.endswith(kind)}
        for instance, found in samples.items()
    }


def test_stored_requests_are_gains_over_the_raw_reading() -> None:
    before, after = reading(front_1=served(5)), reading(front_1=served(9))
    counters = only(readable(after), "count")
    assert stored_requests(before, counters, process_starts(after, TELEMETRY), "front", TELEMETRY) == 4


def test_stored_requests_are_unknown_where_an_instance_was_not_stored() -> None:
    assert stored_requests(reading(front_1=served(5)), {}, {}, "front", TELEMETRY) is None


BARE = Telemetry(
    metrics={"hits_total": Metric(type="counter")},
    roles=Roles(server_requests=ServerRequests(metric="hits_total", route="page"), ignored_routes=("/up",)),
)


def test_a_counter_counts_by_the_labels_that_it_has() -> None:
    before, after = (reading(front_1=f'hits_total{{page="/a",verb="GET"}} {count}\n') for count in (1, 4))
    assert service_counts(before, after, BARE)["front"].requests == {RequestKey(ANY, "/a", ANY): 3}


def test_requests_for_ignored_routes_count_nowhere() -> None:
    before, after = (
        reading(front_1=f'hits_total{{page="/up"}} {count}\nhits_total{{page="/a"}} 1\n') for count in (1, 4)
    )
    assert service_counts(before, after, BARE)["front"].requests == {}
    assert stored_requests(before, readable(after), {}, "front", BARE) == 0


def test_a_service_without_metrics_is_not_among_the_counted() -> None:
    target = TargetReading("back", "back-1", None, None, "", None, 0, offered=False)
    mute = Reading(1.0, (target,))
    assert service_counts(mute, mute, BARE) == {}


@pytest.mark.parametrize(
    "written, route",
    [
        ("/items/<item>", "/items/{item}"),
        ("/items/<int:item>/<path:rest>", "/items/{item}/{rest}"),
        ("/langs/<string(length=2):lang>", "/langs/{lang}"),
        ("/items/{item}", "/items/{item}"),
        ("None", "None"),
    ],
)
def test_routes_are_written_as_the_journeys_write_them(written: str, route: str) -> None:
    assert braced(written) == route
