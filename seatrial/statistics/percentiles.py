"""Exact percentiles of raw samples, and how many samples one needs.

Never from histograms: a bucket's edge is not a measurement.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Above the percentile there should lie some twenty samples, or its estimate hangs on a handful of requests.
SAMPLES_ABOVE = 20
# p * n is a whole number more often than floats admit: 0.95 * 20 is 19.000000000000004 in some orders of operation.
ROUNDING = 1e-9


def percentile(samples: Floats, p: float) -> float:
    """The smallest sample that at least the share `p` of all samples do not exceed; NaN of no samples.

    Nearest rank, type 1 in Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American
    Statistician 50 (1996): the answer is always a latency that some request really had.
    """
    if not 0 < p <= 1:
        raise ValueError(f"p is {p}, but a percentile lies above 0 and up to 1")
    if samples.size == 0:
        return math.nan
    rank = nearest_rank(samples.size, p)
    return float(np.partition(samples, rank - 1)[rank - 1])


def nearest_rank(count: int, p: float) -> int:
    """The rank, from 1, of the percentile `p` among `count` sorted samples."""
    return max(1, math.ceil(p * count - ROUNDING))


def samples_needed(p: float) -> int:
    """How many samples a step must have before percentile `p` is judged on it: 20 / (1 - p)."""
    return math.ceil(SAMPLES_ABOVE / (1 - p) - ROUNDING * SAMPLES_ABOVE / (1 - p))
