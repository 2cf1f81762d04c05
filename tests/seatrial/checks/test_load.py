from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seatrial.checks.finding import Verdict
from seatrial.checks.inputs import Generator
from seatrial.checks.load import Validity, load_shed, load_valid

ON_TIME = np.full(1000, 0.001)
LATE = np.concatenate([np.full(980, 0.001), np.full(20, 2.0)])
GOOD = Generator(
    planned=1000,
    started=1000,
    shed=0,
    unfinished=0,
    in_flight_max=40,
    in_flight_bound=300,
    cpu_seconds=10.0,
    wall_seconds=55.0,
    lag_seconds=ON_TIME,
)


@pytest.mark.parametrize(
    "generator, expected, words",
    [
        (GOOD, Verdict.PASS, "1000 of 1000 arrivals started"),
        (replace(GOOD, started=995), Verdict.PASS, "995 of 1000"),
        (replace(GOOD, started=900, shed=100), Verdict.PASS, "900 of 1000"),
        (replace(GOOD, started=994), Verdict.INCONCLUSIVE, "generator was short: 994 of 1000"),
        (replace(GOOD, lag_seconds=LATE), Verdict.INCONCLUSIVE, "generator was late"),
        (replace(GOOD, faults=("a load process was killed",)), Verdict.INCONCLUSIVE, "was killed"),
        (replace(GOOD, planned=0, started=0, lag_seconds=np.empty(0)), Verdict.INCONCLUSIVE, "none started"),
        (replace(GOOD, lag_seconds=np.empty(0)), Verdict.INCONCLUSIVE, "no judged arrival"),
        (None, Verdict.INCONCLUSIVE, "no account"),
    ],
    ids=["good", "just enough", "shed is dispatched", "short", "late", "own fault", "no arrivals", "unjudged", "gone"],
)
def test_load_valid(generator: Generator | None, expected: Verdict, words: str) -> None:
    found = load_valid(generator, Validity())
    assert found.verdict is expected
    assert words in found.reason


@pytest.mark.parametrize(
    "generator, expected",
    [
        (GOOD, Verdict.PASS),
        (replace(GOOD, started=990, shed=10), Verdict.FAIL),
        (replace(GOOD, started=990, shed=10, lag_seconds=LATE), Verdict.INCONCLUSIVE),
        (replace(GOOD, lag_seconds=np.empty(0)), Verdict.INCONCLUSIVE),
        (None, Verdict.INCONCLUSIVE),
    ],
    ids=["none shed", "the system's fault", "the generator was late", "no arrivals", "gone"],
)
def test_load_shed(generator: Generator | None, expected: Verdict) -> None:
    assert load_shed(generator, Validity()).verdict is expected


def test_the_profile_sets_the_lag_that_is_allowed() -> None:
    assert load_valid(replace(GOOD, lag_seconds=LATE), Validity(lag_p99_seconds=3.0)).verdict is Verdict.PASS
