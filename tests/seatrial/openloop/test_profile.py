import json
import math
from pathlib import Path
from typing import Any

import pytest

from seatrial.openloop.errors import SettingsError
from seatrial.openloop.profile import Profile, Stage, profile_from, read_profile

RAMP = Stage("ramp", 10, 4, ramp=True)
STEADY = Stage("steady", 10, 3, judge=True)


@pytest.mark.parametrize(
    "stages, rates",
    [
        pytest.param((STEADY,), [10, 10, 10], id="flat"),
        pytest.param((RAMP,), [3, 5, 8, 10], id="ramp-from-nothing-half-up"),
        pytest.param((STEADY, Stage("down", 4, 3, ramp=True)), [10, 10, 10, 8, 6, 4], id="ramp-down"),
        pytest.param((Stage("none", 0, 2),), [0, 0], id="no-arrivals"),
        pytest.param((), [], id="no-stages"),
    ],
)
def test_rates_are_whole_numbers_in_one_second_steps(stages: tuple[Stage, ...], rates: list[int]) -> None:
    assert Profile(stages=stages).rates() == rates


@pytest.mark.parametrize(
    "elapsed, stage",
    [(0.0, "ramp"), (3.999, "ramp"), (4.0, "steady"), (6.9, "steady"), (7.0, "after"), (99.0, "after")],
)
def test_an_instant_belongs_to_its_stage(elapsed: float, stage: str) -> None:
    assert Profile(stages=(RAMP, STEADY)).stage_at(elapsed) == stage


def test_without_stages_everything_is_free_and_endless() -> None:
    assert Profile().stage_at(123.0) == "free"
    assert Profile().seconds == math.inf


def test_the_bound_is_one_and_a_half_times_peak_rate_times_the_longest_journey() -> None:
    profile = Profile(stages=(STEADY,), think=(0.0, 0.25), connect_timeout=1.0, read_timeout=5.0)
    assert profile.bound(users=1, steps=4) == 1.5 * 10 * (1 + 5 + 4 * (0.25 + 0.25))


def test_the_bound_grows_with_the_users_that_a_person_types() -> None:
    assert Profile().bound(users=20, steps=4) == 2 * Profile().bound(users=10, steps=4)


@pytest.mark.parametrize("processes, bound", [(1, 100), (3, 34)])
def test_a_bound_in_the_profile_is_shared_by_its_processes(processes: int, bound: int) -> None:
    assert Profile(in_flight=100, processes=processes).bound(users=500, steps=4) == bound


def test_a_profile_is_read_from_yaml_and_from_json(tmp_path: Path) -> None:
    document = {"seed": 3, "stages": [{"name": "steady", "rate": 10, "seconds": 3, "judge": True}], "weights": {"a": 2}}
    (tmp_path / "p.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "p.yml").write_text(
        "seed: 3\nstages: [{name: steady, rate: 10, seconds: 3, judge: true}]\nweights: {a: 2}"
    )
    expected = Profile(seed=3, stages=(STEADY,), weights={"a": 2})
    assert read_profile(tmp_path / "p.json") == read_profile(tmp_path / "p.yml") == expected


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param({"name": "s", "rate": 1.5, "seconds": 1}, id="half-a-journey"),
        pytest.param({"name": "s", "rate": -1, "seconds": 1}, id="negative"),
        pytest.param({"name": "s", "rate": 1, "seconds": 0}, id="no-time"),
        pytest.param({"name": "s", "rate": 1}, id="seconds-missing"),
    ],
)
def test_what_cannot_be_run_is_refused(stage: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        profile_from({"stages": [stage]})


@pytest.mark.parametrize("text", ["[1, 2]", "{", "stages: 5", "just words"])
def test_a_wrong_file_is_refused_by_its_variable(text: str, tmp_path: Path) -> None:
    file = tmp_path / "p.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"SEATRIAL_PROFILE=.*p\.yml"):
        read_profile(file)
