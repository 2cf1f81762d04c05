"""Percentiles estimated from a histogram's buckets: for figures that are watched, never for a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping


def estimate(buckets: Mapping[float, float], share: float) -> float | None:
    """The percentile `share`, taking each bucket's observations as evenly spread in it, as Prometheus does.

    `buckets` maps upper bounds, infinity among them, to cumulative counts. None without observations; beyond the last
    finite bound that bound, of which only "more" is known.
    """
    bounds = sorted(buckets)
    total = max((buckets[bound] for bound in bounds), default=0.0)
    if not total:
        return None
    rank, lower, below = share * total, 0.0, 0.0
    for bound in bounds:
        count = buckets[bound]
        if count >= rank and count > below:
            return lower if math.isinf(bound) else lower + (bound - lower) * (rank - below) / (count - below)
        if not math.isinf(bound):
            lower = bound
        below = max(below, count)
    return lower
