"""The figures of services and calls between the first and the last of some looks at a fleet. Pure.

A figure that a service's roles or metrics give no ground for is None, never 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from seatrial.live.questions import UP, Look, bound_of, gains
from seatrial.project.telemetry import ClientRequests, Roles, ServerRequests, Telemetry
from seatrial.report.events import CallSeen, ServiceSeen
from seatrial.statistics.buckets import estimate


@dataclass(slots=True)
class Counts:
    """Requests or attempts, those that failed, and how many took at most how long."""

    total: float = 0.0
    errors: float = 0.0
    buckets: dict[float, float] = field(default_factory=lambda: defaultdict(float))


class Figures:
    """Of at least one look; with a single one there are no rates."""

    def __init__(self, telemetry: Telemetry, looks: Sequence[Look]) -> None:
        self._telemetry, self._looks, self._last = telemetry, looks, looks[-1]
        self.seconds = self._last.at - looks[0].at
        self._known = {job for job, _ in looks[0].targets() & self._last.targets()} if self.seconds else set()
        self._gained = gains(looks[0], self._last)
        self._counts: dict[str, Mapping[tuple[str, str], Counts]] = {}
        self._sums: dict[tuple[int, str], Mapping[str, float]] = {}

    def service(self, name: str, number: int, ready: int) -> ServiceSeen:
        """One service, of which `number` replicas should be there."""
        roles = self._telemetry.roles_of(name)
        counts = self._requests(name, roles)
        rated = name in self._known and roles.server_requests is not None
        told = rated and roles.server_requests is not None and roles.server_requests.status is not None
        cpu = self._sum(self._gained, roles.cpu_seconds).get(name)
        return ServiceSeen(
            name,
            number,
            ready,
            scraped=int(self._sum(self._last, UP).get(name, 0)),
            rate=counts.total / self.seconds if rated else None,
            errors=counts.errors / self.seconds if told else None,
            p50=estimate(counts.buckets, 0.5),
            p95=estimate(counts.buckets, 0.95),
            p99=estimate(counts.buckets, 0.99),
            busy=self._busy(name, roles),
            cpu=cpu / self.seconds if cpu is not None and name in self._known else None,
            resident_bytes=self._sum(self._last, roles.resident_bytes).get(name),
        )

    def call(self, caller: str, callee: str) -> CallSeen:
        """One edge, as its caller counts it."""
        role = self._telemetry.roles_of(caller).client_requests
        if caller not in self._known or role is None:
            return CallSeen(caller, callee)
        counts = self._counted(role).get((caller, callee), Counts())
        rate, errors = counts.total / self.seconds, counts.errors / self.seconds
        return CallSeen(caller, callee, rate, errors, estimate(counts.buckets, 0.95))

    def _requests(self, name: str, roles: Roles) -> Counts:
        role = roles.server_requests
        return Counts() if role is None else self._counted(role).get((name, ""), Counts())

    def _counted(self, role: ServerRequests | ClientRequests) -> Mapping[tuple[str, str], Counts]:
        """By service, and by callee for attempts; once per metric, which services mostly share."""
        if role.metric not in self._counts:
            series = self._telemetry.counted_as(role.metric)
            self._counts[role.metric] = _counts(self._gained, role, series)
        return self._counts[role.metric]

    def _busy(self, name: str, roles: Roles) -> float | None:
        """The mean over the looks of busy threads to all threads."""
        busy, shares = roles.busy, []
        if busy is None:
            return None
        for look in self._looks:
            used, limit = (self._sum(look, metric).get(name) for metric in (busy.metric, busy.limit))
            if used is not None and limit:
                shares.append(used / limit)
        return sum(shares) / len(shares) if shares else None

    def _sum(self, look: Look, metric: str | None) -> Mapping[str, float]:
        """A metric by service, over the replicas."""
        key = (id(look), metric or "")
        if key not in self._sums:
            self._sums[key] = _by_job(look.of(metric))
        return self._sums[key]


def _counts(gained: Look, role: ServerRequests | ClientRequests, series: str) -> Mapping[tuple[str, str], Counts]:
    callee = role.callee if isinstance(role, ClientRequests) else ""
    error = role.error if isinstance(role, ClientRequests) else None
    found = defaultdict[tuple[str, str], Counts](Counts)
    for job, labels, value in gained.of(series):
        counts = found[job, labels.get(callee, "")]
        # An attempt without an answer has no status.
        unanswered = bool(callee) and not labels.get(role.status or "")
        failed = labels.get(role.status or "", "").startswith("5") or unanswered or bool(labels.get(error or ""))
        counts.total += value
        counts.errors += value * failed
    for job, labels, value in gained.of(f"{role.metric}_bucket"):
        found[job, labels.get(callee, "")].buckets[bound_of(labels)] += value
    return found


def _by_job(series: Iterable[tuple[str, Mapping[str, str], float]]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for job, _, value in series:
        found[job] += value
    return dict(found)
