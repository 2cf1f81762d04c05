"""Asks every query of a panel over a span of time, and says what came of each. Nothing that is amiss raises."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from seatrial.backends.errors import BackendError, Unreachable
from seatrial.backends.prometheus import SeriesPoints
from seatrial.panels.model import ELASTICSEARCH, PROMETHEUS, Dashboard, Panel, Target
from seatrial.panels.variables import Span, expanded

ANSWERED, EMPTY, REFUSED, UNASKED, SILENT = "answered", "empty", "refused", "not asked", "silent"
NO_SOURCE = {
    PROMETHEUS: "there is no Prometheus",
    ELASTICSEARCH: "logs are not shipped here (--with elasticsearch)",
}
_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")
AUTO = "__auto"


class Metrics(Protocol):
    """As much of a Prometheus as is asked."""

    def query_range(self, expression: str, begin: float, end: float, step: float) -> list[SeriesPoints]:
        """Values at each step. Raises BackendError."""


class Logs(Protocol):
    """As much of an Elasticsearch as is asked."""

    def ask(self, target: Target, query: str, span: Span) -> tuple[list[SeriesPoints], list[dict[str, Any]]]:
        """Series, or documents. Raises BackendError."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one query: ANSWERED, EMPTY, REFUSED, UNASKED or SILENT (its source does not answer), and why. `series` have no value that is not a number."""

    target: Target
    query: str
    state: str
    reason: str = ""
    series: Sequence[SeriesPoints] = ()
    documents: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A panel with what its queries gave."""

    dashboard: Dashboard
    panel: Panel
    results: Sequence[Result]

    @property
    def name(self) -> str:
        """As people are told of it."""
        return f"{self.dashboard.title} / {self.panel.title}"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where panels get their data, None where there is none; `absent` are prefixes of metrics that nobody counts here, and why."""

    metrics: Metrics | None = None
    logs: Logs | None = None
    span: Span = field(default_factory=lambda: Span(0.0, 1.0))
    absent: Mapping[str, str] = field(default_factory=dict)

    def lack(self, query: str) -> str:
        """Why nothing can be known of a query; empty when it can."""
        return next((reason for prefix, reason in self.absent.items() if prefix in query), "")


def ask(dashboards: Sequence[Dashboard], sources: Sources) -> list[Seen]:
    """Every panel, in order. A source that does not answer once is not waited for again."""
    silent: dict[str, str] = {}
    return [
        Seen(dashboard, panel, [_result(each, dashboard.variables, sources, silent) for each in panel.targets])
        for dashboard in dashboards
        for panel in dashboard.panels
    ]


def _result(target: Target, variables: Mapping[str, str], sources: Sources, silent: dict[str, str]) -> Result:
    query = expanded(target.query, variables, sources.span)
    if target.source in silent:
        return Result(target, query, SILENT, silent[target.source])
    try:
        return _asked(target, query, sources)
    except Unreachable as error:
        silent[target.source] = str(error)
        return Result(target, query, SILENT, str(error))
    except BackendError as error:
        return Result(target, query, REFUSED, str(error))


def _asked(target: Target, query: str, sources: Sources) -> Result:
    """Raises BackendError."""
    span = sources.span
    if target.source == PROMETHEUS and sources.metrics is not None:
        if lack := sources.lack(query):
            return Result(target, query, UNASKED, lack)
        found = sources.metrics.query_range(query, span.begin, span.end, span.step)
        series = [known for each in found if (known := _known(each)).points]
        return Result(target, query, ANSWERED if series else EMPTY, series=series)
    if target.source == ELASTICSEARCH and sources.logs is not None:
        series, documents = sources.logs.ask(target, query, span)
        return Result(target, query, ANSWERED if series or documents else EMPTY, series=series, documents=documents)
    return Result(
        target,
        query,
        UNASKED,
        NO_SOURCE.get(target.source, f"data sources of the kind {target.source!r} are not asked"),
    )


def _known(series: SeriesPoints) -> SeriesPoints:
    """0 / 0 is no data, nor is what lies beyond the last bucket."""
    return SeriesPoints(series.labels, [point for point in series.points if math.isfinite(point[1])])


def legend(target: Target, labels: Mapping[str, str]) -> str:
    """What a series is called."""
    if target.legend and target.legend != AUTO:
        return _LABEL.sub(lambda found: labels.get(found[1], ""), target.legend)
    shown = [f"{name}={value}" for name, value in sorted(labels.items()) if name != "__name__"]
    return ", ".join(shown) or labels.get("__name__", "") or "value"
