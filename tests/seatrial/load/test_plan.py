import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from seatrial.errors import ConfigError
from seatrial.load.plan import Plan, needed, plan, prepare, read_steps, refusals, steps_file
from seatrial.load.profile import Limits, Profile
from seatrial.objectives.objective import Objective, Place

STEPS = {"look": {"page": 1.0, "item": 1.5}, "buy": {"page": 1.0, "order": 1.0}}


def profile(rate: int = 100, seconds: int = 10, **changes: Any) -> Profile:
    stages = [
        {"name": "ramp", "rate": rate, "seconds": 2, "ramp": True},
        {"name": "steady", "rate": rate, "seconds": seconds, "judge": True},
    ]
    return Profile.model_validate({"stages": stages, "weights": {"look": 3, "buy": 1}, **changes})


def test_a_plan_counts_journeys_and_the_judged_requests_of_each_step() -> None:
    planned = plan(profile(), STEPS)
    assert (planned.seconds, planned.journeys, planned.peak_rate, planned.judged_journeys) == (12, 1150, 100, 1000)
    assert {step: expected.mean for step, expected in planned.judged.items()} == {
        "page": 1000,
        "item": 1125,
        "order": 250,
        "all": 2375,
    }
    assert planned.requests_per_journey == pytest.approx(2.375)


def test_what_is_sure_lies_three_deviations_below() -> None:
    order = plan(profile(), STEPS).judged["order"]
    assert order.sure == pytest.approx(250 - 3 * 250**0.5)


def test_without_weights_every_journey_counts_once() -> None:
    assert plan(profile(weights={}), STEPS).judged["order"].mean == 500


def test_journeys_that_are_not_described_leave_the_steps_unplanned() -> None:
    planned = plan(profile(weights={"other": 1}), STEPS)
    assert planned.judged == {}
    assert planned.journeys == 1150


@pytest.mark.parametrize(
    "limits, counts",
    [
        ({"p50": 1}, {"p50": 40}),
        ({"p90": 1}, {"p90": 200}),
        ({"p95": 1}, {"p95": 400}),
        ({"p99": 1}, {"p99": 2000}),
        ({"p995": 1, "p999": 2}, {"p995": 4000, "p999": 20000}),
        ({"error_ratio": 0.01}, {"error_ratio": 300}),
        ({"rate_min": 5}, {}),
    ],
)
def test_how_many_requests_a_limit_needs(limits: dict[str, float], counts: dict[str, int]) -> None:
    assert needed(Limits.model_validate(limits)) == counts


@pytest.mark.parametrize(
    "limits, refused",
    [
        pytest.param({"all": {"p99": 1}}, [], id="enough"),
        pytest.param({"page": {"p99": 1}}, [("limits", "page", "p99")], id="too-few-of-a-step"),
        pytest.param({"order": {"p90": 1, "error_ratio": 0.01}}, [("limits", "order", "error_ratio")], id="one-of-two"),
        pytest.param({"nothing": {"p50": 1}}, [("limits", "nothing")], id="unknown-step"),
    ],
)
def test_a_limit_that_the_load_cannot_reach_is_refused(limits: dict[str, Any], refused: list[tuple[str, ...]]) -> None:
    asked = profile(limits=limits)
    assert [problem.keys for problem in refusals(asked, plan(asked, STEPS))] == refused


def test_what_is_only_probably_enough_is_refused() -> None:
    asked = profile(rate=84, seconds=20, limits={"order": {"p95": 1}})  # 420 expected, 359 for sure, 400 needed
    (problem,) = refusals(asked, plan(asked, STEPS))
    assert "bring 420, and only 359 for sure" in problem.message


def test_a_refusal_points_at_the_limit(tmp_path: Path) -> None:
    (tmp_path / "small.yml").write_text(
        yaml.safe_dump(profile(seconds=1, limits={"all": {"p99": 1}}).document(), sort_keys=False), encoding="utf-8"
    )
    (tmp_path / "journeys.yml").write_text(yaml.safe_dump(STEPS), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"small\.yml:\d+:\d+: limits\.all\.p99 needs 2000 requests"):
        prepare("small", profiles=tmp_path, journeys=tmp_path / "journeys.yml")


