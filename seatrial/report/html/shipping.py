"""The course of the log pipeline, made ready to be drawn: how late lines were found, how many came, what waited.

Seconds count from the moment at which arrivals began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from seatrial.checks.inputs import Points
from seatrial.checks.pipeline import Probe
from seatrial.statistics.percentiles import Floats
from seatrial.timeline import ACKNOWLEDGED, QUEUE, Timeline

KILOBYTE = 1000.0
Course = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Shipping:
    """Of the lines written in each second: the median and the longest time until one was found, NaN where one never was.

    `acknowledged` are seconds and lines per second, `queue` seconds and kB.
    """

    seconds: Floats
    p50: Floats
    most: Floats
    acknowledged: Course
    queue: Course


def shipping(probes: Sequence[Probe], timeline: Timeline, began: float) -> Shipping | None:
    """None when nothing is known of a pipeline."""
    if not probes and not timeline.pipeline:
        return None
    written = np.array([probe.written - began for probe in probes])
    lag = np.array([np.nan if probe.found is None else probe.found - probe.written for probe in probes])
    bins = np.floor(written)
    seconds = np.unique(bins)
    return Shipping(
        seconds,
        np.array([np.median(lag[bins == second]) for second in seconds]),
        np.array([np.max(lag[bins == second]) for second in seconds]),
        _rates(timeline.pipeline.get(ACKNOWLEDGED, ()), began),
        _values(timeline.pipeline.get(QUEUE, ()), began, KILOBYTE),
    )


def _values(points: Points, began: float, unit: float) -> Course:
    return np.array([at - began for at, _ in points]), np.array([value / unit for _, value in points])


def _rates(points: Points, began: float) -> Course:
    """A counter that fell began anew."""
    gains = [
        (late - began, (after - before if after >= before else after) / (late - early))
        for (early, before), (late, after) in pairwise(points)
        if late > early
    ]
    return np.array([at for at, _ in gains]), np.array([value for _, value in gains])
