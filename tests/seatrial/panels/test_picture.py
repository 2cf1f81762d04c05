from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.backends.prometheus import SeriesPoints
from seatrial.panels.asking import ANSWERED, EMPTY, REFUSED, UNASKED, Result, Seen
from seatrial.panels.model import Dashboard, Panel, Target
from seatrial.panels.picture import MOST_ROWS, MOST_SERIES, picture, pictures
from seatrial.panels.variables import Span

SPAN = Span(100.0, 104.0)
PAGE = Dashboard("page", "u", "Page", "", ())
STEPS = ((None, "green"), (0.5, "red"))
NUMBERS = st.floats(-1e300, 1e300)


def series(*values: float, begin: float = 100.0, **labels: str) -> SeriesPoints:
    return SeriesPoints(labels, [(begin + at, value) for at, value in enumerate(values)])


def ended(*values: float, **labels: str) -> SeriesPoints:
    """One that is there at the end of the span."""
    return series(*values, begin=SPAN.end - len(values) + 1, **labels)


def answer(*found: SeriesPoints, letter: str = "A", legend: str = "", state: str = "", reason: str = "") -> Result:
    target = Target(letter, "prometheus", "up", legend)
    return Result(target, "up", state or (ANSWERED if found else EMPTY), reason, series=found)


def log(*documents: dict[str, Any]) -> Result:
    return Result(Target("A", "elasticsearch", "*"), "*", ANSWERED, documents=documents)


def seen(kind: str, *results: Result, **panel: Any) -> Seen:
    return Seen(PAGE, Panel(**{"number": 1, "title": "It", "about": "", "kind": kind, **panel}), results)


def drawn(kind: str, *results: Result, **panel: Any) -> dict[str, Any]:
    return picture(seen(kind, *results, **panel), SPAN)


def many(count: int) -> list[SeriesPoints]:
    return [series(float(number), 0.0, job=str(number)) for number in range(count)]


# What every panel tells


def test_a_panel_tells_what_it_is() -> None:
    found = drawn("lines", answer(series(1.0)), number=7, title="Rate", about="Of all.", unit="s", width=8)
    expected = {"id": 7, "title": "Rate", "about": "Of all.", "kind": "lines", "unit": "s", "width": 8, "note": ""}
    assert expected.items() <= found.items()


REFUSAL = answer(state=REFUSED, reason="no such function")
SILENCE = answer(state=UNASKED, reason="there is no Prometheus")
HEALTHY = "Errors. Empty while all is well."


@pytest.mark.parametrize(
    "kind, about, results, note",
    [
        ("lines", "", [answer()], "No data."),
        ("lines", "", [], "No data."),
        ("lines", HEALTHY, [answer()], "None, as it should be."),
        ("lines", "", [answer(), REFUSAL], "Not known: no such function."),
        ("lines", HEALTHY, [REFUSAL], "Not known: no such function."),
        ("rows", "", [SILENCE, REFUSAL], "Not known: there is no Prometheus."),
        ("", "", [answer(series(1.0))], "Panels of this kind are drawn by Grafana alone."),
    ],
    ids=["empty", "no query", "healthy", "refused", "refused in health", "unasked", "another kind"],
)
def test_a_note_says_why_nothing_is_drawn(kind: str, about: str, results: Sequence[Result], note: str) -> None:
    found = drawn(kind, *results, about=about)
    assert found["note"] == note
    assert not {"lines", "cells", "value", "log"} & set(found)


def test_one_answer_is_enough_to_draw() -> None:
    found = drawn("lines", REFUSAL, SILENCE, answer(), answer(series(1.0)))
    assert (found["note"], len(found["lines"])) == ("", 1)


# Lines


def test_lines_share_their_times() -> None:
    found = drawn("lines", answer(series(1.0, 2.0, job="a"), series(3.0, begin=104.0, job="b")))
    assert found["times"] == [0, 1, 2, 3, 4]
    assert found["lines"] == [
        {"name": "job=a", "values": [1.0, 2.0, None, None, None]},
        {"name": "job=b", "values": [None, None, None, None, 3.0]},
    ]


def test_lines_of_all_queries_have_the_names_of_their_own() -> None:
    found = drawn("lines", answer(series(1.0), legend="p50"), answer(series(2.0, job="a"), legend="{{job}} p95"))
    assert [each["name"] for each in found["lines"]] == ["p50", "a p95"]


