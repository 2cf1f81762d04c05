"""What the page shows of the project's dashboards, alerts and budgets: asked when a page asks, and of one dashboard at a time.

Owns how far back is looked, and that many pages cost no more than one. Leaves asking and drawing to seatrial.panels.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from seatrial.backends.errors import BackendError
from seatrial.backends.prometheus import SeriesPoints
from seatrial.panels.asking import Sources, ask
from seatrial.panels.model import Dashboard, read_dashboards
from seatrial.panels.picture import pictures, without_panels
from seatrial.panels.run import span_of
from seatrial.panels.variables import Span
from seatrial.project.project import Project

LONGEST_SECONDS = 900.0
SHORTEST_SECONDS = 15.0
FRESH_SECONDS = 1.5
SECONDS_APART = 2
BURNING = "slo:current_burn_rate:ratio"
STEPS = [(None, "green"), (0.8, "orange"), (1.0, "red")]


class Told(Protocol):
    """As much of a Prometheus as is asked here."""

    def query(self, expression: str, at: float) -> list[SeriesPoints]:
        """Values of one moment. Raises BackendError."""

    def alerts(self) -> list[dict[str, Any]]:
        """What is pending or fires. Raises BackendError."""


class LiveDashboards:
    """Nothing is known before `begin`; safe for threads. Raises ConfigError for a file that is no dashboard."""

    def __init__(self, project: Project, clock: Callable[[], float] = time.time) -> None:
        self._project, self._clock = project, clock
        self._dashboards = {each.name: each for each in read_dashboards(project.dashboards)}
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}
        self._began = clock()
        self._told: Told | None = None
        self._sources: Callable[[Span], Sources] = lambda span: Sources(span=span)

    @property
    def titles(self) -> list[dict[str, str]]:
        """Each dashboard's name and title."""
        return [{"name": each.name, "title": each.title} for each in self._dashboards.values()]

    def begin(self, told: Told | None, sources: Callable[[Span], Sources]) -> None:
        """The stack is up: `sources` says where panels of a span of time get their data."""
        self._told, self._sources, self._began = told, sources, self._clock()

    def document(self, name: str) -> dict[str, Any] | None:
        """The dashboard of that name, with alerts and budgets; without a name these alone. None for a name that there is not."""
        if name and name not in self._dashboards:
            return None
        with self._lock:
            asked, kept = self._kept.get(name, (float("-inf"), {}))
            if self._clock() - asked > FRESH_SECONDS:
                kept = {"promises": self._promises(), "dashboard": self._draw(self._dashboards.get(name))}
                self._kept[name] = (self._clock(), kept)
            return kept

    def _draw(self, dashboard: Dashboard | None) -> dict[str, Any] | None:
        if dashboard is None:
            return None
        end = float(int(self._clock()))
        begin = max(end - LONGEST_SECONDS, min(float(int(self._began)), end - SHORTEST_SECONDS))
        span = span_of(self._project, begin, end)
        drawn = pictures(ask([dashboard], self._sources(span)), span)
        return drawn[0] if drawn else without_panels(dashboard)

    def _promises(self) -> list[dict[str, Any]]:
        """Firing alerts and budgets as panels, as far as the project has such."""
        found: list[dict[str, Any]] = []
        if self._project.alerts is not None or self._project.objectives:
            found.append(_panel("Firing alerts", "rows", self._firing))
        if self._project.objectives:
            found.append(_panel("Budgets spent, since the stack is up", "bars", self._budgets))
        return found

    def _firing(self) -> dict[str, Any]:
        firing = [each for each in self._asked().alerts() if each.get("state") == "firing"]
        cells = [row for each in firing if (row := _row(each))[0] != "none"]
        titles = ("severity", "alert", "service", "what")
        note = "" if cells else "None fires."
        return {"note": note, "columns": [{"title": title, "unit": ""} for title in titles], "cells": sorted(cells)}

    def _budgets(self) -> dict[str, Any]:
        """At 1, all of a budget would be spent at the end of its period."""
        now = self._clock()
        seconds = max(SHORTEST_SECONDS, now - self._began)
        # Without traffic there is no rate, only 0 / 0, which the comparison leaves out.
        series = self._asked().query(f"avg_over_time(({BURNING} >= 0)[{round(seconds)}s:{SECONDS_APART}s])", now)
        bars = [(_objective(each.labels), round(each.points[-1][1], 3)) for each in series if each.points]
        note = "" if bars else "Nothing is known yet."
        return {"note": note, "bars": sorted(bars, key=lambda each: -each[1]), "steps": STEPS}

    def _asked(self) -> Told:
        if self._told is None:
            raise BackendError("there is no Prometheus to ask")
        return self._told


def _panel(title: str, kind: str, ask_for: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """As picture.py has it; what could not be asked is its note."""
    made = {"id": 0, "title": title, "about": "", "kind": kind, "unit": "short", "width": 12}
    try:
        return made | ask_for()
    except BackendError as error:
        return made | {"note": f"Not known: {error}."}


def _row(alert: dict[str, Any]) -> Sequence[str]:
    labels, annotations = alert.get("labels") or {}, alert.get("annotations") or {}
    service = labels.get("service") or labels.get("job") or ""
    return [labels.get("severity", ""), labels.get("alertname", ""), service, annotations.get("summary", "")]


def _objective(labels: dict[str, str]) -> str:
    return f"{labels.get('sloth_service', '')} {labels.get('sloth_slo', '')}"
