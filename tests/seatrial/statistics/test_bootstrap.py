from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.statistics.bootstrap import (
    block_seconds,
    mean_interval,
    percentile_interval,
    ratio_interval,
    tail,
)
from seatrial.statistics.percentiles import percentile


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("seconds, width", [(10, 1), (59, 1), (60, 5), (600, 5)])
def test_blocks_grow_with_the_run(seconds: int, width: int) -> None:
    assert block_seconds(seconds) == width


def test_the_fast_percentile_is_that_of_the_rebuilt_resample() -> None:
    samples, block = random().exponential(size=700), random(2).integers(0, 9, 700)
    found = percentile_interval(samples, block, 0.95, random(3), resamples=50)
    redrawn = random(3).multinomial(9, np.full(9, 1 / 9), size=50)
    slow = [percentile(np.repeat(samples, weights[block]), 0.95) for weights in redrawn]
    outside = tail(9)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(slow, [outside, 1 - outside])))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, 12)), min_size=1, max_size=80), st.floats(0.1, 0.99))
def test_the_estimate_lies_within(rows: list[tuple[float, int]], p: float) -> None:
    samples, block = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    found = percentile_interval(samples, block, p, random(), resamples=50)
    assert found.low <= found.value <= found.high
    assert found.value == percentile(samples, p)


def test_the_same_seed_gives_the_same_interval() -> None:
    samples, block = random().exponential(size=500), np.arange(500) // 50
    assert percentile_interval(samples, block, 0.9, random(5)) == percentile_interval(samples, block, 0.9, random(5))


def test_one_block_bounds_nothing() -> None:
    found = percentile_interval(np.ones(50), np.zeros(50, dtype=np.int64), 0.5, random())
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_requests_that_share_a_second_do_not_narrow_the_interval() -> None:
    per_block = random().normal(1.0, 0.3, 20)
    few = percentile_interval(per_block, np.arange(20), 0.5, random())
    many = percentile_interval(np.repeat(per_block, 500), np.repeat(np.arange(20), 500), 0.5, random())
    assert many.high - many.low > 0.9 * (few.high - few.low)


@pytest.mark.parametrize("count", [30, 3000])
def test_no_failure_is_bounded_by_the_rule_of_three(count: int) -> None:
    found = ratio_interval(np.zeros(count, dtype=bool), np.arange(count) % 10, random())
    assert (found.value, found.low, found.high) == (0.0, 0.0, 3 / count)


def test_a_ratio_never_exceeds_one() -> None:
    found = ratio_interval(np.ones(2, dtype=bool), np.arange(2), random())
    assert found.high == 1.0


def test_the_mean_counts_empty_blocks() -> None:
    found = mean_interval(np.array([10.0] * 9 + [0.0]), random())
    assert found.value == 9.0
    assert found.low < 9.0 < found.high


@pytest.mark.parametrize("blocks, t", [(8, 2.3646), (12, 2.2010), (45, 2.0154), (1000, 1.9623)])
def test_the_tail_is_widened_as_students_t_asks(blocks: int, t: float) -> None:
    from statistics import NormalDist

    expected = NormalDist().cdf(-t * math.sqrt(blocks / (blocks - 1)))
    assert tail(blocks) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("blocks, least", [(10, 0.84), (45, 0.90)], ids=["smoke", "trial"])
def test_intervals_cover_the_truth_about_as_often_as_they_say(blocks: int, least: float) -> None:
    draw, shape = random(11), (200_000,)
    truth = percentile(draw.exponential(size=shape) * np.exp(draw.normal(0, 0.2, shape)), 0.95)
    covered = 0
    for _ in range(200):
        block = np.repeat(np.arange(blocks), 40)
        samples = draw.exponential(size=block.size) * np.exp(draw.normal(0, 0.2, blocks))[block]
        found = percentile_interval(samples, block, 0.95, draw, resamples=400)
        covered += found.low <= truth <= found.high
    assert least <= covered / 200 <= 0.995


def test_a_hundred_thousand_samples_take_less_than_a_second() -> None:
    samples, block = random().exponential(size=100_000), np.arange(100_000) // 2000
    started = time.process_time()
    percentile_interval(samples, block, 0.99, random(), resamples=1000)
    assert time.process_time() - started < 1.0
