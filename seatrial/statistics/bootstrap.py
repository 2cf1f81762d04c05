"""95 % intervals by bootstrapping blocks of a run: whole windows are drawn again, never single requests.

Requests of one second share its queue, its garbage collection and its neighbours, so they are no independent
draws; resampling them one by one gives intervals that are far too narrow. Windows stand in for the independent
unit (Künsch, "The Jackknife and the Bootstrap for General Stationary Observations", Annals of Statistics 17, 1989;
here with blocks that do not overlap, after Carlstein, Annals of Statistics 14, 1986).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.statistics.percentiles import ROUNDING, Floats, percentile

Ints = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Random = np.random.Generator

CONFIDENCE = 0.95
RESAMPLES = 2000
# With fewer the interval is a guess about its own width.
FEWEST_BLOCKS = 8
LONG_RUN_SECONDS = 60
LONG_BLOCK_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and what bounds it at 95 %; `blocks` is how many independent pieces of the run stand behind it."""

    value: float
    low: float
    high: float
    blocks: int


def block_seconds(judged_seconds: float) -> int:
    """1 s; 5 s from 60 s of judged load on, where slower drifts show and enough blocks remain."""
    return LONG_BLOCK_SECONDS if judged_seconds >= LONG_RUN_SECONDS else 1


def percentile_interval(samples: Floats, block: Ints, p: float, random: Random, resamples: int = RESAMPLES) -> Interval:
    """Percentile `p` of the pooled samples of redrawn blocks; `block` numbers the block of each sample.

    Exact for each resample, without building it: a redrawn run is a weight per block, and the percentile is where
    the weights, summed over the sorted samples, reach its rank.
    """
    order = np.argsort(samples, kind="stable")
    _, member = np.unique(block[order], return_inverse=True)
    blocks = int(member.max()) + 1
    weights = _redraw(blocks, resamples, random)
    found = samples[order][_weighted_ranks(member, weights, p)]
    return _interval(percentile(samples, p), found, blocks)


def ratio_interval(hit: Booleans, block: Ints, random: Random, resamples: int = RESAMPLES) -> Interval:
    """The share of `hit`, as failures of all requests.

    A bootstrap of no failures has no width, so the upper end is never below the rule of three, 3 / n: with it zero
    in n has a 95 % bound (Hanley and Lippman-Hand, "If Nothing Goes Wrong, Is Everything All Right?", JAMA 249, 1983).
    """
    _, member = np.unique(block, return_inverse=True)
    blocks = int(member.max()) + 1
    weights = _redraw(blocks, resamples, random)
    hits = weights @ np.bincount(member, weights=hit, minlength=blocks)
    ratios = hits / (weights @ np.bincount(member, minlength=blocks))
    plain = _interval(float(hit.mean()), ratios, blocks)
    return Interval(plain.value, plain.low, max(plain.high, min(1.0, 3 / hit.size)), blocks)


def mean_interval(per_block: Floats, random: Random, resamples: int = RESAMPLES) -> Interval:
    """The mean over blocks, as requests per second; empty blocks belong into it as zeros."""
    blocks = per_block.size
    means = _redraw(blocks, resamples, random) @ per_block / blocks
    return _interval(float(per_block.mean()), means, blocks)


def tail(blocks: int, confidence: float = CONFIDENCE) -> float:
    """The share of resamples to leave out at each end.

    The expanded percentile interval (Hesterberg, "What Teachers Should Know about the Bootstrap", The American
    Statistician 69, 2015): a plain bootstrap of few blocks is too narrow by sqrt((n-1)/n) and by z in place of t.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return NormalDist().cdf(-_student(z, blocks - 1) * math.sqrt(blocks / (blocks - 1)))


def _student(z: float, freedom: int) -> float:
    """Student's t from the normal's z by the expansion 26.7.5 of Abramowitz and Stegun; 0.1 % off at 7 degrees."""
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + math.fsum(term / float(freedom) ** power for power, term in enumerate(terms, start=1))


def _redraw(blocks: int, resamples: int, random: Random) -> Ints:
    """How often each block occurs in each resample: shape (resamples, blocks)."""
    return random.multinomial(blocks, np.full(blocks, 1 / blocks), size=resamples).astype(np.int64)


def _weighted_ranks(member: NDArray[Any], weights: Ints, p: float) -> Ints:
    """For each resample the index of its percentile among the sorted samples.

    Two steps, since weights summed over every sample of every resample would cost samples x resamples: a coarse
    grid finds the cell, then only the cell is summed.
    """
    blocks = weights.shape[1]
    stride = max(1, math.isqrt(member.size))
    cells = -(-member.size // stride)
    one_hot = np.bincount(np.arange(member.size) // stride * blocks + member, minlength=cells * blocks)
    reached = (one_hot.reshape(cells, blocks) @ weights.T).cumsum(axis=0)
    rank = np.maximum(1, np.ceil(p * reached[-1] - ROUNDING)).astype(np.int64)
    cell = (reached >= rank).argmax(axis=0)
    resample = np.arange(weights.shape[0])
    before = np.where(cell > 0, reached[cell - 1, resample], 0)
    inside = np.minimum(cell[:, None] * stride + np.arange(stride), member.size - 1)
    passed = before[:, None] + weights[resample[:, None], member[inside]].cumsum(axis=1)
    found: Ints = inside[resample, (passed >= rank[:, None]).argmax(axis=1)]
    return found


def _interval(value: float, resampled: Floats, blocks: int) -> Interval:
    """The estimate itself always lies within: a bootstrap of few, skewed blocks can miss it by a hair."""
    if blocks < 2:  # noqa: PLR2004 - one block can only be drawn again as itself
        return Interval(value, -math.inf, math.inf, blocks)
    outside = tail(blocks)
    low, high = np.quantile(resampled, [outside, 1 - outside])
    return Interval(value, min(float(low), value), max(float(high), value), blocks)
