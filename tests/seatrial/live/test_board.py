from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from seatrial.checks.finding import Finding, Verdict
from seatrial.live.board import POINTS, About, Board
from seatrial.load.course import LoadSecond
from seatrial.load.profile import Profile
from seatrial.report.events import (
    CallSeen,
    Event,
    FindingReached,
    FleetSeen,
    LoadProgress,
    Note,
    ProcessLost,
    ReplicaRestarted,
    RunStarted,
    ServiceSeen,
    StackReady,
    StepFinished,
    StepStarted,
    VerdictReached,
)

PROFILE = Profile.model_validate(
    {
        "stages": [{"name": "on", "rate": 5, "seconds": 60, "judge": True}],
        "limits": {"all": {"p95": 0.1, "error_ratio": 0.01, "rate_min": 3}, "step": {"p95": 1}},
    }
)
LOAD = LoadProgress(2.0, 60.0, "on", 10, 200, 1, 0, 3, 0.05, 0.001, course=(LoadSecond(0, 5, 5.0, 4, 100, 0),))
SEEN = FleetSeen(
    101.0, 5.0, (ServiceSeen("front", 1, 1, rate=10.123456789), ServiceSeen("back", 1, 1)), (CallSeen("front", "back"),)
)


def board(*events: Event, profile: Profile | None = PROFILE) -> Board:
    made = Board(About("r1", "trial", "shop", "front", profile), clock=lambda: 100.0)
    for event in events:
        made.show(event)
    return made


def document(*events: Event, after: int = 0) -> dict[str, Any]:
    return board(*events).document(after)


def test_it_is_json_from_the_first_moment() -> None:
    empty = json.loads(json.dumps(document(), allow_nan=False))
    assert (empty["run"], empty["phase"], empty["load"], empty["fleet"], empty["verdict"]) == (
        "r1",
        "starting",
        None,
        None,
        None,
    )


def test_points_come_once() -> None:
    made = board(LOAD, SEEN)
    first = made.document()
    assert ([each["second"] for each in first["course"]], [each["rate"] for each in first["entry"]]) == (
        [0],
        [10.123457],
    )
    made.show(replace(LOAD, course=(LoadSecond(1, 5, 6.0, 6, 90, 1),)))
    second = made.document(first["last"])
    assert ([each["second"] for each in second["course"]], second["entry"]) == ([1], [])
    assert made.document(second["last"])["course"] == []


def test_points_are_bounded() -> None:
    made = board(*(replace(LOAD, course=(LoadSecond(number, 5, 5.0, 5, 5, 0),)) for number in range(POINTS + 50)))
    course = made.document()["course"]
    assert (len(course), course[-1]["second"]) == (POINTS, POINTS + 49)


def test_an_entry_without_figures_makes_no_point() -> None:
    assert document(replace(SEEN, services=(ServiceSeen("front", 1, 1),), obstacle="x"))["entry"] == []


def test_steps_are_told_with_what_came_of_them() -> None:
    seen = document(StepStarted("populate"), StepFinished("populate", 1.5, "200 customers"), StepStarted("drive"))
    assert seen["step"] == {"title": "drive", "at": 100.0}
    assert seen["steps"] == [{"title": "populate", "seconds": 1.5, "ok": True, "result": "200 customers"}]


def test_what_a_hook_printed_is_not_served() -> None:
    secret = "hook populate ended with exit code 1; its log ends: password=hunter2"
    assert "hunter2" not in json.dumps(document(StepFinished("populate", 1.0, secret, ok=False)))


def test_what_happened_is_told_in_order_and_by_weight() -> None:
    seen = document(Note("page"), ReplicaRestarted("front-1", 2.0), ProcessLost("back-1", 7, 1))
    assert [(each["kind"], each["bad"]) for each in seen["happened"]] == [
        ("Note", False),
        ("ReplicaRestarted", False),
        ("ProcessLost", True),
    ]


@pytest.mark.parametrize(
    "load, within",
    [
        ([], {"p95": None, "error_ratio": None}),
        ([LOAD], {"p95": True, "error_ratio": True}),
        ([replace(LOAD, p95=0.2, failures=3)], {"p95": False, "error_ratio": False}),
        ([replace(LOAD, p95=None, requests=0)], {"p95": None, "error_ratio": None}),
    ],
    ids=["no load", "within", "beyond", "nothing yet"],
)
def test_limits_stand_beside_what_is_known_so_far(load: list[Event], within: dict[str, bool | None]) -> None:
    assert {each["name"]: each["within"] for each in document(*load)["limits"]} == within


def test_without_a_profile_there_are_no_limits() -> None:
    assert board(profile=None).document()["limits"] == []


def test_findings_make_the_verdict_before_it_is_told() -> None:
    bad, good = Finding("a", Verdict.FAIL, "beyond"), Finding("b", Verdict.PASS, "fine")
    seen = document(FindingReached(bad), FindingReached(good))["verdict"]
    assert (seen["verdict"], seen["headline"]) == ("FAIL", "FAIL: 1 of 2 checks failed: a")
    assert seen["checks"][0] == {"name": "a", "verdict": "FAIL", "reason": "beyond"}


@pytest.mark.parametrize(
    "events, phase",
    [
        ([RunStarted("r1", "p", 1, "runs/r1")], "running"),
        ([StackReady({"run": "r1"})], "standing"),
        (
            [
                FindingReached(Finding("a", Verdict.PASS, "")),
                VerdictReached(Verdict.PASS, {"checks": [], "verdict": "PASS"}, {}),
            ],
            "ended",
        ),
    ],
    ids=["running", "standing", "ended"],
)
def test_the_phase_follows_the_run(events: list[Event], phase: str) -> None:
    assert document(*events)["phase"] == phase


def test_where_the_report_is_is_told_at_the_end() -> None:
    told = VerdictReached(Verdict.PASS, {"checks": [], "verdict": "PASS"}, {"report.html": "runs/r1/report.html"})
    assert (document()["report"], document(told)["report"]) == ("", "runs/r1/report.html")


def test_an_end_is_told_before_contact_is_lost() -> None:
    made = board()
    made.end(going_down=True)
    assert made.document()["phase"] == "ending"
    made.end()
    assert made.ended


def test_when_arrivals_began_does_not_move_later() -> None:
    made = board(replace(LOAD, elapsed=2.0), replace(LOAD, elapsed=1.0))
    assert made.document()["load_began"] == 98.0
