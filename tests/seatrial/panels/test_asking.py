from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from seatrial.backends.errors import BackendError, Unreachable
from seatrial.backends.prometheus import SeriesPoints
from seatrial.panels.asking import ANSWERED, EMPTY, REFUSED, SILENT, UNASKED, Result, Sources, ask, legend
from seatrial.panels.model import Dashboard, Panel, Target
from seatrial.panels.variables import Span

SPAN = Span(100.0, 110.0)
SERIES = SeriesPoints({"job": "web"}, [(100.0, 1.0), (101.0, 2.0)])
LINE = {"message": "hello"}


@dataclass
class Metrics:
    """A Prometheus that gives one answer, and keeps what it was asked."""

    answer: Sequence[SeriesPoints] | BackendError = ()
    asked: list[tuple[str, float, float, float]] = field(default_factory=list)

    def query_range(self, expression: str, begin: float, end: float, step: float) -> list[SeriesPoints]:
        self.asked.append((expression, begin, end, step))
        if isinstance(self.answer, BackendError):
            raise self.answer
        return list(self.answer)


@dataclass
class Logs:
    """An Elasticsearch that gives one answer, and keeps what it was asked."""

    series: Sequence[SeriesPoints] = ()
    documents: Sequence[dict[str, Any]] = ()
    error: BackendError | None = None
    asked: list[tuple[Target, str, Span]] = field(default_factory=list)

    def ask(self, target: Target, query: str, span: Span) -> tuple[list[SeriesPoints], list[dict[str, Any]]]:
        self.asked.append((target, query, span))
        if self.error:
            raise self.error
        return list(self.series), list(self.documents)


def metric(query: str = "up") -> Target:
    return Target("A", "prometheus", query)


def lines(query: str = "*") -> Target:
    return Target("A", "elasticsearch", query)


def dashboard(*targets: Target, **variables: str) -> Dashboard:
    return Dashboard("page", "u", "Page", "", (Panel(1, "Rate", "", "lines", targets=targets),), variables)


def asked(target: Target, sources: Sources, **variables: str) -> Result:
    (seen,) = ask([dashboard(target, **variables)], sources)
    (result,) = seen.results
    return result


def test_a_query_with_data_is_answered() -> None:
    found = asked(metric(), Sources(Metrics([SERIES]), span=SPAN))
    assert (found.state, found.reason, found.series) == (ANSWERED, "", [SERIES])


def test_a_query_is_sent_over_the_span_with_its_variables_put_in() -> None:
    metrics = Metrics([SERIES])
    found = asked(metric('rate(x{job=~"$job"}[$__rate_interval])'), Sources(metrics, span=SPAN), job="web")
    assert metrics.asked == [('rate(x{job=~"web"}[4s])', 100.0, 110.0, 1.0)]
    assert found.query == 'rate(x{job=~"web"}[4s])'


def test_logs_are_asked_with_the_target_and_its_query() -> None:
    logs, target = Logs(documents=[LINE]), lines("trace:$trace")
    found = asked(target, Sources(logs=logs, span=SPAN), trace="abc")
    assert logs.asked == [(target, "trace:abc", SPAN)]
    assert (found.state, found.documents) == (ANSWERED, [LINE])


def test_counts_of_lines_are_an_answer_too() -> None:
    found = asked(lines(), Sources(logs=Logs([SERIES]), span=SPAN))
    assert (found.state, found.series, found.documents) == (ANSWERED, [SERIES], [])


@pytest.mark.parametrize(
    "series",
    [
        [],
        [SeriesPoints({}, [])],
        [SeriesPoints({}, [(100.0, math.nan)])],
        [SeriesPoints({}, [(100.0, math.inf), (101.0, -math.inf)]), SeriesPoints({"a": "b"}, [(100.0, math.nan)])],
    ],
    ids=["no series", "no points", "NaN", "NaN and infinities"],
)
def test_without_a_number_there_is_no_data(series: list[SeriesPoints]) -> None:
    found = asked(metric(), Sources(Metrics(series), span=SPAN))
    assert (found.state, found.reason, list(found.series)) == (EMPTY, "", [])


