from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.checks.finding import Verdict
from seatrial.statistics.bootstrap import Interval
from seatrial.statistics.decision import at_least, at_most

FIGURES = st.floats(-1e6, 1e6)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    low, value, high = sorted(draw(st.tuples(FIGURES, FIGURES, FIGURES)))
    return Interval(value, low, high, 10)


@pytest.mark.parametrize(
    "low, high, expected",
    [
        (1, 4, Verdict.PASS),
        (1, 5, Verdict.PASS),
        (5, 5, Verdict.PASS),
        (4, 6, Verdict.INCONCLUSIVE),
        (5, 6, Verdict.INCONCLUSIVE),
        (5.1, 6, Verdict.FAIL),
        (math.nan, math.nan, Verdict.INCONCLUSIVE),
        (-math.inf, math.inf, Verdict.INCONCLUSIVE),
    ],
    ids=["within", "up to it", "on it", "across", "from it", "beyond", "nothing known", "no bounds"],
)
def test_at_most_five(low: float, high: float, expected: Verdict) -> None:
    assert at_most(Interval(low, low, high, 10), 5.0) is expected


@given(intervals(), FIGURES)
def test_at_least_is_the_mirror_of_at_most(interval: Interval, limit: float) -> None:
    mirrored = Interval(-interval.value, -interval.high, -interval.low, interval.blocks)
    assert at_least(interval, limit) is at_most(mirrored, -limit)


@given(intervals(), FIGURES)
def test_passing_means_that_the_estimate_is_within(interval: Interval, limit: float) -> None:
    verdict = at_most(interval, limit)
    assert verdict is not Verdict.PASS or interval.value <= limit
    assert verdict is not Verdict.FAIL or interval.value > limit


@given(intervals(), FIGURES, FIGURES)
def test_a_looser_limit_never_turns_pass_into_fail(interval: Interval, limit: float, other: float) -> None:
    order = [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]
    strict, loose = (order.index(at_most(interval, each)) for each in sorted((limit, other)))
    assert strict <= loose
