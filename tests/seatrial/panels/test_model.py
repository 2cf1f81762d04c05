from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seatrial.errors import ConfigError
from seatrial.panels.model import Panel, parse, read_dashboards


def panel(**document: Any) -> dict[str, Any]:
    return {"id": 1, "type": "timeseries", "title": "Rate", **document}


def read(**document: Any) -> Panel:
    (found,) = parse("page", {"panels": [panel(**document)]}).panels
    return found


def fields(**defaults: Any) -> dict[str, Any]:
    return {"fieldConfig": {"defaults": defaults}}


def organized(**options: Any) -> dict[str, Any]:
    return {"type": "table", "transformations": [{"id": "merge"}, {"id": "organize", "options": options}]}


def chosen(**variable: Any) -> str:
    document = {"panels": [], "templating": {"list": [{"name": "it", "type": "query", **variable}]}}
    return parse("page", document).variables["it"]


def keep(folder: Path, name: str, document: Any) -> Path:
    file = folder / name
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


# Dashboards


def test_a_dashboard_tells_its_names() -> None:
    found = parse("page", {"uid": "u", "title": "Page", "description": "Of all.", "panels": []})
    assert (found.name, found.uid, found.title, found.about) == ("page", "u", "Page", "Of all.")


def test_a_dashboard_without_names_is_called_like_its_file() -> None:
    found = parse("page", {"panels": []})
    assert (found.uid, found.title, found.about, found.variables) == ("page", "page", "", {})


def test_panels_stand_under_the_row_above_them_open_or_collapsed() -> None:
    documents = [
        panel(title="first"),
        {"type": "row", "title": "Open", "panels": []},
        panel(title="second"),
        {"type": "row", "title": "Collapsed", "collapsed": True, "panels": [panel(title="third"), panel(title="4th")]},
    ]
    found = parse("page", {"panels": documents}).panels
    assert [(each.row, each.title) for each in found] == [
        ("", "first"),
        ("Open", "second"),
        ("Collapsed", "third"),
        ("Collapsed", "4th"),
    ]


def test_dashboards_come_in_the_order_of_their_files(tmp_path: Path) -> None:
    for name in ("b", "c", "a"):
        keep(tmp_path, f"{name}.json", {"title": name.upper(), "panels": []})
    (tmp_path / "notes.txt").write_text("no dashboard", encoding="utf-8")
    assert [(each.name, each.title) for each in read_dashboards(tmp_path)] == [("a", "A"), ("b", "B"), ("c", "C")]


def test_without_a_folder_there_are_none(tmp_path: Path) -> None:
    assert read_dashboards(None) == read_dashboards(tmp_path / "absent") == read_dashboards(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "\x00",
        "[]",
        "5",
        "null",
        "{}",
        '{"panels": {}}',
        '{"panels": "all"}',
        '{"panels": [5]}',
        '{"panels": [{"id": "one"}]}',
        '{"panels": [{"fieldConfig": []}, {"fieldConfig": [1]}]}',
        '{"panels": [], "templating": {"list": [{"type": "query"}]}}',
    ],
    ids=[
        "cut off",
        "no JSON",
        "list",
        "number",
        "null",
        "no panels",
        "panels by name",
        "panels in words",
        "a panel that is a number",
        "a number in words",
        "a list of fields",
        "a variable without a name",
    ],
)
def test_what_is_no_dashboard_is_refused_by_its_name(text: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"bad\.json: this is no dashboard") as caught:
        read_dashboards(tmp_path)
    assert caught.value.file == file


def test_a_file_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(b'{"title": "\xff"}')
    with pytest.raises(ConfigError, match=r"bad\.json"):
        read_dashboards(tmp_path)


# Panels


@pytest.mark.parametrize(
    "written, kind",
    [
        ("timeseries", "lines"),
        ("graph", "lines"),
        ("stat", "figure"),
        ("gauge", "figure"),
        ("bargauge", "bars"),
        ("table", "rows"),
        ("nodeGraph", "graph"),
        ("state-timeline", "states"),
        ("logs", "log"),
        ("text", "text"),
        ("heatmap", ""),
    ],
)
def test_each_type_of_grafana_has_its_kind(written: str, kind: str) -> None:
    assert read(type=written).kind == kind


def test_a_panel_without_details_has_defaults() -> None:
    (found,) = parse("page", {"panels": [{}]}).panels
    assert found == Panel(0, "", "", "")


def test_a_panel_tells_what_it_is() -> None:
    found = read(id=7, description="Of all.", gridPos={"w": 8, "h": 4}, **fields(unit="s"))
    assert (found.number, found.title, found.about, found.width, found.unit) == (7, "Rate", "Of all.", 8, "s")


def test_a_text_panel_has_its_text() -> None:
    assert read(type="text", options={"content": "# Hello"}).text == "# Hello"


@pytest.mark.parametrize("mode, is_stacked", [("normal", True), ("none", False), ("percent", False)])
def test_lines_are_stacked_where_they_are_added_up(*, mode: str, is_stacked: bool) -> None:
    assert read(**fields(custom={"stacking": {"mode": mode}})).is_stacked is is_stacked


def test_thresholds_begin_with_one_from_anything_on() -> None:
    steps = [{"value": None, "color": "green"}, {"value": 0, "color": "orange"}, {"value": 0.5, "color": "red"}]
    assert read(**fields(thresholds={"mode": "absolute", "steps": steps})).steps == (
        (None, "green"),
        (0, "orange"),
        (0.5, "red"),
    )


