"""What is asked of Prometheus, and what its answers mean: raw counters of one moment, and the gain between two.

Owns the one question that covers all roles of telemetry.yml, and the rules of gain: a counter that fell began anew, a
series that was not there yet began at 0 if its target was. `rate()` would miss both.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from seatrial.backends.prometheus import SeriesPoints
from seatrial.project.telemetry import Roles

NAME, JOB, INSTANCE, BOUND = "__name__", "job", "instance", "le"
UP = "up"

# Service, replica, and the labels beside them.
Target = tuple[str, str]
Series = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Look:
    """All values of one moment, `at` in epoch seconds: by the metric's name, then by the labels."""

    at: float
    values: Mapping[str, Mapping[Series, float]]

    def targets(self) -> set[Target]:
        """Every target that was scraped with success."""
        return {(job, instance) for (job, instance, _), value in self.values.get(UP, {}).items() if value}

    def of(self, metric: str | None) -> Iterator[tuple[str, dict[str, str], float]]:
        """Service, further labels and value of each series of one metric; none where the fleet has no such metric."""
        for (job, _, labels), value in self.values.get(metric or "", {}).items():
            yield job, dict(labels), value


def question(roles: Roles) -> str:
    """One expression for everything: each metric summed over the labels that nobody looks at.

    `or` does not compare names, so metrics with the same labels have to come from one selector.
    """
    served, called, busy = roles.server_requests, roles.client_requests, roles.busy
    plain = [UP, roles.cpu_seconds, roles.resident_bytes, *((busy.metric, busy.limit) if busy else ())]
    parts = [
        _sum(f'{{__name__=~"{"|".join(metric for metric in plain if metric)}"}}'),
        _sum(f"{served.metric}_count", served.status),
        _sum(f"{served.metric}_bucket", BOUND),
    ]
    if called is not None:
        parts += [
            _sum(f"{called.metric}_count", called.callee, called.status, called.error),
            _sum(f"{called.metric}_bucket", called.callee, BOUND),
        ]
    return " or ".join(parts)


def read(at: float, found: Iterable[SeriesPoints]) -> Look:
    """The answer as a look. Prometheus gives labels in one order, so that they compare as they come."""
    values: dict[str, dict[Series, float]] = defaultdict(dict)
    for each in found:
        labels = dict(each.labels)
        name, job, instance = labels.pop(NAME, ""), labels.pop(JOB, ""), labels.pop(INSTANCE, "")
        if each.points:
            values[name][job, instance, tuple(labels.items())] = each.points[-1][1]
    return Look(at, dict(values))


def gains(before: Look, after: Look) -> Look:
    """What each series of `after` has gained since `before`; of a target that was not there then, nothing is known."""
    known = before.targets()
    gained: dict[str, dict[Series, float]] = {}
    for metric, found in after.values.items():
        first = before.values.get(metric, {})
        gained[metric] = {
            series: _gain(first.get(series, 0.0), value) for series, value in found.items() if series[:2] in known
        }
    return Look(after.at, gained)


def _gain(first: float, last: float) -> float:
    return last - first if last >= first else last


def bound_of(labels: Mapping[str, str]) -> float:
    """A bucket's upper bound; Prometheus 2 and 3 write whole numbers differently."""
    return math.inf if labels[BOUND] == "+Inf" else float(labels[BOUND])


def _sum(selector: str, *labels: str) -> str:
    return f"sum by ({', '.join((NAME, JOB, INSTANCE, *labels))}) ({selector})"