def test_a_seed_given_replaces_the_profiles(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("seed: 1\nstages: [{name: s, rate: 1, seconds: 1}]", encoding="utf-8")
    seeds = [prepare("mine", profiles=tmp_path, journeys=None, seed=seed)[0].seed for seed in (None, 0, 7)]
    assert seeds == [1, 0, 7]


def test_a_negative_count_is_refused_by_line(tmp_path: Path) -> None:
    (tmp_path / "journeys.yml").write_text("look: {page: 1}\nbuy: {page: -1}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape("journeys.yml:2:")):
        read_steps(tmp_path / "journeys.yml")


def test_without_a_description_there_are_no_steps(tmp_path: Path) -> None:
    assert read_steps(None) == read_steps(tmp_path / "journeys.yml") == {}
    assert steps_file(Path("load/locustfile.py")) == Path("load/journeys.yml")


# Objectives


def objective(steps: tuple[str, ...] = ("all",), target: float = 0.95, threshold: float | None = 0.25) -> Objective:
    kind = "latency" if threshold is not None else "availability"
    place = Place(Path("slo.yml"), 7)
    return Objective("web", "speed", target, place, "bad", "all", kind=kind, threshold=threshold, steps=steps)


def prepared(tmp_path: Path, *objectives: Objective, **changes: Any) -> tuple[Profile, Plan]:
    write(tmp_path / "journeys.yml", STEPS)
    write(tmp_path / "mine.yml", profile(**changes).model_dump(mode="json", exclude_none=True))
    return prepare("mine", profiles=tmp_path, journeys=tmp_path / "journeys.yml", objectives=objectives)


def write(file: Path, document: Any) -> None:
    file.write_text(yaml.safe_dump(document), encoding="utf-8")


def test_objectives_are_limits_of_the_steps_that_they_name(tmp_path: Path) -> None:
    found, planned = prepared(
        tmp_path,
        objective(("all", "item")),
        objective(target=0.99, threshold=None),
        limits={"all": {"rate_min": 5}},
    )
    limits = {step: each.by_kind() for step, each in found.limits.items()}
    assert limits == {"all": {"p95": 0.25, "error_ratio": 0.01, "rate_min": 5}, "item": {"p95": 0.25}}
    assert planned.unasked == {}


def test_an_objective_that_the_load_is_too_small_for_is_not_asked_and_the_reason_is_told(tmp_path: Path) -> None:
    found, planned = prepared(tmp_path, objective(("order",)), objective(target=0.999))
    assert found.limits == {}
    assert set(planned.unasked) == {"latency.order.p95", "latency.all.p999"}
    assert "web-speed needs 400 requests, but the judged stages bring 250" in planned.unasked["latency.order.p95"]


def test_a_step_that_no_journey_of_the_profile_asks_is_told(tmp_path: Path) -> None:
    _, planned = prepared(tmp_path, objective(("order",)), weights={"look": 1})
    assert "which no journey of the profile asks" in planned.unasked["latency.order.p95"]


def test_a_profile_may_leave_objectives_aside(tmp_path: Path) -> None:
    found, planned = prepared(tmp_path, objective(), objectives=False)
    assert (found.limits, planned.unasked) == ({}, {})


def test_without_judged_stages_no_objective_is_asked(tmp_path: Path) -> None:
    found, planned = prepared(tmp_path, objective(), stages=[{"name": "a", "rate": 9, "seconds": 9}])
    assert (found.limits, planned.unasked) == ({}, {})


def test_what_stands_in_both_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape("limits.all.p95 is what the objective web-speed asks already")):
        prepared(tmp_path, objective(), limits={"all": {"p95": 0.3}})


def test_a_step_that_nobody_knows_is_refused_where_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names the step 'oder', which no journey asks") as told:
        prepared(tmp_path, objective(("oder",)))
    assert (told.value.file, told.value.line) == (Path("slo.yml"), 7)
