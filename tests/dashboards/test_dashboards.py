"""What every fleet's dashboards have in common, and what each fleet's are made of."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from boards import ALL, BARE, FOREIGN, ROOT, SAMPLE, Board, boards, named, project
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as grafana

from seatrial.alerts import components
from seatrial.alerts.components import with_components
from seatrial.load.gauges import Gauges as LoadGauges
from seatrial.objectives.contract import query_faults
from seatrial.panels.model import EMPTY, UNBORN, parse
from seatrial.panels.variables import Span, expanded
from seatrial.render.dashboards import dashboards as told
from seatrial.ship.gauges import Gauges as ShipGauges

# What Prometheus makes of rules; no metric of anybody's contract.
MADE = re.compile(r"slo:\w+:ratio|ALERTS")
SPAN = Span(0.0, 60.0)


def exprs(board: Board) -> list[str]:
    return [target["expr"] for panel in board.panels for target in panel.get("targets") or [] if "expr" in target]


@pytest.mark.parametrize("board", ALL, ids=named)
def test_it_asks_for_nothing_that_the_contract_lacks(board: Board) -> None:
    telemetry, jobs = with_components(project(board.fleet).telemetry, project(board.fleet).fleet.services)
    faults = [
        fault
        for expr in exprs(board)
        if not MADE.search(expr)
        for fault in query_faults(
            expanded(expr, dict.fromkeys(board.variables, ".+"), SPAN), board.name, telemetry, jobs
        )
    ]
    strange = [fault for fault in faults if "groups by" not in fault]  # label_replace makes labels
    assert strange == []


def test_a_metric_that_the_contract_lacks_is_seen() -> None:
    telemetry, jobs = with_components(project(SAMPLE).telemetry, project(SAMPLE).fleet.services)
    renamed = [expr.replace("store_lock_wait_seconds", "store_wait_seconds") for expr in exprs(boards(SAMPLE)[1])]
    found = [
        fault
        for expr in renamed
        for fault in query_faults(expanded(expr, {"job": ".+", "instance": ".+"}, SPAN), "it", telemetry, jobs)
    ]
    assert any("store_wait_seconds_sum, which telemetry.yml does not declare" in fault for fault in found)


@pytest.mark.parametrize("board", ALL, ids=named)
def test_grafanas_own_model_reads_it_and_writes_the_same(board: Board) -> None:
    """What the SDK's schema of the classic format does not know would be lost on the way."""
    read = grafana.Dashboard.from_json(board.document)
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == board.document


