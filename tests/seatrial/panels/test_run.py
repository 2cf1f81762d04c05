from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seatrial.backends.access import NOBODY
from seatrial.backends.errors import BackendError, Unreachable
from seatrial.backends.prometheus import SeriesPoints
from seatrial.checks.panels import Panels
from seatrial.panels.asking import ANSWERED, EMPTY, REFUSED, UNASKED, Result, Seen
from seatrial.panels.model import Dashboard, Panel, Target
from seatrial.panels.run import account, keep_dashboards, load_panels, see_panels, sources, span_of
from seatrial.panels.variables import Span
from seatrial.project.fleet import Fleet, Service
from seatrial.project.project import Hooks, Project
from seatrial.project.telemetry import Telemetry
from seatrial.ship.names import IndexNames
from seatrial.stacks.pipeline import Pipeline

SPAN = Span(100.0, 110.0)
PROJECT = Project(
    file=Path("/p/seatrial.yml"),
    fleet=Fleet(name="f", entry="a", services={"a": Service(command=("x",), port=1)}),
    telemetry=Telemetry(),
    hooks=Hooks(),
)
UP = {"id": 1, "type": "stat", "title": "Up", "targets": [{"refId": "A", "expr": "up"}]}
LINES = {
    "id": 2,
    "type": "logs",
    "title": "Lines",
    "datasource": {"type": "elasticsearch"},
    "targets": [{"query": "*"}],
}
SHIPPED = {"id": 3, "type": "stat", "title": "Shipped", "targets": [{"expr": "seatrial_ship_lines_read_total"}]}
NOT_SHIPPED = "logs are not shipped here (--with elasticsearch)"
HEALTHY = "Empty while all is well. `seatrial drill Errors` fills it."


class Server:
    """A Prometheus that has one series, and knows no function named `wrong`."""

    def query_range(self, expression: str, begin: float, end: float, step: float) -> list[SeriesPoints]:
        del end, step
        if "wrong" in expression:
            raise BackendError("unknown function")
        if "gone" in expression:
            raise Unreachable("Prometheus does not answer")
        return [SeriesPoints({"job": "a"}, [(begin, 1.0)])]


def see(run_dir: Path, *, span: Span | None = SPAN, server: Server | None, **other: Any) -> Panels | None:
    return see_panels(run_dir, server, other.get("pipeline"), span)  # type: ignore[arg-type]


def a_run(folder: Path, *panels: dict[str, Any]) -> Path:
    kept = folder / "metrics" / "dashboards"
    kept.mkdir(parents=True)
    (kept / "page.json").write_text(json.dumps({"title": "Page", "panels": list(panels)}), encoding="utf-8")
    return folder


def panel(*states: str, title: str = "It", about: str = "", reason: str = "") -> Seen:
    results = [Result(Target("A", "prometheus", "up"), "up", state, reason) for state in states]
    return Seen(Dashboard("page", "u", "Page", "", ()), Panel(1, title, about, "lines"), results)


# Keeping


def test_only_dashboards_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "grafana" / "dashboards"
    folder.mkdir(parents=True)
    for name in ("a.json", "b.json", "README.md", "a.json.orig"):
        (folder / name).write_text(name, encoding="utf-8")
    keep_dashboards(replace(PROJECT, grafana=folder.parent), tmp_path / "metrics")
    kept = tmp_path / "metrics" / "dashboards"
    assert {each.name: each.read_text() for each in kept.iterdir()} == {"a.json": "a.json", "b.json": "b.json"}


@pytest.mark.parametrize("named", [True, False], ids=["a folder that is not there", "no folder"])
def test_without_dashboards_nothing_is_kept(*, named: bool, tmp_path: Path) -> None:
    keep_dashboards(replace(PROJECT, grafana=tmp_path / "grafana" if named else None), tmp_path / "metrics")
    assert list(tmp_path.iterdir()) == []


# Seeing


def test_without_dashboards_nothing_is_said(tmp_path: Path) -> None:
    assert see(tmp_path, server=Server()) is None
    assert load_panels(tmp_path) == []


@pytest.mark.parametrize(
    "span, server, obstacle",
    [
        (None, Server(), "no load was driven, so there is nothing to show"),
        (SPAN, None, "there is no Prometheus"),
    ],
    ids=["no load", "no Prometheus"],
)
def test_what_cannot_be_seen_has_an_obstacle(
    span: Span | None, server: Server | None, obstacle: str, tmp_path: Path
) -> None:
    assert see(a_run(tmp_path, UP), span=span, server=server) == Panels(obstacle=obstacle)
    assert not (tmp_path / "metrics" / "panels.json").exists()