def test_a_hole_is_none_and_never_zero() -> None:
    found = drawn("lines", answer(SeriesPoints({}, [(100.0, 0.0), (103.0, 5.0)])))
    assert found["lines"][0]["values"] == [0.0, None, None, 5.0, None]


def test_points_beyond_the_span_are_left_out() -> None:
    found = drawn("lines", answer(SeriesPoints({}, [(98.0, 1.0), (102.0, 2.0), (106.0, 3.0)])))
    assert found["lines"][0]["values"] == [None, None, 2.0, None, None]


def test_a_long_span_has_longer_steps() -> None:
    found = picture(seen("lines", answer(SeriesPoints({}, [(0.0, 1.0), (16.0, 2.0)]))), Span(0.0, 900.0))
    assert (found["times"][:3], found["times"][-1], len(found["times"])) == ([0, 8, 16], 896, 113)
    assert found["lines"][0]["values"][:4] == [1.0, None, 2.0, None]


@pytest.mark.parametrize(
    "value, shown",
    [(0.123456, 0.1235), (12345.6, 12350.0), (1.00004, 1.0), (0.0, 0.0), (-98765.0, -98760.0), (1.23456e-9, 1.235e-9)],
)
def test_values_keep_four_digits(value: float, shown: float) -> None:
    assert drawn("lines", answer(series(value)))["lines"][0]["values"][0] == shown


@pytest.mark.parametrize("steps, limit", [((), None), (STEPS, 0.5), ((*STEPS, (0.9, "red")), 0.5), (STEPS[:1], None)])
def test_the_first_threshold_is_the_limit(steps: tuple[tuple[float | None, str], ...], limit: float | None) -> None:
    found = drawn("lines", answer(series(1.0)), steps=steps, is_stacked=True)
    assert (found["limit"], found["is_stacked"]) == (limit, True)


def test_of_too_many_lines_the_highest_stay() -> None:
    found = drawn("lines", answer(*many(MOST_SERIES + 3)))
    assert (len(found["lines"]), found["left_off"]) == (MOST_SERIES, 3)
    assert {each["name"] for each in found["lines"]} == {f"job={number}" for number in range(3, MOST_SERIES + 3)}


def test_few_lines_stay_in_their_order() -> None:
    found = drawn("lines", answer(*many(MOST_SERIES)))
    assert (found["lines"][0]["name"], found["left_off"]) == ("job=0", 0)


@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=9), min_size=1, max_size=5))
def test_every_line_is_as_long_as_the_times(found: list[list[float]]) -> None:
    document = drawn("lines", answer(*(series(*values, name=str(at)) for at, values in enumerate(found))))
    assert {len(each["values"]) for each in document["lines"]} == {len(document["times"])}
    for values, line in zip(found, document["lines"], strict=True):
        for value, shown in zip(values, line["values"], strict=False):
            assert math.isclose(value, shown, rel_tol=0.0006)


# Figures, bars, states


def test_a_figure_is_the_latest_value_of_the_first_series() -> None:
    found = drawn("figure", answer(), answer(series(1.0, 2.22222, job="a"), series(9.0, job="b")), steps=STEPS)
    assert (found["value"], found["steps"], found["left_off"]) == (2.222, STEPS, 0)
    assert [each["name"] for each in found["lines"]] == ["job=a"]


def test_bars_are_the_latest_values_the_longest_first() -> None:
    found = drawn(
        "bars", answer(series(9.0, 1.0, job="a"), series(2.0, 3.0, job="b")), answer(series(2.0)), steps=STEPS
    )
    assert found["bars"] == [("job=b", 3.0), ("value", 2.0), ("job=a", 1.0)]
    assert found["steps"] == STEPS


def test_of_too_many_bars_the_longest_stay() -> None:
    bars = drawn("bars", answer(*(series(float(number), job=str(number)) for number in range(MOST_SERIES + 3))))["bars"]
    assert (len(bars), bars[0], bars[-1]) == (
        MOST_SERIES,
        (f"job={MOST_SERIES + 2}", MOST_SERIES + 2.0),
        ("job=3", 3.0),
    )


