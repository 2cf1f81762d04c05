from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.checks.quantities import share_of
from seatrial.statistics.percentiles import percentile, samples_needed

LATENCIES = st.lists(st.floats(0, 100), min_size=1, max_size=200).map(np.array)
SHARES = st.floats(0.001, 1.0)


@pytest.mark.parametrize(
    "p, expected",
    [(0.5, 10.0), (0.51, 11.0), (0.95, 19.0), (0.96, 20.0), (1.0, 20.0), (0.001, 1.0)],
    ids=["half", "just above half", "whole rank", "next rank", "maximum", "minimum"],
)
def test_nearest_rank_of_one_to_twenty(p: float, expected: float) -> None:
    assert percentile(np.arange(20.0, 0.0, -1.0), p) == expected


@given(LATENCIES, SHARES)
def test_is_a_sample_that_enough_do_not_exceed(samples: np.ndarray, p: float) -> None:
    found = percentile(samples, p)
    assert found in samples
    assert (samples <= found).mean() >= p - 1e-9


@given(LATENCIES, SHARES, SHARES)
def test_never_falls_as_p_rises(samples: np.ndarray, p: float, q: float) -> None:
    assert percentile(samples, min(p, q)) <= percentile(samples, max(p, q))


@given(LATENCIES, SHARES)
def test_agrees_with_numpys_inverted_distribution(samples: np.ndarray, p: float) -> None:
    # A rank that is whole but for rounding may fall on either side.
    ranks = (p, p - 1e-12)
    assert percentile(samples, p) in [np.percentile(samples, rank * 100, method="inverted_cdf") for rank in ranks]


def test_of_nothing_is_not_a_number() -> None:
    assert math.isnan(percentile(np.empty(0), 0.5))


@pytest.mark.parametrize("p", [0.0, -0.1, 1.1])
def test_refuses_what_is_no_share(p: float) -> None:
    with pytest.raises(ValueError, match="above 0 and up to 1"):
        percentile(np.ones(3), p)


@pytest.mark.parametrize("name, needed", [("p50", 40), ("p90", 200), ("p95", 400), ("p99", 2000), ("p999", 20000)])
def test_samples_needed_are_twenty_above(name: str, needed: int) -> None:
    assert samples_needed(share_of(name)) == needed


@pytest.mark.parametrize("name", ["p", "99", "p0", "p9x", "error_ratio"])
def test_refuses_names_of_no_percentile(name: str) -> None:
    with pytest.raises(ValueError, match="names no percentile"):
        share_of(name)
