from __future__ import annotations

from typing import Any

import pytest

from seatrial.backends.errors import Unreachable
from seatrial.backends.prometheus import SeriesPoints
from seatrial.live.questions import Question, question
from seatrial.live.watcher import NO_PROMETHEUS, Watched, Watcher
from seatrial.project.telemetry import Telemetry
from seatrial.report.events import FleetSeen, ServiceSeen

TELEMETRY = Telemetry.model_validate(
    {
        "metrics": {
            "served": {"type": "histogram", "labels": ["m", "r", "s"], "buckets": [0.1, 0.2]},
            "called": {"type": "histogram", "labels": ["to", "s", "e"], "buckets": [0.1]},
            "hits": {"type": "counter", "labels": ["page", "code"]},
        },
        "roles": {
            "server_requests": {"metric": "served", "method": "m", "route": "r", "status": "s"},
            "client_requests": {"metric": "called", "callee": "to", "status": "s", "error": "e"},
            "busy": {"metric": "threads", "limit": "most"},
            "cpu_seconds": "cpu",
            "resident_bytes": "rss",
        },
        "services": {"foreign": {"server_requests": {"metric": "hits", "route": "page", "status": "code"}}},
    }
)
PROBES = {"a": frozenset[str](), "b": frozenset[str]()}
QUESTION = question(TELEMETRY, PROBES)
REPLICAS = [
    Watched("a", "http://a-1", "http://a-1/ready"),
    Watched("a", "http://a-2", "http://a-2/ready"),
    Watched("b", "http://b-1"),
]


class History:
    """A Prometheus whose answers are a function of the moment; keys are name, job, instance and further label=value."""

    def __init__(self, values: Any, asked: Question = QUESTION) -> None:
        self.values, self.question, self.dead = values, asked, False
        self.asked: list[float] = []

    def query(self, expression: str, at: float) -> list[SeriesPoints]:
        assert expression == self.question.expression()
        self.asked.append(at)
        if self.dead:
            raise Unreachable("Prometheus at http://p does not answer: ConnectionError")
        parts = {part.metric: str(number) for number, part in enumerate(self.question.parts)}
        return [
            SeriesPoints(
                {"part": parts[name], "job": job, "instance": instance, **dict(each.split("=") for each in rest)},
                [(at, value)],
            )
            for (name, job, instance, *rest), value in self.values(at).items()
        ]


def watcher(values: Any, **other: Any) -> Watcher:
    return Watcher(TELEMETRY, QUESTION, [("a", "b")], REPLICAS, History(values), lambda *_: True, **other)  # type: ignore[arg-type]


def steady(at: float) -> dict[tuple[str, ...], float]:
    """Since moment 0: a-1 serves 10 requests a second, of which one fails; a calls b 4 times a second, one without answer."""
    return {
        ("up", "a", "a-1"): 1,
        ("up", "b", "b-1"): 1,
        ("served_count", "a", "a-1", "s=200"): 9 * at,
        ("served_count", "a", "a-1", "s=503"): 1 * at,
        ("served_bucket", "a", "a-1", "le=0.1"): 5 * at,
        ("served_bucket", "a", "a-1", "le=0.2"): 10 * at,
        ("served_bucket", "a", "a-1", "le=+Inf"): 10 * at,
        ("called_count", "a", "a-1", "to=b", "s=200", "e="): 3 * at,
        ("called_count", "a", "a-1", "to=b", "s=", "e=refused"): 1 * at,
        ("called_bucket", "a", "a-1", "to=b", "le=0.1"): 4 * at,
        ("called_bucket", "a", "a-1", "to=b", "le=+Inf"): 4 * at,
        ("threads", "a", "a-1"): 2,
        ("most", "a", "a-1"): 8,
        ("cpu", "a", "a-1"): 0.5 * at,
        ("rss", "a", "a-1"): 1e6,
    }


def service(seen: FleetSeen, name: str = "a") -> ServiceSeen:
    return next(each for each in seen.services if each.service == name)


def test_the_first_look_already_has_rates() -> None:
    seen = watcher(steady).look(100.7)
    found = service(seen)
    assert seen.seconds == 5
    assert (found.rate, found.errors, found.cpu) == pytest.approx((10, 1, 0.5))
    assert (found.p50, found.p95) == pytest.approx((0.1, 0.19))
    assert (found.busy, found.resident_bytes, found.scraped) == (0.25, 1e6, 1)


def test_a_call_fails_by_status_or_by_having_no_answer() -> None:
    (call,) = watcher(steady).look(100.0).calls
    assert (call.caller, call.callee, call.rate, call.errors) == ("a", "b", pytest.approx(4), pytest.approx(1))
    assert call.p95 == pytest.approx(0.095)


def test_looks_are_at_whole_seconds_and_one_question_each() -> None:
    made = watcher(steady)
    for now in (100.2, 101.2, 102.9):
        made.look(now)
    assert made.prometheus.asked == [95, 100, 101, 102]  # type: ignore[union-attr]


def test_the_window_is_five_seconds_as_soon_as_there_were_looks() -> None:
    made = watcher(steady)
    assert [made.look(100.0 + number).seconds for number in range(8)] == [5, 6, 7, 8, 9, 5, 5, 5]


def test_the_window_holds_five_scrapes() -> None:
    seen = watcher(steady, interval=15.0).look(1000.0)
    assert (seen.seconds, service(seen).rate) == (75, pytest.approx(10))


