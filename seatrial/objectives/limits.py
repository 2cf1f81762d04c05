"""What objectives ask of a trial's raw samples: a limit for a step of the load.

99 % of requests within 0.3 s is the same as a 99th percentile of at most 0.3 s, and 99 % that do not fail the same as an error
ratio of at most 0.01, so the checks of limits judge both. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seatrial.checks.quantities import ERRORS, name_of
from seatrial.objectives.objective import AVAILABILITY, LATENCY, Objective


@dataclass(frozen=True, slots=True)
class ObjectiveLimit:
    """`kind` and `limit` are those of a profile's limits."""

    step: str
    kind: str
    limit: float
    objective: Objective


def objective_limits(objectives: Sequence[Objective]) -> Iterator[ObjectiveLimit]:
    """A limit for each step that an objective names."""
    for objective in objectives:
        for step in objective.steps:
            if objective.kind == LATENCY and objective.threshold is not None:
                yield ObjectiveLimit(step, name_of(objective.target), objective.threshold, objective)
            elif objective.kind == AVAILABILITY:
                yield ObjectiveLimit(step, ERRORS, objective.budget, objective)
