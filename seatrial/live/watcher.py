"""Sees the fleet: asks its Prometheus and its replicas, and turns two moments into rates, latencies and shares.

Leaves when to look to lookout.py, and how it looks to the renderers. Owns no thread; clock and probe come from outside.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from seatrial.backends.errors import BackendError
from seatrial.backends.prometheus import Prometheus
from seatrial.live.questions import UP, Look, bound_of, gains, question, read
from seatrial.project.telemetry import Bounded, Roles
from seatrial.report.events import CallSeen, FleetSeen, ServiceSeen
from seatrial.statistics.buckets import estimate

# Fewer scrapes than five say more about their moments than about the fleet.
WINDOW_SCRAPES = 5
NO_PROMETHEUS = "this stack has no Prometheus, so the figures of services and calls are not known"


@dataclass(frozen=True, slots=True)
class Watched:
    """One replica: where it says whether it is ready."""

    service: str
    ready_url: str


@dataclass(slots=True)
class Watcher:
    """`edges` are the calls that are drawn; `probe` says whether a GET is answered with 200; `interval` is between scrapes."""

    roles: Roles
    edges: Sequence[tuple[str, str]]
    replicas: Sequence[Watched]
    prometheus: Prometheus | None
    probe: Callable[[str], bool]
    interval: float = 1.0
    _looks: deque[Look] = field(default_factory=deque)

    def look(self, now: float) -> FleetSeen:
        """What is to be seen at `now`, in epoch seconds. Never raises: what cannot be seen is an obstacle."""
        ready, obstacle = self._count_ready(), ""
        try:
            self._ask(float(int(now)))
        except BackendError as error:
            self._looks.clear()
            obstacle = str(error)
        return self._seen(now, ready, obstacle)

    def _ask(self, at: float) -> None:
        """At whole seconds, so that a target's scrapes are as many between two looks as there are seconds."""
        if self.prometheus is None:
            raise BackendError(NO_PROMETHEUS)
        window = WINDOW_SCRAPES * self.interval
        if self._looks and at - self._looks[-1].at > window:
            self._looks.clear()  # nobody looked for a while
        for moment in [at] if self._looks else [at - window, at]:
            self._looks.append(read(moment, self.prometheus.query(question(self.roles), moment)))
        while len(self._looks) > 1 and self._looks[1].at <= at - window:
            self._looks.popleft()

    def _count_ready(self) -> dict[str, int]:
        ready = dict.fromkeys(self._services(), 0)
        for each in self.replicas:
            ready[each.service] += self.probe(each.ready_url)
        return ready

    def _services(self) -> list[str]:
        return list(dict.fromkeys(each.service for each in self.replicas))

    def _seen(self, now: float, ready: Mapping[str, int], obstacle: str) -> FleetSeen:
        figures = _Figures(self.roles, self._looks) if self._looks else None
        numbers = Counter(each.service for each in self.replicas)
        known = [(name, numbers[name], ready[name]) for name in self._services()]
        services = [figures.service(*each) if figures else ServiceSeen(*each) for each in known]
        calls = [figures.call(*edge) if figures else CallSeen(*edge) for edge in self.edges]
        return FleetSeen(now, figures.seconds if figures else 0.0, tuple(services), tuple(calls), obstacle)


class _Figures:
    """The figures between the first and the last of some looks."""

    def __init__(self, roles: Roles, looks: Sequence[Look]) -> None:
        self._roles, self._looks, self._last = roles, looks, looks[-1]
        self.seconds = self._last.at - looks[0].at
        self._known = {job for job, _ in looks[0].targets() & self._last.targets()} if self.seconds else set()
        gained = gains(looks[0], self._last)
        self._served, self._called = _requests(roles, gained), _calls(roles, gained)
        self._cpu = _by_job(gained.of(roles.cpu_seconds))
        self._memory = _by_job(self._last.of(roles.resident_bytes))
        self._scraped = _by_job(self._last.of(UP))
        self._busy = _busy_shares(roles.busy, looks)

    def service(self, name: str, number: int, ready: int) -> ServiceSeen:
        """One service; without two looks at it there are no rates."""
        known, counts = name in self._known, self._served[name]
        return ServiceSeen(
            name,
            number,
            ready,
            scraped=int(self._scraped.get(name, 0)),
            rate=self._rate(counts.total) if known else None,
            errors=self._rate(counts.errors) if known else None,
            p50=estimate(counts.buckets, 0.5),
            p95=estimate(counts.buckets, 0.95),
            p99=estimate(counts.buckets, 0.99),
            busy=self._busy.get(name),
            cpu=self._rate(self._cpu[name]) if known and name in self._cpu else None,
            resident_bytes=self._memory.get(name),
        )

    def call(self, caller: str, callee: str) -> CallSeen:
        """One edge, as its caller counts it."""
        if caller not in self._known or self._roles.client_requests is None:
            return CallSeen(caller, callee)
        counts = self._called[caller, callee]
        return CallSeen(
            caller, callee, self._rate(counts.total), self._rate(counts.errors), estimate(counts.buckets, 0.95)
        )

    def _rate(self, gained: float) -> float:
        return gained / self.seconds


@dataclass(slots=True)
class _Counts:
    total: float = 0.0
    errors: float = 0.0
    buckets: dict[float, float] = field(default_factory=lambda: defaultdict(float))


def _requests(roles: Roles, gained: Look) -> Mapping[str, _Counts]:
    role, found = roles.server_requests, defaultdict[str, _Counts](_Counts)
    for job, labels, value in gained.of(f"{role.metric}_count"):
        found[job].total += value
        found[job].errors += value * _is_error(labels.get(role.status, ""))
    for job, labels, value in gained.of(f"{role.metric}_bucket"):
        found[job].buckets[bound_of(labels)] += value
    return found


def _calls(roles: Roles, gained: Look) -> Mapping[tuple[str, str], _Counts]:
    role, found = roles.client_requests, defaultdict[tuple[str, str], _Counts](_Counts)
    if role is None:
        return found
    for job, labels, value in gained.of(f"{role.metric}_count"):
        counts = found[job, labels.get(role.callee, "")]
        failed = _is_error(labels.get(role.status, "")) or bool(labels.get(role.error))
        counts.total += value
        counts.errors += value * failed
    for job, labels, value in gained.of(f"{role.metric}_bucket"):
        found[job, labels.get(role.callee, "")].buckets[bound_of(labels)] += value
    return found


def _is_error(status: str) -> bool:
    return status.startswith("5")


def _by_job(series: Iterable[tuple[str, Mapping[str, str], float]]) -> dict[str, float]:
    """Summed over the replicas."""
    found: dict[str, float] = defaultdict(float)
    for job, _, value in series:
        found[job] += value
    return dict(found)


def _busy_shares(role: Bounded | None, looks: Sequence[Look]) -> dict[str, float]:
    """By service the mean, over the looks, of busy threads to all threads."""
    if role is None:
        return {}
    shares = defaultdict(list)
    for look in looks:
        busy, limit = _by_job(look.of(role.metric)), _by_job(look.of(role.limit))
        for name in busy:
            if limit.get(name):
                shares[name].append(busy[name] / limit[name])
    return {name: sum(found) / len(found) for name, found in shares.items()}