def test_after_a_time_without_looks_the_window_begins_anew() -> None:
    made = watcher(steady)
    assert [made.look(now).seconds for now in (100.0, 200.0)] == [5, 5]


def test_an_error_that_comes_for_the_first_time_counts() -> None:
    def first_error(at: float) -> dict[tuple[str, ...], float]:
        values = {("up", "a", "a-1"): 1.0, ("served_count", "a", "a-1", "s=200"): at}
        return values | ({("served_count", "a", "a-1", "s=500"): 1.0} if at >= 100 else {})

    assert service(watcher(first_error).look(100.0)).errors == pytest.approx(0.2)


def test_a_counter_that_fell_began_anew() -> None:
    def restarted(at: float) -> dict[tuple[str, ...], float]:
        return {("up", "a", "a-1"): 1.0, ("served_count", "a", "a-1", "s=200"): 1000.0 if at < 100 else 20.0}

    assert service(watcher(restarted).look(100.0)).rate == pytest.approx(4)


def test_a_replica_that_was_not_seen_before_adds_nothing_yet() -> None:
    def later(at: float) -> dict[tuple[str, ...], float]:
        values = {("up", "a", "a-1"): 1.0, ("served_count", "a", "a-1", "s=200"): at}
        return values | ({("up", "a", "a-2"): 1.0, ("served_count", "a", "a-2", "s=200"): 500.0} if at >= 100 else {})

    assert service(watcher(later).look(100.0)).rate == pytest.approx(1)


def test_a_service_that_is_not_scraped_has_no_figures() -> None:
    found = service(watcher(steady).look(100.0), "b")
    assert (found.rate, found.errors) == (0, 0)
    unseen = service(watcher(lambda _: {}).look(100.0))
    assert (unseen.rate, unseen.p95, unseen.busy, unseen.cpu, unseen.scraped) == (None, None, None, None, 0)


def test_a_dead_prometheus_is_an_obstacle_and_readiness_is_still_seen() -> None:
    made = watcher(steady)
    made.look(100.0)
    made.prometheus.dead = True  # type: ignore[union-attr]
    seen = made.look(101.0)
    assert seen.obstacle == "Prometheus at http://p does not answer: ConnectionError"
    assert (service(seen).ready, service(seen).rate, seen.calls[0].rate) == (2, None, None)
    made.prometheus.dead = False  # type: ignore[union-attr]
    assert service(made.look(102.0)).rate == pytest.approx(10)


def test_no_prometheus_is_an_obstacle() -> None:
    made = Watcher(TELEMETRY, QUESTION, [("a", "b")], REPLICAS, None, lambda *_: True)
    assert made.look(100.0).obstacle == NO_PROMETHEUS


def test_each_replica_is_asked_whether_it_is_ready() -> None:
    made = Watcher(TELEMETRY, QUESTION, [], REPLICAS, None, lambda url, _: "a-2" not in url)
    assert [(each.service, each.ready, each.replicas) for each in made.look(100.0).services] == [
        ("a", 1, 2),
        ("b", 1, 1),
    ]


def test_without_roles_only_scrapes_are_asked_about() -> None:
    bare = question(Telemetry(), PROBES)
    assert [part.metric for part in bare.parts] == ["up"]
    made = Watcher(
        Telemetry(), bare, [("a", "b")], REPLICAS, History(lambda _: {("up", "a", "a-1"): 1.0}, bare), lambda *_: True
    )  # type: ignore[arg-type]
    seen = made.look(100.0)
    assert (service(seen).rate, service(seen).errors, service(seen).scraped, seen.calls[0].rate) == (
        None,
        None,
        1,
        None,
    )


def test_each_metric_is_asked_once_and_parts_are_told_apart() -> None:
    assert len(QUESTION.parts) == len(set(QUESTION.parts)) == 9
    assert QUESTION.expression().count('"part", "') == 9


def test_a_service_has_roles_of_its_own() -> None:
    asked = question(TELEMETRY, {"a": frozenset(), "foreign": frozenset({"/metrics"})})
    assert "sum by (job, instance, code) (hits{page!~`/metrics`})" in asked.expression()

    def hits(at: float) -> dict[tuple[str, ...], float]:
        values = {("hits", "foreign", "f-1", "code=200"): 3 * at, ("hits", "foreign", "f-1", "code=502"): at}
        return {("up", "foreign", "f-1"): 1.0, **values}

    made = Watcher(TELEMETRY, asked, [], [Watched("foreign", "http://f")], History(hits, asked), lambda *_: True)  # type: ignore[arg-type]
    found = service(made.look(100.0), "foreign")
    assert (found.rate, found.errors, found.p95) == (pytest.approx(4), pytest.approx(1), None)


def test_a_counter_without_a_status_tells_no_errors() -> None:
    mute = TELEMETRY.model_copy(update={"services": {}})
    role = mute.roles.server_requests
    assert role is not None
    roles = mute.roles.model_copy(update={"server_requests": role.model_copy(update={"status": None})})
    mute = mute.model_copy(update={"roles": roles})
    asked = question(mute, PROBES)
    values = lambda at: {("up", "a", "a-1"): 1.0, ("served_count", "a", "a-1"): 2 * at}  # noqa: E731
    made = Watcher(mute, asked, [], REPLICAS, History(values, asked), lambda *_: True)  # type: ignore[arg-type]
    assert (service(made.look(100.0)).rate, service(made.look(101.0)).errors) == (pytest.approx(2), None)
