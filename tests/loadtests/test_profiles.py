from pathlib import Path

import pytest

from seatrial.load.plan import prepare

LOADTESTS = Path(__file__).parents[2] / "loadtests"


@pytest.mark.parametrize("name", [path.stem for path in sorted((LOADTESTS / "profiles").glob("*.yml"))])
def test_every_profile_can_reach_what_it_judges(name: str) -> None:
    profile, planned = prepare(name, profiles=LOADTESTS / "profiles", journeys=LOADTESTS / "journeys.yml")
    assert profile.name == name
    assert profile.description
    assert planned.judged
