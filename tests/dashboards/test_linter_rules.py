"""The rules that Grafana's dashboard-linter states, which cannot be had where these tests run, as tests of our own.

Source: https://github.com/grafana/dashboard-linter/tree/main/docs/rules. Exceptions are data with their reasons, as in its `.lint` files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from boards import ALL, SAMPLE, Board, boards, named

from seatrial.objectives.promql import NotPromql, read
from seatrial.panels.variables import Span, expanded

Rule = Callable[[Board], Iterator[str]]
SPAN = Span(0.0, 60.0)
# https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts, as far as they are used here.
UNITS = {"reqps", "percentunit", "s", "short", "decbytes"}
WITHOUT_UNIT = {"table", "text", "state-timeline", "nodeGraph", "logs"}
# Of these there is one instance, or none that a label would tell.
ONE_SERIES = re.compile(
    r"seatrial_load_|seatrial_ship_|slo:|ALERTS|prometheus_|alertmanager_|go_memstats|"
    r"job=\"(?!seatrial-load)|^up$|^max\(scrape_duration|^scrape_|^avg\(up\{job!="
)
COUNTER = re.compile(r"_total$|_(count|sum|bucket)$")
NO_CHOICE = {
    "3-journeys": "its series are the load's, which is one, and the entry's",
    "4-load": "its series are the load's, which is one",
    "5-logs": "its series are the shipper's, which is one, and Elasticsearch's",
    "6-alerts": "alerts are of all services, and of none",
    "7-prometheus": "it is about all targets",
}


def queries(board: Board) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for panel in board.panels:
        for target in panel.get("targets") or []:
            if "expr" in target:
                yield panel, target


def sent(board: Board, expr: str) -> str:
    return expanded(expr, dict.fromkeys(board.variables, ".+"), SPAN)


def template_datasource(board: Board) -> Iterator[str]:
    found = board.variables.get("datasource")
    if not found or (found["type"], found["query"]) != ("datasource", "prometheus"):
        yield "there is no variable `datasource` of the type prometheus"


def template_job_and_instance(board: Board) -> Iterator[str]:
    for name in () if board.name in NO_CHOICE else ("job", "instance"):
        found = board.variables.get(name)
        if found is None:
            yield f"there is no variable `{name}`"
        elif not (found["multi"] and found["includeAll"] and found["allValue"] == ".+" and found["label"]):
            yield f"`{name}` must have a label, take several, and offer all as .+"


def template_label_promql(board: Board) -> Iterator[str]:
    for name, found in board.variables.items():
        if found["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", found["query"]["query"])
            if asked is None:
                yield f"`{name}` does not ask for a label's values"
            else:
                read(sent(board, asked[1]))


def template_on_time_change_reload(board: Board) -> Iterator[str]:
    for name, found in board.variables.items():
        if found["type"] == "query" and found["refresh"] != 2:
            yield f"`{name}` is not looked up anew when the time range changes"


def template_uneditable(board: Board) -> Iterator[str]:
    if board.document["editable"] is not False:
        yield "it can be edited, which the next rendering would undo"


def panel_datasource(board: Board) -> Iterator[str]:
    for panel in board.panels:
        if panel["type"] != "text" and panel["datasource"]["uid"] not in {"${datasource}", "${logs}"}:
            yield f"{panel['title']} asks {panel['datasource']}"


def panel_title_description(board: Board) -> Iterator[str]:
    for panel in board.panels:
        if not panel.get("title") or len(panel.get("description", "")) < 6:
            yield f"panel {panel['id']} has no title or no description"


def panel_units(board: Board) -> Iterator[str]:
    for panel in board.panels:
        unit = panel.get("fieldConfig", {}).get("defaults", {}).get("unit")
        if panel["type"] not in WITHOUT_UNIT and unit not in UNITS:
            yield f"{panel['title']} has the unit {unit}"


def panel_no_targets(board: Board) -> Iterator[str]:
    for panel in board.panels:
        if panel["type"] != "text" and not panel.get("targets"):
            yield f"{panel['title']} asks nothing"


def target_promql(board: Board) -> Iterator[str]:
    for panel, target in queries(board):
        try:
            read(sent(board, target["expr"]))
        except NotPromql as error:
            yield f"{panel['title']}: {error}"


def target_rate_interval(board: Board) -> Iterator[str]:
    for panel, target in queries(board):
        for window in re.findall(r"rate\([^\[]*\[([^\]]*)\]", target["expr"]):
            if window != "$__rate_interval":
                yield f"{panel['title']} takes a rate over {window}"


def target_counter_agg(board: Board) -> Iterator[str]:
    for panel, target in queries(board):
        for selector in read(sent(board, target["expr"])).selectors:
            within = rf"(rate|increase)\({re.escape(selector.metric)}(\{{[^}}]*\}})?\["
            if COUNTER.search(selector.metric) and not re.search(within, target["expr"]):
                yield f"{panel['title']} shows {selector.metric} without a rate"


def target_job_and_instance(board: Board) -> Iterator[str]:
    for panel, target in queries(board):
        for name in ("job", "instance"):
            if f'{name}=~"${name}"' not in target["expr"] and not ONE_SERIES.search(target["expr"]):
                yield f"{panel['title']} does not follow the choice of `{name}`"


RULES: list[Rule] = [
    template_datasource,
    template_job_and_instance,
    template_label_promql,
    template_on_time_change_reload,
    template_uneditable,
    panel_datasource,
    panel_title_description,
    panel_units,
    panel_no_targets,
    target_promql,
    target_rate_interval,
    target_counter_agg,
    target_job_and_instance,
]


@pytest.mark.parametrize("board", ALL, ids=named)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_it_is_kept(rule: Rule, board: Board) -> None:
    assert list(rule(board)) == []


def without(key: str) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["panels"][1].pop(key)


def asking(expr: str) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["panels"][1]["targets"][0].update(expr=expr)


def variable(place: int, **changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["templating"]["list"][place].update(changes)


BROKEN: list[tuple[Rule, Callable[[dict[str, Any]], None]]] = [
    (template_datasource, variable(0, name="source")),
    (template_job_and_instance, variable(1, multi=False)),
    (template_job_and_instance, variable(2, allValue=None)),
    (template_label_promql, variable(1, query={"query": "label_names()"})),
    (template_on_time_change_reload, variable(2, refresh=1)),
    (template_uneditable, lambda document: document.update(editable=True)),
    (panel_datasource, lambda document: document["panels"][1].update(datasource={"uid": "prometheus"})),
    (panel_title_description, without("description")),
    (panel_units, lambda document: document["panels"][1]["fieldConfig"]["defaults"].update(unit="requests")),
    (panel_no_targets, lambda document: document["panels"][1].update(targets=[])),
    (target_promql, asking("sum(")),
    (target_rate_interval, asking('rate(x_total{job=~"$job", instance=~"$instance"}[5m])')),
    (target_counter_agg, asking('x_total{job=~"$job", instance=~"$instance"}')),
    (target_job_and_instance, asking("x")),
]


@pytest.mark.parametrize("rule, spoil", BROKEN, ids=[rule.__name__ for rule, _ in BROKEN])
def test_it_is_seen_when_it_is_broken(rule: Rule, spoil: Callable[[dict[str, Any]], None]) -> None:
    whole = boards(SAMPLE)[0]
    document = deepcopy(whole.document)
    spoil(document)
    assert list(rule(whole)) == []
    assert list(rule(whole._replace(document=document))) != []
