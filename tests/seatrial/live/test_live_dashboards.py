from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from seatrial.alerts.spec import AlertsFile
from seatrial.backends.errors import Unreachable
from seatrial.backends.prometheus import SeriesPoints
from seatrial.errors import ConfigError
from seatrial.live.dashboards import FRESH_SECONDS, STEPS, LiveDashboards
from seatrial.objectives.objective import Objective, Place
from seatrial.panels.asking import Sources
from seatrial.panels.variables import Span
from seatrial.project.fleet import Fleet, Service
from seatrial.project.project import Hooks, Project
from seatrial.project.telemetry import Telemetry

BARE = Project(
    file=Path("/p/seatrial.yml"),
    fleet=Fleet(name="f", entry="a", services={"a": Service(command=("x",), port=1)}),
    telemetry=Telemetry(),
    hooks=Hooks(),
)
PROMISING = replace(BARE, objectives=(Objective("web", "available", 0.99, Place(Path("slo.yml"), 1)),))
UP = {"id": 1, "type": "stat", "title": "Up", "targets": [{"refId": "A", "expr": "up"}]}


@dataclass
class Clock:
    """Goes on when told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Server:
    """A Prometheus that fires and burns as told, and keeps what it was asked."""

    firing: list[dict[str, Any]] = field(default_factory=list)
    burning: list[SeriesPoints] = field(default_factory=list)
    dead: bool = False
    asked: list[tuple[str, float]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def query(self, expression: str, at: float) -> list[SeriesPoints]:
        self._answer()
        self.asked.append((expression, at))
        return self.burning

    def alerts(self) -> list[dict[str, Any]]:
        self._answer()
        return self.firing

    def query_range(self, expression: str, begin: float, end: float, step: float) -> list[SeriesPoints]:
        self._answer()
        self.spans.append(Span(begin, end, step))
        return [SeriesPoints({"of": expression}, [(end, 1.0)])]

    def sources(self, span: Span) -> Sources:
        return Sources(self, span=span)

    def _answer(self) -> None:
        if self.dead:
            raise Unreachable("Prometheus at http://p does not answer")


def alert(name: str, severity: str = "page", state: str = "firing", summary: str = "", **labels: str) -> dict[str, Any]:
    return {
        "state": state,
        "labels": {"alertname": name, "severity": severity, **labels},
        "annotations": {"summary": summary},
    }


def burn(service: str, slo: str, *values: float) -> SeriesPoints:
    return SeriesPoints({"sloth_service": service, "sloth_slo": slo}, [(1000.0, value) for value in values])


def live(project: Project, server: Server | None = None, clock: Clock | None = None) -> LiveDashboards:
    made = LiveDashboards(project, clock or Clock())
    if server is not None:
        made.begin(server, server.sources)
    return made


def promises(made: LiveDashboards) -> list[dict[str, Any]]:
    document = made.document("")
    assert document is not None
    return document["promises"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """With the dashboards `one` and `two`."""
    folder = tmp_path / "grafana" / "dashboards"
    folder.mkdir(parents=True)
    for name, title in (("two", "The second"), ("one", "The first")):
        (folder / f"{name}.json").write_text(json.dumps({"title": title, "panels": [UP]}), encoding="utf-8")
    return replace(BARE, grafana=folder.parent)


# Dashboards


def test_titles_are_of_the_files_in_their_order(project: Project) -> None:
    assert live(project).titles == [{"name": "one", "title": "The first"}, {"name": "two", "title": "The second"}]


def test_a_project_without_dashboards_has_no_titles() -> None:
    assert live(BARE).titles == []


def test_a_file_that_is_no_dashboard_is_refused(project: Project) -> None:
    assert project.dashboards is not None
    (project.dashboards / "bad.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"bad\.json"):
        live(project)


def test_a_name_that_there_is_not_gives_none(project: Project) -> None:
    server = Server()
    assert live(project, server).document("three") is None
    assert server.spans == []


def test_without_a_name_there_are_promises_alone(project: Project) -> None:
    server = Server()
    assert live(project, server).document("") == {"promises": [], "dashboard": None}
    assert server.spans == []


def test_a_dashboard_is_drawn_by_its_name(project: Project) -> None:
    document = live(project, Server()).document("two")
    assert document is not None
    assert (document["dashboard"]["name"], document["dashboard"]["title"]) == ("two", "The second")
    assert document["dashboard"]["rows"][0]["panels"][0]["value"] == 1.0


@pytest.mark.parametrize(
    "seconds, begin", [(0.0, 985.0), (10.5, 995.0), (100.0, 1000.0), (900.0, 1000.0), (1000.9, 1100.0)]
)
def test_what_is_seen_is_what_came_since_the_stack_is_up_within_bounds(
    seconds: float, begin: float, project: Project
) -> None:
    server, clock = Server(), Clock()
    made = live(project, server, clock)
    clock.now += seconds
    made.document("one")
    assert (server.spans[0].begin, server.spans[0].end) == (begin, float(int(1000.0 + seconds)))


def test_before_the_stack_is_up_nothing_is_known(project: Project) -> None:
    document = live(project).document("one")
    assert document is not None
    assert document["dashboard"]["rows"][0]["panels"][0]["note"] == "Not known: there is no Prometheus."


def test_a_dead_prometheus_is_noted_in_each_panel(project: Project) -> None:
    document = live(project, Server(dead=True)).document("one")
    assert document is not None
    note = document["dashboard"]["rows"][0]["panels"][0]["note"]
    assert note == "Not known: Prometheus at http://p does not answer."


# Many pages


def test_many_pages_ask_no_more_than_one(project: Project) -> None:
    server, clock = Server(), Clock()
    made = live(project, server, clock)
    first = made.document("one")
    clock.now += FRESH_SECONDS
    assert made.document("one") is first
    assert len(server.spans) == 1


def test_what_is_no_longer_fresh_is_asked_anew(project: Project) -> None:
    server, clock = Server(), Clock()
    made = live(project, server, clock)
    made.document("one")
    clock.now += FRESH_SECONDS + 0.1
    made.document("one")
    assert len(server.spans) == 2


def test_each_dashboard_is_kept_for_itself(project: Project) -> None:
    server = Server()
    made = live(project, server)
    names = ["one", "two", "one", "two"]
    shown = [document["dashboard"]["name"] for name in names if (document := made.document(name))]
    assert (shown, len(server.spans)) == (names, 2)


# Promises


@pytest.mark.parametrize(
    "promising, titles",
    [
        (BARE, []),
        (replace(BARE, alerts=AlertsFile.model_construct()), ["Firing alerts"]),
        (PROMISING, ["Firing alerts", "Budgets spent, since the stack is up"]),
    ],
    ids=["nothing", "alerts", "objectives"],
)
def test_a_project_is_told_of_what_it_promises(promising: Project, titles: list[str]) -> None:
    assert [each["title"] for each in promises(live(promising, Server()))] == titles


def test_firing_alerts_are_told_without_those_that_are_for_nobody() -> None:
    server = Server(
        [
            alert("Slow", "ticket", summary="Slow.", service="web"),
            alert("Watchdog", "none"),
            alert("Soon", state="pending"),
            alert("Down", "page", summary="Down.", job="shop"),
            {"state": "firing", "labels": {"alertname": "Bare"}},
        ]
    )
    firing, _ = promises(live(PROMISING, server))
    assert [each["title"] for each in firing["columns"]] == ["severity", "alert", "service", "what"]
    assert firing["cells"] == [
        ["", "Bare", "", ""],
        ["page", "Down", "shop", "Down."],
        ["ticket", "Slow", "web", "Slow."],
    ]
    assert (firing["kind"], firing["note"]) == ("rows", "")


def test_where_nothing_fires_that_is_said() -> None:
    firing, _ = promises(live(PROMISING, Server([alert("Watchdog", "none")])))
    assert (firing["note"], firing["cells"]) == ("None fires.", [])


def test_budgets_are_told_the_most_spent_first() -> None:
    server = Server(
        burning=[
            burn("web", "quick", 0.12345),
            burn("web", "available", 1.5),
            burn("shop", "quick", 9.0, 0.8),
            burn("x", "y"),
        ]
    )
    _, budgets = promises(live(PROMISING, server))
    assert budgets["bars"] == [("web available", 1.5), ("shop quick", 0.8), ("web quick", 0.123)]
    assert (budgets["kind"], budgets["note"], budgets["steps"]) == ("bars", "", STEPS)


@pytest.mark.parametrize("seconds, window", [(0.0, 15), (10.0, 15), (100.4, 100), (5000.0, 5000)])
def test_budgets_are_of_the_time_since_the_stack_is_up(seconds: float, window: int) -> None:
    server, clock = Server(), Clock()
    made = live(PROMISING, server, clock)
    clock.now += seconds
    promises(made)
    assert server.asked == [(f"avg_over_time((slo:current_burn_rate:ratio >= 0)[{window}s:2s])", clock.now)]


def test_before_there_is_traffic_budgets_are_not_known() -> None:
    _, budgets = promises(live(PROMISING, Server()))
    assert (budgets["note"], budgets["bars"]) == ("Nothing is known yet.", [])


@pytest.mark.parametrize(
    "server, note",
    [
        (Server(dead=True), "Not known: Prometheus at http://p does not answer."),
        (None, "Not known: there is no Prometheus to ask."),
    ],
    ids=["it does not answer", "there is none"],
)
def test_where_prometheus_cannot_be_asked_that_is_noted(server: Server | None, note: str) -> None:
    found = promises(live(PROMISING, server))
    assert [each["note"] for each in found] == [note, note]
    assert not any("cells" in each or "bars" in each for each in found)


def test_promises_come_with_every_dashboard(project: Project) -> None:
    document = live(replace(project, objectives=PROMISING.objectives), Server()).document("one")
    assert document is not None
    assert len(document["promises"]) == 2
    assert document["dashboard"]["name"] == "one"


def test_a_dashboard_without_panels_is_empty(project: Project) -> None:
    assert project.dashboards is not None
    (project.dashboards / "zz.json").write_text(json.dumps({"title": "Nothing", "panels": []}), encoding="utf-8")
    found = live(project).document("zz")
    assert found is not None
    assert found["dashboard"] == {"name": "zz", "title": "Nothing", "about": "", "rows": []}
