import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from seatrial.errors import ConfigError, UsageError
from seatrial.load.profile import Limits, Profile, find_profile, read_profile
from seatrial.openloop.profile import profile_from

STAGES = [
    {"name": "ramp", "rate": 10, "seconds": 4, "ramp": True},
    {"name": "steady", "rate": 10, "seconds": 3, "judge": True},
]


def write(folder: Path, **changes: Any) -> Path:
    file = folder / "mine.yml"
    file.write_text(yaml.safe_dump({"stages": STAGES, **changes}, sort_keys=False), encoding="utf-8")
    return file


def test_a_profile_is_named_after_its_file(tmp_path: Path) -> None:
    assert read_profile(write(tmp_path))[0].name == "mine"
    assert read_profile(write(tmp_path, name="other"))[0].name == "other"


@pytest.mark.parametrize(
    "changes, sentence",
    [
        pytest.param({"stages": []}, "at least one is needed", id="no-stages"),
        pytest.param({"stages": [{**STAGES[0], "rate": 1.5}]}, "1.5", id="half-a-journey"),
        pytest.param({"stages": [{**STAGES[0], "seconds": 0}]}, "must be above 0", id="no-time"),
        pytest.param({"stages": [STAGES[0], STAGES[0]]}, "two stages are called ramp", id="a-name-twice"),
        pytest.param({"weights": {"a": 0}}, "all weights are 0", id="no-weight"),
        pytest.param({"weights": {"a": -1}}, "must be at least 0", id="negative-weight"),
        pytest.param({"think_seconds": {"min": 2, "max": 1}}, "min 2 is above max 1", id="think-reversed"),
        pytest.param({"limits": {"all": {"p97": 1}}}, "p97 is not known here", id="unknown-percentile"),
        pytest.param({"limits": {"all": {"error_ratio": 0}}}, "must be above 0", id="a-ratio-nobody-can-show"),
        pytest.param({"limits": {"all": {"p95": 1}}, "stages": STAGES[:1]}, "judge: true", id="nothing-judged"),
        pytest.param({"validty": {}}, "Did you mean 'validity'", id="mistyped-key"),
    ],
)
def test_a_wrong_profile_is_refused_with_line_and_remedy(
    changes: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)) as refused:
        read_profile(write(tmp_path, **changes))
    assert re.search(r"mine\.yml:\d+:\d+: ", str(refused.value))


def test_rates_are_those_that_the_generator_will_drive() -> None:
    document = {"stages": [*STAGES, {"name": "down", "rate": 3, "seconds": 5, "ramp": True}]}
    assert Profile.model_validate(document).rates() == profile_from(document).rates()


def test_the_generator_reads_what_the_parent_writes() -> None:
    profile = Profile.model_validate({"stages": STAGES, "seed": 4, "weights": {"a": 1}, "timeouts": {"read": 2}})
    read = profile_from(profile.document())
    assert (read.seed, read.weights, read.read_timeout, read.seconds) == (4, {"a": 1}, 2.0, 7)


def test_defaults_are_the_same_on_both_sides() -> None:
    assert profile_from(Profile.model_validate({"stages": STAGES}).document()) == profile_from({"stages": STAGES})


def test_judged_seconds_are_those_of_judged_stages() -> None:
    profile = Profile.model_validate({"stages": STAGES})
    assert profile.judged_seconds() == [4, 5, 6]
    assert profile.judged() == {"steady"}


def test_limits_name_their_percentiles() -> None:
    assert Limits(p50=0.1, p99=0.5).percentiles() == {0.5: 0.1, 0.99: 0.5}


def test_a_name_is_looked_up_and_a_path_is_taken(tmp_path: Path) -> None:
    file = write(tmp_path)
    assert find_profile("mine", tmp_path) == file
    assert find_profile(str(file), None) == file


@pytest.mark.parametrize("names, listed", [(["mine"], "Known here: mine."), ([], "There are none here.")])
def test_an_unknown_name_is_refused_with_the_known_ones(names: list[str], listed: str, tmp_path: Path) -> None:
    for name in names:
        write(tmp_path).rename(tmp_path / f"{name}.yml")
    with pytest.raises(UsageError, match=re.escape(listed)):
        find_profile("moke", tmp_path)
