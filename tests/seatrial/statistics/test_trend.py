from __future__ import annotations

import math

import numpy as np
import pytest

from seatrial.statistics.trend import sen_slope


def test_a_straight_line_has_its_slope() -> None:
    found = sen_slope(np.arange(20.0), 3 + 2 * np.arange(20.0))
    assert (found.value, found.low, found.high, found.blocks) == (2.0, 2.0, 2.0, 20)


def test_one_jump_is_no_slope() -> None:
    values = np.ones(20)
    values[7] = 1000.0
    found = sen_slope(np.arange(20.0), values)
    assert (found.value, found.low <= 0 <= found.high) == (0.0, True)


@pytest.mark.parametrize("count", [0, 1, 3], ids=["none", "one", "too-few"])
def test_too_few_points_bound_nothing(count: int) -> None:
    found = sen_slope(np.arange(float(count)), np.arange(float(count)))
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    times = np.arange(12.0)
    found = [sen_slope(times, 0.5 * times + random.normal(0, 1, 12)) for _ in range(400)]
    covered = sum(each.low <= 0.5 <= each.high for each in found)
    assert 370 <= covered <= 398
