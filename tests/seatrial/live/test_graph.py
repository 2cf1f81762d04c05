from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.live.graph import NARROW, WIDE, Spot, arrange, crossings, levels, spaced

SHOP = {"door": ("a", "b", "c"), "a": ("b", "keys"), "b": ("keys",), "c": (), "keys": ()}
CIRCLE = {"door": ("a",), "a": ("b",), "b": ("a",)}
FLEETS = {
    "alone": {"door": ()},
    "pair": {"door": ("a",), "a": ()},
    "shop": SHOP,
    "circle": CIRCLE,
    "calls itself": {"door": ("door", "a"), "a": ()},
    "back to the entry": {"door": ("a",), "a": ("door",)},
    "nobody's callee": {"door": (), "lonely": ("other",), "other": ()},
}


def extents(layout: dict[str, Any], service: float, label: float) -> dict[int, list[tuple[float, float]]]:
    """What services and figures take of each layer."""
    taken = defaultdict(list)
    for layer, centre in layout["services"].values():
        taken[layer].append((centre - service / 2, centre + service / 2))
    for call in layout["calls"]:
        if call["label"] is not None:
            layer, centre = call["points"][call["label"]]
            taken[layer].append((centre - label / 2, centre + label / 2))
    return taken


@pytest.mark.parametrize("sizes", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", FLEETS)
def test_nothing_lies_upon_another_and_all_is_within(name: str, sizes: Any) -> None:
    layout = arrange("door", FLEETS[name], sizes)
    for taken in extents(layout, sizes.service, sizes.label).values():
        ranked = sorted(taken)
        assert all(one[1] <= other[0] + 0.2 for one, other in pairwise(ranked))
        assert ranked[0][0] >= -0.1
        assert ranked[-1][1] <= layout["breadth"] + 0.1


@pytest.mark.parametrize("name", FLEETS)
def test_every_service_and_every_call_is_drawn(name: str) -> None:
    layout = arrange("door", FLEETS[name], WIDE)
    assert set(layout["services"]) == set(FLEETS[name])
    wanted = {(caller, callee) for caller, callees in FLEETS[name].items() for callee in callees}
    assert {(call["caller"], call["callee"]) for call in layout["calls"]} == wanted


def test_a_call_runs_from_its_caller_to_its_callee() -> None:
    layout = arrange("door", SHOP, WIDE)
    for call in layout["calls"]:
        assert call["points"][0] == layout["services"][call["caller"]]
        assert call["points"][-1] == layout["services"][call["callee"]]
        assert [abs(one[0] - two[0]) for one, two in pairwise(call["points"])] == [1] * (len(call["points"]) - 1)


def test_levels_follow_the_longest_way() -> None:
    assert levels("door", SHOP) == {"door": 0, "a": 1, "c": 1, "b": 2, "keys": 3}


def test_a_circle_is_cut_where_it_closes() -> None:
    assert levels("door", CIRCLE) == {"door": 0, "a": 1, "b": 2}
    (back,) = [call for call in arrange("door", CIRCLE, WIDE)["calls"] if call["caller"] == "b"]
    assert [point[0] for point in back["points"]] == [4, 3, 2]


def test_a_call_of_a_service_to_itself_has_no_way() -> None:
    (own,) = arrange("door", {"door": ("door",)}, WIDE)["calls"]
    assert own == {"caller": "door", "callee": "door", "points": [], "label": None}


def test_lines_that_need_not_cross_do_not() -> None:
    calls = {"door": ("a", "b"), "a": ("y",), "b": ("x",), "x": (), "y": ()}
    layout = arrange("door", calls, WIDE)
    place = {name: centre for name, (_, centre) in layout["services"].items()}
    assert (place["a"] < place["b"]) == (place["y"] < place["x"])


def test_crossings_are_counted() -> None:
    upper, lower = [Spot(0, "a"), Spot(0, "b")], [Spot(1, "x"), Spot(1, "y")]
    assert crossings([upper, lower], {upper[0]: [lower[1]], upper[1]: [lower[0]]}) == 1
    assert crossings([upper, lower], {upper[0]: [lower[0]], upper[1]: [lower[1]]}) == 0


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(1, 50)), min_size=1, max_size=12))
def test_spaced_keeps_order_and_distance(items: list[tuple[float, float]]) -> None:
    wanted, halves = [want for want, _ in items], [half for _, half in items]
    found = spaced(wanted, halves, 5)
    for number in range(len(found) - 1):
        assert found[number + 1] - found[number] >= halves[number] + 5 + halves[number + 1] - 1e-6


def test_who_has_room_stays_where_wanted() -> None:
    assert spaced([0, 100, 300], [10, 10, 10], 5) == [0, 100, 300]


def test_a_wide_fleet_is_arranged_soon_enough() -> None:
    calls = {f"s{number}": tuple(f"s{other}" for other in range(number + 1, 30, 3)) for number in range(30)}
    assert len(arrange("s0", calls, WIDE)["services"]) == 30