def test_what_was_seen_is_kept_for_the_report(tmp_path: Path) -> None:
    assert see(a_run(tmp_path, UP), server=Server()) == Panels(asked=1, answered=1)
    document = json.loads((tmp_path / "metrics" / "panels.json").read_text(encoding="utf-8"))
    assert (document["schema"], document["begin"]) == (1, 100.0)
    assert document["dashboards"] == load_panels(tmp_path)
    (shown,) = load_panels(tmp_path)[0]["rows"][0]["panels"]
    assert (shown["title"], shown["value"]) == ("Up", 1.0)


def test_a_query_that_is_wrong_is_refused_by_its_panels_name(tmp_path: Path) -> None:
    wrong = {"type": "stat", "title": "Wrong", "targets": [{"expr": "wrong(up)"}]}
    found = see(a_run(tmp_path, wrong, UP), server=Server())
    assert found == Panels(asked=2, answered=1, refused={"Page / Wrong": "unknown function"})


@pytest.mark.parametrize("obstacle", ["", "no Elasticsearch was found"], ids=["no pipeline", "a pipeline that is not"])
def test_without_shipped_logs_neither_they_nor_the_shipper_are_asked(obstacle: str, tmp_path: Path) -> None:
    pipeline = Pipeline("http://127.0.0.1:1", IndexNames.of("f"), NOBODY, tmp_path, "", obstacle=obstacle)
    found = see(a_run(tmp_path, UP, LINES, SHIPPED), server=Server(), pipeline=pipeline if obstacle else None)
    assert found == Panels(asked=1, answered=1, unasked={NOT_SHIPPED: 2})


def test_where_logs_are_shipped_nothing_is_absent(tmp_path: Path) -> None:
    pipeline = Pipeline("http://127.0.0.1:1", IndexNames.of("f"), NOBODY, tmp_path, "")
    found = sources(None, pipeline.documents(), SPAN)
    assert found.logs is not None
    assert (found.span, found.absent) == (SPAN, {})


# Accounting


def test_queries_are_counted_by_what_came_of_them() -> None:
    found = account([panel(ANSWERED, ANSWERED), panel(), panel(ANSWERED)])
    assert found == Panels(asked=3, answered=3)


@pytest.mark.parametrize("states", [(EMPTY,), (EMPTY, EMPTY), (ANSWERED, EMPTY), (EMPTY, REFUSED), (UNASKED, EMPTY)])
def test_a_panel_is_empty_where_one_of_its_queries_is(states: tuple[str, ...]) -> None:
    assert account([panel(*states)]).empty == ("Page / It",)


def test_panels_that_are_wholly_empty_are_named_first() -> None:
    found = account(
        [panel(ANSWERED, EMPTY, title="partly"), panel(EMPTY, title="wholly"), panel(ANSWERED, title="full")]
    )
    assert found.empty == ("Page / wholly", "Page / partly")
    assert (found.asked, found.answered) == (4, 2)


@pytest.mark.parametrize("about, drill", [(HEALTHY, "Errors"), ("Empty while all is well.", "")])
def test_a_panel_that_is_empty_in_health_is_quiet(about: str, drill: str) -> None:
    found = account([panel(EMPTY, about=about)])
    assert (found.empty, found.quiet) == ((), {"Page / It": drill})


def test_a_panel_that_is_partly_empty_in_health_is_neither_empty_nor_quiet() -> None:
    found = account([panel(ANSWERED, EMPTY, about=HEALTHY)])
    assert (found.empty, found.quiet) == ((), {})


def test_a_refusal_is_told_with_its_reason() -> None:
    found = account([panel(REFUSED, title="bad", reason="no such function"), panel(ANSWERED)])
    assert (found.refused, found.asked, found.answered) == ({"Page / bad": "no such function"}, 2, 1)


def test_what_was_not_asked_is_counted_by_its_reason() -> None:
    found = account([panel(UNASKED, UNASKED, reason="one"), panel(UNASKED, reason="two"), panel(ANSWERED)])
    assert found == Panels(asked=1, answered=1, unasked={"one": 2, "two": 1})


# Spans


@pytest.mark.parametrize("interval, seconds", [("15s", 15.0), ("2s", 2.0), ("200ms", 1.0)])
def test_a_span_has_the_steps_of_the_projects_scrapes(interval: str, seconds: float, tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_text(f"global: {{scrape_interval: {interval}}}", encoding="utf-8")
    assert span_of(replace(PROJECT, prometheus=tmp_path), 5.0, 9.0) == Span(5.0, 9.0, seconds)


def test_a_project_without_a_prometheus_is_seen_every_second() -> None:
    assert span_of(PROJECT, 5.0, 9.0) == Span(5.0, 9.0, 1.0)


def test_where_prometheus_is_gone_nothing_is_said_of_its_panels(tmp_path: Path) -> None:
    gone = {"id": 9, "type": "stat", "title": "Gone", "targets": [{"refId": "A", "expr": "gone"}]}
    assert see(a_run(tmp_path, UP, gone), server=Server()) == Panels(obstacle="Prometheus does not answer")