def test_a_threshold_without_a_value_counts_from_anything_on() -> None:
    assert read(**fields(thresholds={"steps": [{"color": "green"}]})).steps == ((None, "green"),)


def test_values_are_mapped_to_text_and_colour() -> None:
    options = {"0": {"text": "down", "color": "red"}, "1": {"color": "green"}, "2": {"text": "slow"}}
    mappings = [{"type": "value", "options": options}, {"type": "range", "options": {"from": 3, "to": 9}}]
    assert read(**fields(mappings=mappings)).states == {"0": ("down", "red"), "1": ("1", "green"), "2": ("slow", "")}


# Queries


def test_a_target_has_its_query_and_how_it_is_asked() -> None:
    document = {"refId": "B", "expr": "up", "legendFormat": "{{job}}", "instant": True}
    (found,) = read(targets=[document]).targets
    assert (found.letter, found.source, found.query, found.legend) == ("B", "prometheus", "up", "{{job}}")
    assert found.instant
    assert found.document == document


def test_hidden_targets_are_left_out() -> None:
    targets = [{"refId": "A", "hide": True}, {"refId": "B", "hide": False}, {"refId": "C"}]
    assert [each.letter for each in read(targets=targets).targets] == ["B", "C"]


@pytest.mark.parametrize(
    "own, of_panel, source",
    [
        ({"type": "elasticsearch"}, {"type": "prometheus"}, "elasticsearch"),
        (None, {"type": "elasticsearch"}, "elasticsearch"),
        ({"uid": "${logs}"}, {"type": "elasticsearch"}, "elasticsearch"),
        ("written as of old", {"type": "loki"}, "loki"),
        (None, None, "prometheus"),
    ],
    ids=["its own", "its panel's", "its own without a type", "its own in words", "neither"],
)
def test_a_target_is_asked_of_its_data_source_or_of_its_panels(own: Any, of_panel: Any, source: str) -> None:
    (found,) = read(datasource=of_panel, targets=[{"expr": "up", "datasource": own}]).targets
    assert found.source == source


def test_of_a_query_that_is_no_promql_the_data_source_is_not_guessed() -> None:
    (found,) = read(targets=[{"query": "level:error"}]).targets
    assert (found.query, found.source) == ("level:error", "")


# Tables


def test_columns_stand_in_the_order_of_their_indices_without_hidden_ones() -> None:
    found = read(
        **organized(
            indexByName={"Value #A": 2, "job": 0, "Time": 3, "route": 1},
            renameByName={"Value #A": "Rate", "job": "Service"},
            excludeByName={"Time": True, "route": False},
        )
    )
    assert list(found.columns.items()) == [("job", "Service"), ("route", "route"), ("Value #A", "Rate")]


@pytest.mark.parametrize(
    "document",
    [{}, organized(), {"transformations": [{"id": "organize"}]}, organized(renameByName={"a": "b"})],
    ids=["no transformation", "no options", "an organize without any", "no order"],
)
def test_without_an_order_there_are_no_columns(document: dict[str, Any]) -> None:
    assert read(**document).columns == {}


def test_units_are_overridden_by_a_columns_name() -> None:
    overrides = [
        {"matcher": {"id": "byName", "options": "Rate"}, "properties": [{"id": "unit", "value": "reqps"}]},
        {"matcher": {"id": "byName", "options": "Other"}, "properties": [{"id": "custom.width", "value": 8}]},
        {"matcher": {"id": "byRegexp", "options": ".*"}, "properties": [{"id": "unit", "value": "s"}]},
        {"properties": [{"id": "unit", "value": "s"}]},
    ]
    assert read(fieldConfig={"defaults": {}, "overrides": overrides}).units == {"Rate": "reqps"}


# What a description says


@pytest.mark.parametrize(
    "about, may_be_empty, drill",
    [
        ("Errors by service.", False, ""),
        ("Errors. Empty while all is well.", True, ""),
        ("Errors. Empty while all is well. `seatrial drill Errors` fills it.", True, "Errors"),
        ("Run `seatrial drill` to see more.", False, ""),
    ],
)
def test_a_description_says_whether_no_data_is_well(*, about: str, may_be_empty: bool, drill: str) -> None:
    found = read(description=about)
    assert (found.may_be_empty, found.drill) == (may_be_empty, drill)


# Variables


@pytest.mark.parametrize(
    "variable, value",
    [
        ({"type": "textbox", "query": "*"}, "*"),
        ({"type": "textbox"}, ""),
        ({"type": "constant", "query": "prod", "current": {"value": "else"}}, "prod"),
        ({"current": {"value": "web"}}, "web"),
        ({"current": {"value": 5}}, "5"),
        ({"current": {"value": "$__all"}, "allValue": ".+"}, ".+"),
        ({"current": {"value": "$__all"}}, ".*"),
        ({"current": {"value": ["$__all"]}, "allValue": ".+"}, ".+"),
        ({"current": {"value": ["$__all", "web"]}}, ".*"),
        ({"current": {"value": ["web"]}}, "web"),
        ({"current": {"value": ["web", "shop"]}}, "(web|shop)"),
        ({"current": {"value": []}, "allValue": None}, ".*"),
        ({"current": {"value": ""}}, ".*"),
        ({"current": {}}, ".*"),
        ({"current": None}, ".*"),
    ],
)
def test_a_variable_has_what_was_chosen_and_else_all(variable: dict[str, Any], value: str) -> None:
    assert chosen(**variable) == value