def test_states_are_lines_with_what_their_values_mean() -> None:
    states = {"0": ("down", "red"), "1": ("up", "green")}
    found = drawn("states", answer(series(0.0, 1.0, job="a")), states=states)
    assert found["states"] == states
    assert found["lines"] == [{"name": "job=a", "values": [0.0, 1.0, None, None, None]}]


# Tables


def test_a_table_of_one_query_has_its_labels_and_the_value() -> None:
    found = drawn("rows", answer(ended(1.0, 2.0, job="a", route="/"), ended(3.0, 4.0, job="b", route="/x")))
    assert found["columns"] == [{"title": title, "unit": ""} for title in ("job", "route", "Value")]
    assert found["cells"] == [["b", "/x", 4.0], ["a", "/", 2.0]]


def test_a_table_has_the_columns_of_its_panel_in_their_order() -> None:
    found = drawn(
        "rows",
        answer(ended(0.123456, __name__="up", job="a", route="/")),
        columns={"Value": "Rate", "absent": "Nothing", "job": "Service"},
        units={"Rate": "reqps"},
    )
    assert found["columns"] == [{"title": "Rate", "unit": "reqps"}, {"title": "Service", "unit": ""}]
    assert found["cells"] == [[0.1235, "a"]]


def test_a_table_of_several_queries_has_a_value_of_each() -> None:
    found = drawn(
        "rows",
        answer(ended(1.0, job="a"), ended(5.0, job="b"), letter="A"),
        answer(ended(7.0, job="a"), letter="B"),
        columns={"job": "Service", "Value #A": "Rate", "Value #B": "Errors"},
    )
    assert [each["title"] for each in found["columns"]] == ["Service", "Rate", "Errors"]
    assert found["cells"] == [["a", 1.0, 7.0], ["b", 5.0, None]]


def test_a_query_without_data_is_an_empty_column() -> None:
    found = drawn("rows", answer(ended(1.0, job="a"), letter="A"), answer(letter="B"))
    assert [each["title"] for each in found["columns"]] == ["job", "Value #A", "Value #B"]
    assert found["cells"] == [["a", 1.0, None]]


def test_a_series_that_ended_before_is_no_row() -> None:
    found = drawn("rows", answer(series(9.0, 9.0, job="gone"), ended(1.0, 1.0, job="there")))
    assert found["cells"] == [["there", 1.0]]


def test_where_all_ended_before_there_is_no_row() -> None:
    assert drawn("rows", answer(series(9.0, 9.0)))["note"] == "Nothing now."
    assert drawn("rows", answer(series(9.0, 9.0)), about=HEALTHY)["note"] == "None, as it should be."


def test_what_has_not_happened_yet_is_said() -> None:
    assert drawn("lines", answer(), about="Orders. Empty until it has happened.")["note"] == "Not yet."


def test_rows_that_differ_in_a_hidden_label_stay_two() -> None:
    found = drawn(
        "rows",
        answer(ended(1.0, job="a", instance="1"), ended(5.0, job="a", instance="2")),
        columns={"job": "Service", "Value": "Rate"},
    )
    assert found["cells"] == [["a", 5.0], ["a", 1.0]]


def test_documents_are_lines_in_whatever_panel() -> None:
    assert (
        drawn("figure", log({"message": "m"}))["log"]
        == drawn("rows", log({"message": "m"}))["log"]
        == [{"message": "m"}]
    )


def test_a_series_that_lacks_a_label_has_an_empty_cell() -> None:
    found = drawn("rows", answer(ended(2.0, job="a", route="/"), ended(1.0, job="b")))
    assert found["cells"] == [["a", "/", 2.0], ["b", "", 1.0]]


def test_of_too_many_rows_the_highest_stay() -> None:
    cells = drawn("rows", answer(*(ended(float(at), job=str(at)) for at in range(MOST_ROWS + 5))))["cells"]
    assert (len(cells), cells[0], cells[-1]) == (MOST_ROWS, [str(MOST_ROWS + 4), MOST_ROWS + 4.0], ["5", 5.0])


