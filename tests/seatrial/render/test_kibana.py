import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from seatrial.cli.dispatch import dispatch
from seatrial.project.telemetry import LogField, LogRoles, Roles, Telemetry
from seatrial.render.kibana import saved_objects
from seatrial.render.saved_objects import Panel, dashboard, data_view, has, is_value, ndjson
from seatrial.ship.names import IndexNames

NAMES = IndexNames.of("two")
FIELDS = {
    name: LogField(type=kind)
    for name, kind in {
        "at": "date",
        "grade": "keyword",
        "kind": "keyword",
        "who": "keyword",
        "took": "long",
        "path": "keyword",
        "code": "short",
        "trace": "keyword",
    }.items()
}
ROLES: dict[str, Any] = {
    "timestamp": "at",
    "level": "grade",
    "error_levels": ("bad", "worse"),
    "event": "kind",
    "service": "who",
    "duration": {"field": "took", "unit": "us"},
    "trace": "trace",
    "server_request": {"event": "served", "route": "path", "status": "code"},
}


def made(**changes: Any) -> dict[str, dict[str, Any]]:
    """What is made of the roles as changed, by id without the names' prefix."""
    roles = Roles(log=LogRoles.model_validate(ROLES | changes))
    objects = saved_objects(Telemetry(logs=FIELDS, roles=roles), NAMES)
    return {each["id"].removeprefix("seatrial-two-"): each for each in objects}


def query(each: dict[str, Any]) -> str:
    about = each["attributes"]
    state = about.get("state") or json.loads(about["kibanaSavedObjectMeta"]["searchSourceJSON"])
    return str(state["query"]["query"])


def columns(each: dict[str, Any]) -> dict[str, Any]:
    found = each["attributes"]["state"]["datasourceStates"]["formBased"]["layers"]["layer"]["columns"]
    assert isinstance(found, dict)
    return found


def test_a_contract_with_every_role_shows_everything() -> None:
    assert list(made()) == [
        "logs",
        "dead-letters",
        "logs-errors",
        "logs-trace",
        "logs-slow",
        "dead-letters-reasons",
        "logs-requests",
        "logs-statuses",
        "logs-latency",
        "logs-latency-over-time",
        "logs-errors-by-route",
        "logs-newest",
        "dead-letters-by-log",
        "logs-overview",
    ]


@pytest.mark.parametrize(
    "changes, missing",
    [
        pytest.param({"level": None, "error_levels": ()}, {"logs-errors", "logs-errors-by-route"}, id="no level"),
        pytest.param({"trace": None}, {"logs-trace"}, id="no trace"),
        pytest.param({"duration": None}, {"logs-slow", "logs-latency", "logs-latency-over-time"}, id="no duration"),
        pytest.param(
            {"server_request": {"event": "served"}}, {"logs-statuses", "logs-errors-by-route"}, id="bare requests"
        ),
        pytest.param(
            {"server_request": None},
            {
                "logs-slow",
                "logs-requests",
                "logs-statuses",
                "logs-latency",
                "logs-latency-over-time",
                "logs-errors-by-route",
            },
            id="no requests",
        ),
        pytest.param(
            {"service": None},
            {
                "logs-requests",
                "logs-statuses",
                "logs-latency",
                "logs-latency-over-time",
                "logs-errors-by-route",
                "logs-newest",
            },
            id="no service",
        ),
    ],
)
def test_what_has_no_field_is_not_shown(changes: dict[str, Any], missing: set[str]) -> None:
    assert set(made()) - set(made(**changes)) == missing


def test_without_any_role_dead_letters_are_shown() -> None:
    objects = saved_objects(Telemetry(), NAMES)
    assert [each["id"] for each in objects if each["type"] in {"lens", "search"}] == [
        "seatrial-two-dead-letters-reasons",
        "seatrial-two-dead-letters-by-log",
    ]
    assert "timeFieldName" not in objects[0]["attributes"]