def test_only_numbers_are_kept() -> None:
    series = [SeriesPoints({"job": "web"}, [(100.0, math.nan), (101.0, 0.0), (102.0, math.inf)]), SeriesPoints({}, [])]
    found = asked(metric(), Sources(Metrics(series), span=SPAN))
    assert found.series == [SeriesPoints({"job": "web"}, [(101.0, 0.0)])]


def test_no_lines_are_no_data() -> None:
    assert asked(lines(), Sources(logs=Logs(), span=SPAN)).state == EMPTY


@pytest.mark.parametrize(
    "target, sources",
    [
        (metric(), Sources(Metrics(BackendError("no such function")), span=SPAN)),
        (lines(), Sources(logs=Logs(error=BackendError("no such function")), span=SPAN)),
    ],
    ids=["metrics", "logs"],
)
def test_a_query_that_cannot_be_answered_is_refused_with_the_reason(target: Target, sources: Sources) -> None:
    found = asked(target, sources)
    assert (found.state, found.reason, list(found.series)) == (REFUSED, "no such function", [])


@pytest.mark.parametrize(
    "target, reason",
    [
        (metric(), "there is no Prometheus"),
        (lines(), "logs are not shipped here (--with elasticsearch)"),
        (Target("A", "loki", "{}"), "data sources of the kind 'loki' are not asked"),
        (Target("A", "", ""), "data sources of the kind '' are not asked"),
    ],
    ids=["prometheus", "elasticsearch", "another", "none"],
)
def test_without_a_source_nothing_is_asked(target: Target, reason: str) -> None:
    found = asked(target, Sources(span=SPAN))
    assert (found.state, found.reason) == (UNASKED, reason)


def test_of_metrics_that_nobody_counts_nothing_is_asked() -> None:
    metrics = Metrics([SERIES])
    sources = Sources(metrics, span=SPAN, absent={"ship_": "nothing is shipped"})
    found = asked(metric("rate(ship_lines_total[1m])"), sources)
    assert (found.state, found.reason, metrics.asked) == (UNASKED, "nothing is shipped", [])
    assert asked(metric("rate(lines_total[1m])"), sources).state == ANSWERED


def test_each_query_of_a_panel_has_its_own_result() -> None:
    (seen,) = ask([dashboard(metric(), lines(), metric("down"))], Sources(Metrics([SERIES]), span=SPAN))
    assert [each.state for each in seen.results] == [ANSWERED, UNASKED, ANSWERED]
    assert seen.name == "Page / Rate"


def test_panels_come_in_order() -> None:
    panels = [Panel(number, str(number), "", "text") for number in range(3)]
    pages = [Dashboard(name, name, name, "", panels) for name in ("a", "b")]
    assert [each.name for each in ask(pages, Sources(span=SPAN))] == [
        "a / 0",
        "a / 1",
        "a / 2",
        "b / 0",
        "b / 1",
        "b / 2",
    ]


@pytest.mark.parametrize(
    "template, labels, name",
    [
        ("{{job}} at {{ route }}", {"job": "web", "route": "/a"}, "web at /a"),
        ("{{job}}: {{absent}}", {"job": "web"}, "web: "),
        ("p95", {"job": "web"}, "p95"),
        ("", {"job": "web", "__name__": "up", "a": "b"}, "a=b, job=web"),
        ("__auto", {"job": "web"}, "job=web"),
        ("__auto", {"__name__": "up"}, "up"),
        ("__auto", {}, "value"),
        ("", {}, "value"),
    ],
)
def test_a_series_is_called_by_its_template_or_by_its_labels(template: str, labels: dict[str, str], name: str) -> None:
    assert legend(Target("A", "prometheus", "up", legend=template), labels) == name


def test_a_source_that_does_not_answer_is_not_waited_for_again() -> None:
    metrics, logs = Metrics(Unreachable("gone")), Logs(documents=[LINE])
    pages = [dashboard(metric("a"), lines(), metric("b")), dashboard(metric("c"))]
    results = [each for seen in ask(pages, Sources(metrics, logs, SPAN)) for each in seen.results]
    assert [each.state for each in results] == [SILENT, ANSWERED, SILENT, SILENT]
    assert {each.reason for each in results if each.state == SILENT} == {"gone"}
    assert [asked[0] for asked in metrics.asked] == ["a"]
