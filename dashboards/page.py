"""Puts panels together to a dashboard: rows, variables, links, annotations, and ids that never change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard, prometheus
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as units
from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.style import METRICS, PANEL
from dashboards.subject import FIRING, Subject

GENERATED = "Generated from fleet.yml and telemetry.yml by `seatrial render`: do not edit."
# The first version of Grafana's model that knows all that is used here; later ones bring it up to date when they load it.
SCHEMA = 39
REFRESHES = ["1s", "5s", "10s", "30s", "1m", "5m"]


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a title, from left to right; what the contract gives no ground for is None."""

    title: str
    panels: Sequence[PANEL | None]


@dataclass(frozen=True, slots=True)
class Page:
    """`key` ends its uid and names its file. `jobs` is a regular expression of the jobs that can be chosen."""

    key: str
    title: str
    about: str
    rows: Sequence[Row]
    jobs: str = ""
    has_logs: bool = False


def build(subject: Subject, page: Page) -> dict[str, Any] | None:
    """Grafana's JSON of it; None where it would be empty."""
    made = dashboard.Dashboard(f"{subject.fleet.name}: {page.title}").uid(subject.uid(page.key))
    made.description(f"{page.about} {GENERATED}").tags(["seatrial", subject.fleet.name]).readonly()
    made.time("now-15m", "now").refresh("5s").timezone(units.TimeZoneBrowser)
    made.timepicker(dashboard.TimePicker().refresh_intervals(REFRESHES))
    made.tooltip(grafana.DashboardCursorSync.CROSSHAIR).link(_links(subject))
    for variable in _variables(page):
        made.with_variable(variable)
    for annotation in _annotations():
        made.annotation(annotation)
    number = 0
    for row in page.rows:
        panels = [panel for panel in row.panels if panel is not None]
        if not panels:
            continue
        number += 1
        made.with_row(dashboard.Row(row.title).id(number))
        for panel in panels:
            number += 1
            made.with_panel(panel.id(number))  # type: ignore[attr-defined] # every kind of panel has an id
    return _document(made) if number else None


def _document(made: dashboard.Dashboard) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(made.build(), cls=JSONEncoder))
    document["schemaVersion"] = SCHEMA
    return document


def _links(subject: Subject) -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Other dashboards").type(grafana.DashboardLinkType.DASHBOARDS)
    link.tags(["seatrial", subject.fleet.name]).include_vars(True).keep_time(True).as_dropdown(True)
    return link.tooltip("At the same time, of the same services")


def _variables(page: Page) -> list[Any]:
    found: list[Any] = [dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus").multi(False)]
    if page.has_logs:
        found.append(dashboard.DatasourceVariable("logs").label("Elasticsearch").type("elasticsearch").multi(False))
        found.append(dashboard.TextBoxVariable("trace").label("Trace").default_value("*"))
    if page.jobs:
        found.append(_choice("job", "Service", f'label_values(up{{job=~"{page.jobs}"}}, job)'))
        found.append(_choice("instance", "Replica", 'label_values(up{job=~"$job"}, instance)'))
    return found


def _choice(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """Any of a label's values, or all of them; looked up anew when the time range changes."""
    made = dashboard.QueryVariable(name).label(label).datasource(METRICS)
    made.query({"query": query, "refId": f"variable-{name}"})
    made.definition(query).refresh(grafana.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(
        grafana.VariableSort.ALPHABETICAL_ASC
    )
    made.multi(True).include_all(True).all_value(".+")
    return made.current(grafana.VariableOption(selected=True, text="All", value="$__all"))


def _annotations() -> list[dashboard.AnnotationQuery]:
    """What happened meanwhile: stages of a load, and alerts."""
    told = (
        ("Stages of the load", "seatrial_load_stage == 1", "{{stage}}", "blue"),
        ("Firing alerts", FIRING, "{{alertname}} {{service}}", "red"),
    )
    return [_annotation(*each) for each in told]


def _annotation(name: str, expr: str, title: str, colour: str) -> dashboard.AnnotationQuery:
    made = dashboard.AnnotationQuery().name(name).datasource(METRICS).enable(True).icon_color(colour)
    made.expr(expr).title_format(title).step("1s")
    return made.target(prometheus.Dataquery().expr(expr).ref_id(name).legend_format(title))