def test_every_chart_and_the_reasons_are_on_the_dashboard() -> None:
    shown = made()
    on_it = {to["id"].removeprefix("seatrial-two-") for to in shown["logs-overview"]["references"]}
    charts = {name for name, each in shown.items() if each["type"] == "lens"}
    assert on_it == {*charts, "dead-letters-reasons"}


def test_requests_are_told_by_their_event_or_by_their_fields() -> None:
    assert query(made()["logs-requests"]) == 'kind : "served"'
    unnamed = made(server_request={"route": "path", "status": "code"})
    assert query(unnamed["logs-requests"]) == "path : * and code : *"


def test_errors_are_told_by_their_levels() -> None:
    assert query(made()["logs-errors"]) == 'grade : ("bad" or "worse")'


@pytest.mark.parametrize("unit, name", [("ns", "nanoseconds"), ("ms", "milliseconds"), ("s", "seconds")])
def test_durations_read_as_milliseconds(unit: str, name: str) -> None:
    view = made(duration={"field": "took", "unit": unit})["logs"]
    assert json.loads(view["attributes"]["fieldFormatMap"]) == {
        "took": {
            "id": "duration",
            "params": {"inputFormat": name, "outputFormat": "asMilliseconds", "outputPrecision": 1},
        }
    }


@pytest.mark.parametrize("field, kind, missing", [("code", "number", False), ("path", "string", True)])
def test_a_status_is_a_number_or_a_text_as_the_contract_says(field: str, kind: str, missing: bool) -> None:  # noqa: FBT001 - a row of the table
    status = columns(made(server_request={"event": "served", "status": field})["logs-statuses"])["status"]
    assert (status["sourceField"], status["dataType"], status["params"]["missingBucket"]) == (field, kind, missing)


def test_the_same_contract_gives_the_same_text_again() -> None:
    first, second = (ndjson(list(made().values())) for _ in range(2))
    assert first == second
    assert [json.loads(line)["id"] for line in first.splitlines()] == [each["id"] for each in made().values()]


def test_what_is_referred_to_comes_before() -> None:
    shown = list(made().values())
    for number, each in enumerate(shown):
        assert {to["id"] for to in each["references"]} <= {before["id"] for before in shown[:number]}


def test_values_are_quoted() -> None:
    assert is_value("a.b", 'say "\\"') == r'a.b : "say \"\\\""'
    assert has() == ""


def test_panels_fill_rows() -> None:
    view = data_view("i", "I", None, {})
    panels = [Panel(view, width, height) for width, height in [(24, 10), (24, 14), (30, 5), (30, 5)]]
    placed = json.loads(dashboard("d", "D", panels, "")["attributes"]["panelsJSON"])
    assert [(each["gridData"]["x"], each["gridData"]["y"]) for each in placed] == [(0, 0), (24, 0), (0, 14), (0, 19)]
    assert all(int(a["panelIndex"]) < int(b["panelIndex"]) for a, b in pairwise(placed))


def test_the_file_is_rendered_into_the_folder_that_seatrial_yml_names(tmp_path: Path) -> None:
    (tmp_path / "fleet.yml").write_text(
        "name: two\nentry: web\nservices: {web: {command: [python, -m, web, '{port}']}}\n"
    )
    file = tmp_path / "seatrial.yml"
    file.write_text("fleet: fleet.yml\nprometheus: false\nkibana: shown\n")
    assert dispatch(["--project", str(file), "render", "--check"]) == 1
    assert dispatch(["--project", str(file), "render"]) == 0
    assert dispatch(["--project", str(file), "render", "--check"]) == 0
    written = tmp_path / "shown" / "objects.ndjson"
    assert json.loads(written.read_text().splitlines()[0])["id"] == "seatrial-two-logs"
    written.write_text(written.read_text().replace("two", "too"))
    assert dispatch(["--project", str(file), "render", "--check"]) == 1
