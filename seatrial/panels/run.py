"""The panels of one run: the dashboards that it began with, asked about its load, and kept for its report."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from seatrial.backends.elasticsearch import Documents
from seatrial.backends.prometheus import Prometheus
from seatrial.checks.panels import Panels
from seatrial.observed import scrape_interval
from seatrial.panels.asking import ANSWERED, EMPTY, NO_SOURCE, REFUSED, SILENT, UNASKED, Seen, Sources, ask
from seatrial.panels.elastic import Searched
from seatrial.panels.model import ELASTICSEARCH, read_dashboards
from seatrial.panels.picture import pictures
from seatrial.panels.variables import Span
from seatrial.project.project import DASHBOARDS, Project
from seatrial.run_folder import read_json, write_json
from seatrial.stacks.pipeline import Pipeline

SCHEMA = 1
FILE = "panels.json"
# The shipper's own metrics are there when it is.
SHIPPED = "seatrial_ship_"


def keep_dashboards(project: Project, metrics: Path) -> None:
    """Copy them into the run's folder, which thereby shows what was asked; nothing without any."""
    if project.dashboards is not None and project.dashboards.is_dir():
        shutil.copytree(
            project.dashboards,
            metrics / DASHBOARDS,
            ignore=lambda _, names: [each for each in names if not each.endswith(".json")],
        )


def see_panels(
    run_dir: Path, prometheus: Prometheus | None, pipeline: Pipeline | None, span: Span | None
) -> Panels | None:
    """Ask all of them over `span`, and keep what they show; None without dashboards. Raises ConfigError."""
    dashboards = read_dashboards(run_dir / "metrics" / DASHBOARDS)
    if not dashboards:
        return None
    if span is None:
        return Panels(obstacle="no load was driven, so there is nothing to show")
    if prometheus is None:
        return Panels(obstacle=NO_SOURCE["prometheus"])
    seen = ask(dashboards, sources(prometheus, shipped(pipeline), span))
    write_json(run_dir / "metrics" / FILE, {"schema": SCHEMA, "begin": span.begin, "dashboards": pictures(seen, span)})
    return account(seen)


def load_panels(run_dir: Path) -> list[dict[str, Any]]:
    """What a run's panels showed, by dashboard; none where nothing was kept."""
    return list((read_json(run_dir / "metrics" / FILE) or {}).get("dashboards", ()))


def shipped(pipeline: Pipeline | None) -> Documents | None:
    """The documents of a pipeline that works."""
    return pipeline.documents() if pipeline and not pipeline.obstacle else None


def sources(prometheus: Prometheus | None, documents: Documents | None, span: Span) -> Sources:
    """Of a stack as it stands; `documents` are its log lines, None where they are not shipped."""
    logs = Searched(documents) if documents else None
    absent = {} if logs else {SHIPPED: NO_SOURCE[ELASTICSEARCH]}
    return Sources(prometheus, logs, span, absent)


def span_of(project: Project, begin: float, end: float) -> Span:
    """That time, in the steps of the project's scrapes."""
    return Span(begin, end, max(1.0, scrape_interval(project.prometheus)))


def account(seen: list[Seen]) -> Panels:
    """In numbers, and by name what is amiss."""
    results = [(each, result) for each in seen for result in each.results]
    if silent := [result.reason for _, result in results if result.state == SILENT]:
        return Panels(obstacle=silent[0])
    empty = [each for each in seen if each.results and all(result.state == EMPTY for result in each.results)]
    partly = [each for each, result in results if result.state == EMPTY and each not in empty]
    return Panels(
        asked=sum(result.state != UNASKED for _, result in results),
        answered=sum(result.state == ANSWERED for _, result in results),
        refused={each.name: result.reason for each, result in results if result.state == REFUSED},
        empty=tuple(dict.fromkeys(each.name for each in [*empty, *partly] if not each.panel.may_be_empty)),
        quiet={each.name: each.panel.drill for each in empty if each.panel.may_be_empty},
        unasked=dict(Counter(result.reason for _, result in results if result.state == UNASKED)),
    )
