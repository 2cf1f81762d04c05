"""What is asked of Prometheus, and what its answers mean: raw counters of one moment, and the gain between two.

Owns the one question that covers all roles of telemetry.yml, and the rules of gain: a counter that fell began anew, a
series that was not there yet began at 0 if its target was. `rate()` would miss both.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from seatrial.backends.prometheus import SeriesPoints
from seatrial.project.telemetry import ClientRequests, Roles, ServerRequests, Telemetry

JOB, INSTANCE, BOUND, PART = "job", "instance", "le", "part"
UP = "up"

# Service, replica, and the labels beside them.
Target = tuple[str, str]
Series = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Part:
    """A metric summed over all labels but these; routes that are `ignored` are left out by the label `route`."""

    metric: str
    labels: tuple[str, ...] = ()
    route: str | None = None
    ignored: frozenset[str] = frozenset()

    def expression(self, number: int) -> str:
        """`or` drops what has equal labels, whatever its name: the number keeps parts apart."""
        without = "|".join(re.escape(route) for route in sorted(self.ignored))
        selector = f"{self.metric}{{{self.route}!~`{without}`}}" if self.route and without else self.metric
        summed = f"sum by ({', '.join((JOB, INSTANCE, *self.labels))}) ({selector})"
        return f'label_replace({summed}, "{PART}", "{number}", "", "")'


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


@dataclass(frozen=True, slots=True)
class Question:
    """Everything at once."""

    parts: tuple[Part, ...]

    def expression(self) -> str:
        """In Prometheus's language."""
        return " or ".join(part.expression(number) for number, part in enumerate(self.parts))

    def read(self, at: float, found: Iterable[SeriesPoints]) -> Look:
        """The answer as a look. Prometheus gives labels in one order, so that they compare as they come."""
        values: dict[str, dict[Series, float]] = defaultdict(dict)
        for each in found:
            labels = dict(each.labels)
            part, job, instance = self.parts[int(labels.pop(PART))], labels.pop(JOB, ""), labels.pop(INSTANCE, "")
            if each.points:
                values[part.metric][job, instance, tuple(labels.items())] = each.points[-1][1]
        return Look(at, dict(values))


def question(telemetry: Telemetry, probes: Mapping[str, frozenset[str]]) -> Question:
    """What the roles of all services name; `probes` has every service with the paths that Seatrial itself asks."""
    parts = [Part(UP)]
    for service, paths in probes.items():
        roles = telemetry.roles_of(service)
        ignored = paths | frozenset(roles.ignored_routes)
        parts += _counted(telemetry, roles.server_requests, ignored)
        parts += _counted(telemetry, roles.client_requests, frozenset())
        parts += [Part(metric) for metric in _plain(roles)]
    return Question(tuple(dict.fromkeys(parts)))


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


def bound_of(labels: Mapping[str, str]) -> float:
    """A bucket's upper bound; Prometheus 2 and 3 write whole numbers differently."""
    return math.inf if labels[BOUND] == "+Inf" else float(labels[BOUND])


def _counted(
    telemetry: Telemetry, role: ServerRequests | ClientRequests | None, ignored: frozenset[str]
) -> Iterator[Part]:
    """The counts by outcome, and the buckets of a histogram."""
    if role is None:
        return
    callee = (role.callee,) if isinstance(role, ClientRequests) else ()
    error = (role.error,) if isinstance(role, ClientRequests) else ()
    outcome = tuple(label for label in (*callee, role.status, *error) if label is not None)
    yield Part(telemetry.counted_as(role.metric), outcome, role.route, ignored)
    if is_histogram(telemetry, role.metric):
        yield Part(f"{role.metric}_bucket", (*callee, BOUND), role.route, ignored)


def is_histogram(telemetry: Telemetry, metric: str) -> bool:
    """Whether latencies can be estimated of it."""
    declared = telemetry.metrics.get(metric)
    return declared is not None and declared.type == "histogram"


def _plain(roles: Roles) -> Sequence[str]:
    busy = (roles.busy.metric, roles.busy.limit) if roles.busy else ()
    return [metric for metric in (roles.cpu_seconds, roles.resident_bytes, *busy) if metric is not None]


def _gain(first: float, last: float) -> float:
    return last - first if last >= first else last