def test_a_map_of_calls_is_told_by_its_edges() -> None:
    nodes = answer(series(5.0, id="a"), letter="A")
    edges = answer(series(1.0, 2.0, source="b", target="c"), series(3.0, source="a", target="b"), letter="B")
    found = drawn("graph", nodes, edges)
    assert [(each["title"], each["unit"]) for each in found["columns"]] == [("from", ""), ("to", ""), ("now", "reqps")]
    assert found["cells"] == [["a", "b", 3.0], ["b", "c", 2.0]]


# Lines of logs, and text


def test_a_log_has_its_lines_in_their_order_and_shortened() -> None:
    found = drawn("log", log({"message": "x" * 999, "status": 200}, {"message": "second"}))
    assert found["log"] == [{"message": "x" * 300, "status": "200"}, {"message": "second"}]


MARKDOWN = """
What is drilled:

| Alert | Command |
|:------|--------:|
| `Down` | `seatrial drill Down` |
| Slow | |

More is written elsewhere.
"""


def test_a_text_has_paragraphs_and_a_table() -> None:
    found = drawn("text", text=MARKDOWN)
    assert found["note"] == ""
    assert found["text"] == ["What is drilled:", "More is written elsewhere."]
    assert [each["title"] for each in found["columns"]] == ["Alert", "Command"]
    assert found["cells"] == [["Down", "seatrial drill Down"], ["Slow", ""]]


def test_a_text_without_a_table_has_paragraphs_alone() -> None:
    found = drawn("text", text="one\n\ntwo")
    assert (found["text"], found["columns"], found["cells"]) == (["one", "two"], [], [])


# Dashboards


def test_panels_are_put_under_their_rows() -> None:
    panels = [Panel(number, str(number), "", "text", row=row) for number, row in enumerate(["", "a", "a", "b"])]
    (found,) = pictures([Seen(PAGE, each, ()) for each in panels], SPAN)
    assert (found["name"], found["title"]) == ("page", "Page")
    assert [(row["title"], [each["id"] for each in row["panels"]]) for row in found["rows"]] == [
        ("", [0]),
        ("a", [1, 2]),
        ("b", [3]),
    ]


def test_each_dashboard_has_its_document() -> None:
    pages = [Dashboard(name, name, name.upper(), "", ()) for name in ("a", "b")]
    found = pictures([Seen(page, Panel(1, "It", "", "text"), ()) for page in pages], SPAN)
    assert [each["title"] for each in found] == ["A", "B"]
    assert pictures([], SPAN) == []


@pytest.mark.parametrize(
    "written, told",
    [
        ("Of all. Generated from fleet.yml and telemetry.yml by `seatrial render`: do not edit.", "Of all."),
        ("Generated from fleet.yml by hand: do not edit.", ""),
        ("Of all that is generated from load.", "Of all that is generated from load."),
    ],
)
def test_who_looks_is_not_told_what_not_to_edit(written: str, told: str) -> None:
    page = Dashboard("page", "u", "Page", written, ())
    assert pictures([Seen(page, Panel(1, "It", "", "text"), ())], SPAN)[0]["about"] == told


def test_every_kind_survives_json() -> None:
    found = answer(series(0.1, 1e-300, 1e300, job="a", source="x", target="y"))
    kinds = ("lines", "figure", "bars", "rows", "graph", "states", "")
    panels = [seen(kind, found, steps=STEPS, states={"0": ("down", "red")}) for kind in kinds]
    told = pictures([*panels, seen("log", log({"a": {"b": [1]}, "c": None})), seen("text", text=MARKDOWN)], SPAN)
    assert [each["kind"] for each in json.loads(json.dumps(told, allow_nan=False))[0]["rows"][0]["panels"]] == [
        *kinds,
        "log",
        "text",
    ]


@given(st.lists(NUMBERS, min_size=1, max_size=5), st.sampled_from(["lines", "figure", "bars", "rows", "states"]))
def test_any_number_survives_json(values: list[float], kind: str) -> None:
    assert json.dumps(drawn(kind, answer(series(*values, job="a"))), allow_nan=False)


def test_points_between_two_places_do_not_meet() -> None:
    """Elasticsearch's buckets begin at multiples of the step, wherever the span begins."""
    span = Span(101.0, 341.0)
    points = [(100.0 + 2 * at, float(at)) for at in range(10)]
    shown = picture(seen("lines", answer(SeriesPoints({}, points))), span)["lines"][0]["values"]
    assert shown[:10] == [float(at) for at in range(10)]
