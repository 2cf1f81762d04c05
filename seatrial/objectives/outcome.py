"""What an objective came to in one run.

By raw samples where it names steps of the load; else by the fleet's own counters, as Prometheus has them. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from seatrial.checks.inputs import StepSamples
from seatrial.objectives.objective import LATENCY, Objective

SAMPLES, COUNTERS = "samples", "prometheus"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`measured` is the share of good events over judged load, `source` where it comes from; None is not known.

    `burn_rate` is the highest that Prometheus saw over the long window of the fastest page.
    """

    objective: Objective
    measured: float | None = None
    source: str = ""
    burn_rate: float | None = None

    @property
    def budget_used(self) -> float | None:
        """Bad events as a share of those that as many events may have: beyond 1 the objective was missed."""
        return None if self.measured is None else (1 - self.measured) / self.objective.budget


def good_share(objective: Objective, steps: Mapping[str, StepSamples]) -> float | None:
    """Of the judged requests of the objective's steps; None without any."""
    count, good, limit = 0, 0, math.inf if objective.threshold is None else objective.threshold
    for name in objective.steps:
        samples = steps.get(name)
        if samples is not None:
            count += samples.latency_seconds.size
            good += int((samples.latency_seconds <= limit if objective.kind == LATENCY else samples.ok).sum())
    return good / count if count else None


def known(value: float | None) -> float | None:
    """Prometheus divides by nothing to NaN, which is no share."""
    return None if value is None or not math.isfinite(value) else value