@pytest.mark.parametrize("board", ALL, ids=named)
def test_ids_and_uids_are_its_own(board: Board) -> None:
    numbers = [panel["id"] for panel in board.document["panels"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", board.document["uid"])


@pytest.mark.parametrize("fleet", [SAMPLE, FOREIGN, BARE])
def test_no_two_dashboards_of_a_fleet_are_one(fleet: str) -> None:
    uids = [board.document["uid"] for board in boards(fleet)]
    assert len(set(uids)) == len(uids)


@pytest.mark.parametrize("board", ALL, ids=named)
def test_panels_lie_beside_one_another(board: Board) -> None:
    taken = [
        (x, y)
        for panel in board.document["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24


@pytest.mark.parametrize("board", ALL, ids=named)
def test_it_leads_to_the_others_and_is_read_here(board: Board) -> None:
    (link,) = board.document["links"]
    assert (link["type"], link["includeVars"], link["keepTime"]) == ("dashboards", True, True)
    assert set(link["tags"]) <= set(board.document["tags"])
    read = parse(board.name, board.document)
    assert [panel.number for panel in read.panels] == [panel["id"] for panel in board.panels]
    assert all(panel.kind for panel in read.panels)


def test_rendering_again_changes_nothing() -> None:
    first, second = (json.dumps(told(project(SAMPLE))) for _ in range(2))
    assert first == second
    committed = {
        path.stem: json.loads(path.read_text()) for path in (ROOT / "observability/grafana/dashboards").glob("*.json")
    }
    assert committed == json.loads(first)


def test_the_sample_has_all_seven() -> None:
    keys = [board.name.partition("-")[2] for board in boards(SAMPLE)]
    assert keys == ["fleet", "service", "journeys", "load", "logs", "alerts", "prometheus"]


def test_a_foreign_fleet_gets_its_own() -> None:
    text = json.dumps([board.document for board in boards(FOREIGN)])
    assert {"quotes_http_hits_total", "rates_answer_seconds_bucket", "web|rates"} <= set(
        re.findall(r"quotes_http_hits_total|rates_answer_seconds_bucket|web\|rates", text)
    )
    for sample in ("gateway", "http_server_request", "orders", "shop"):
        assert sample not in text
    assert [board.name.partition("-")[2] for board in boards(FOREIGN)] == [
        "fleet",
        "service",
        "journeys",
        "load",
        "prometheus",
    ]


def test_of_a_fleet_that_tells_nothing_only_what_others_see_of_it_is_shown() -> None:
    titles = {panel["title"] for board in boards(BARE) for panel in board.panels}
    assert "Replicas that answer" in titles
    assert not titles & {"Requests by service", "CPU", "Calls", "Objectives", "Firing alerts"}


def test_stages_of_a_load_are_marked() -> None:
    for board in boards(SAMPLE):
        marked = {each["name"]: each["expr"] for each in board.document["annotations"]["list"]}
        assert marked["Stages of the load"] == "seatrial_load_stage == 1"


def test_a_request_in_a_chart_leads_to_its_log_lines() -> None:
    assert [
        panel["title"]
        for board in boards(SAMPLE)
        for panel in board.panels
        if any(target.get("exemplar") for target in panel.get("targets") or [])
    ] == ["Duration by service, 95 %", "Duration"]


def test_thresholds_are_those_of_the_objectives() -> None:
    panels = {panel["title"]: panel for panel in boards(SAMPLE)[0].panels}
    limits = {
        title: panels[title]["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"]
        for title in ("Failed answers by service", "Duration by service, 95 %")
    }
    assert limits == {"Failed answers by service": 0.01, "Duration by service, 95 %": 0.25}


def test_what_is_empty_while_all_is_well_names_a_drill_that_there_is() -> None:
    drills = project(SAMPLE).drills
    assert drills is not None
    panels = [panel for board in boards(SAMPLE) for panel in parse(board.name, board.document).panels]
    named_ = {panel.title: panel.drill for panel in panels if EMPTY in panel.about}
    assert len(named_) >= 4
    assert set(named_.values()) <= {each.alert for each in drills.drills}


def test_colours_have_a_shade_for_light_and_for_dark() -> None:
    """Grafana's own names have; a value as #ff0000 is the same in both."""
    assert re.findall(r'"#[0-9a-fA-F]{3,8}"', json.dumps([board.document for board in ALL])) == []


def test_names_of_our_own_metrics_are_as_they_are_counted() -> None:
    counted = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for gauges in (LoadGauges(), ShipGauges())
        for metric in gauges.registry.collect()
    }
    ours = {name for name in components.METRICS if name.startswith("seatrial_")}
    assert ours <= counted


def test_the_hook_answers_a_document() -> None:
    asked = json.dumps({"project": str(ROOT / "seatrial.yml")})
    command = [sys.executable, "-m", "dashboards"]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True, cwd=ROOT)
    assert list(json.loads(done.stdout)["dashboards"]) == [board.name for board in boards(SAMPLE)]


def test_what_may_not_have_happened_yet_is_what_only_this_fleet_counts_by_labels() -> None:
    panels = [panel for board in boards(SAMPLE) for panel in parse(board.name, board.document).panels]
    unborn = {panel.title for panel in panels if UNBORN in panel.about}
    assert {"Feed entries", "Orders", "Logins"} <= unborn
    assert not unborn & {"Users registered", "Requests by service", "CPU"}
