from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from seatrial.checks.inputs import Track
from seatrial.checks.quantities import Resource
from seatrial.load.profile import Profile
from seatrial.report.html.strips import Mark, Period, fault_periods, judged_periods, marks, scrapes, strips
from seatrial.timeline import Timeline


def test_of_replicas_the_one_that_uses_most_is_drawn() -> None:
    tracks = tuple(Track("a", f"a-{n}", Resource.CPU, ((10.5, value),)) for n, value in ((1, 0.2), (2, 0.6)))
    (strip,) = strips(Timeline(tracks), ["a", "b"], 10.0, 1.0, 2.0)
    assert [named.name for named in strip.services] == ["a"]
    assert strip.values[0][list(strip.seconds).index(0.0)] == 0.6
    assert np.isnan(strip.values[0]).sum() == strip.seconds.size - 1


def test_a_gap_between_scrapes_is_a_gap_and_a_failure_is_kept() -> None:
    up = {"a-1": ((1.0, 1.0), (2.0, 1.0), (3.0, 0.0), (4.0, 1.0), (9.0, 1.0), (10.0, 1.0))}
    (found,) = scrapes(Timeline(up=up), 0.0)
    assert found.answered == (Period(1.0, 4.0), Period(9.0, 10.0))
    assert found.failed == (3.0,)


def test_judged_stages_that_follow_one_another_are_one_period() -> None:
    stages = [
        {"name": name, "rate": 1, "seconds": 2, "judge": judge}
        for name, judge in zip("abcd", (0, 1, 1, 0), strict=True)
    ]
    assert judged_periods(Profile.model_validate({"stages": stages})) == [Period(2.0, 6.0)]


EVENTS: list[dict[str, Any]] = [
    {"at": 11.0, "kind": "fault", "action": "apply", "faults": [{"name": "slow", "service": "a"}]},
    {"at": 12.0, "kind": "step", "title": "drive"},
    {"at": 13.0, "kind": "restart", "instance": "a-1", "down_seconds": 1.25},
    {"at": 14.0, "kind": "unplanned-exit", "name": "a-1"},
]


def test_what_happened_to_the_fleet_is_marked() -> None:
    assert marks(EVENTS, 10.0) == [
        Mark(1.0, "fault applied: slow at a"),
        Mark(3.0, "a-1 was restarted, away for 1.2 s"),
        Mark(4.0, "a-1 ended by itself"),
    ]


@pytest.mark.parametrize("lifted, end", [(True, 6.0), (False, 20.0)], ids=["lifted", "never lifted"])
def test_a_fault_lasts_until_it_is_lifted(*, lifted: bool, end: float) -> None:
    lift = [{"at": 16.0, "kind": "fault", "action": "lift", "faults": []}] if lifted else []
    assert fault_periods([*EVENTS, *lift], 10.0, 20.0) == [Period(1.0, end)]
