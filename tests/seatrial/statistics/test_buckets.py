from __future__ import annotations

import math

import pytest

from seatrial.statistics.buckets import estimate

INF = math.inf


@pytest.mark.parametrize(
    "buckets, share, value",
    [
        ({0.1: 100.0, INF: 100.0}, 0.5, 0.05),
        ({0.1: 50.0, 0.2: 100.0, INF: 100.0}, 0.75, 0.15),
        ({0.1: 0.0, 0.2: 100.0, INF: 100.0}, 0.5, 0.15),
        ({0.1: 10.0, 0.2: 10.0, INF: 100.0}, 0.95, 0.2),
        ({0.1: 0.0, INF: 3.0}, 0.5, 0.1),
        ({0.1: 100.0, 0.2: 100.0, INF: 100.0}, 1.0, 0.1),
    ],
    ids=["one bucket", "second bucket", "empty first", "beyond the last bound", "all beyond", "the last one"],
)
def test_estimates_lie_within_their_bucket(buckets: dict[float, float], share: float, value: float) -> None:
    assert estimate(buckets, share) == pytest.approx(value)


@pytest.mark.parametrize("buckets", [{}, {0.1: 0.0, INF: 0.0}], ids=["no buckets", "no observations"])
def test_of_nothing_nothing_is_estimated(buckets: dict[float, float]) -> None:
    assert estimate(buckets, 0.95) is None
