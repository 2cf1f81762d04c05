"""How fast something grows: the slope that half of all pairs of points exceed, and what bounds it.

Robust against single jumps, as a cache that fills or a collection that runs late.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from seatrial.statistics.bootstrap import CONFIDENCE, Interval
from seatrial.statistics.percentiles import Floats


def sen_slope(times: Floats, values: Floats, confidence: float = CONFIDENCE) -> Interval:
    """The slope in units of `values` per unit of `times`; `blocks` is the number of points, which must be independent.

    Theil's estimator with the interval of Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", Journal
    of the American Statistical Association 63 (1968). Ties are counted as if there were none, which only widens it.
    """
    count = times.size
    if count < 2:  # noqa: PLR2004 - a slope needs two points
        return Interval(math.nan, -math.inf, math.inf, count)
    first, second = np.triu_indices(count, k=1)
    slopes = np.sort((values[second] - values[first]) / (times[second] - times[first]))
    spread = NormalDist().inv_cdf(0.5 + confidence / 2) * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low, high = math.floor((slopes.size - spread) / 2), math.ceil((slopes.size + spread) / 2)
    if low < 0 or high >= slopes.size:
        return Interval(float(np.median(slopes)), -math.inf, math.inf, count)
    return Interval(float(np.median(slopes)), float(slopes[low]), float(slopes[high]), count)
