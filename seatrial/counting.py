"""From two readings to what each service counted between them, by raw counters and never by `increase()`.

Owns the rule of absence: a series that is missing counts 0 only where its target was read; and the rule of loss:
a replica whose process start changed began again at 0, and what it had counted is known as far as it was kept when
it was restarted (`left`: by instance, one exposition per process that went).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from seatrial.backends.errors import NotExposition
from seatrial.backends.exposition import Samples, Series
from seatrial.backends.log_layout import braced
from seatrial.checks.inputs import ANY, AttemptKey, RequestKey, ServiceCounts
from seatrial.project.telemetry import ClientRequests, Roles, ServerRequests, Telemetry
from seatrial.readings import Reading, TargetReading

Left = Mapping[str, Sequence[Samples]]


@dataclass(frozen=True, slots=True)
class Reader:
    """How the series of one service are read: its roles, and the names under which requests and attempts count."""

    roles: Roles
    served: str | None
    called: str | None

    @classmethod
    def of(cls, telemetry: Telemetry, service: str) -> Reader:
        """By the contract."""
        roles = telemetry.roles_of(service)
        server, client = roles.server_requests, roles.client_requests
        return cls(
            roles,
            telemetry.counted_as(server.metric) if server else None,
            telemetry.counted_as(client.metric) if client else None,
        )

    def start(self, samples: Samples) -> float | None:
        """When the process started, in epoch seconds."""
        return next((value for series, value in samples.items() if series.name == self.roles.process_start), None)

    def requests(self, samples: Samples) -> Counter[RequestKey]:
        """Requests served, by key."""
        counts: Counter[RequestKey] = Counter()
        for series, value in samples.items():
            if self._serves(series) and self.roles.server_requests and value:
                counts[request_key(series, self.roles.server_requests)] += round(value)
        return counts

    def attempts(self, samples: Samples) -> Counter[AttemptKey]:
        """Calls attempted, by key."""
        counts: Counter[AttemptKey] = Counter()
        role = self.roles.client_requests
        for series, value in samples.items() if role else ():
            if role and series.name == self.called and value:
                request = request_key(series, role)
                # The error tells attempts without an answer apart; some kits repeat an answer's status in it.
                error = series.label(role.error) if role.error and not request.status else ""
                counts[AttemptKey(series.label(role.callee), *request, error)] += round(value)
        return counts

    def total(self, samples: Samples) -> float:
        """Requests served, of all keys."""
        return sum(value for series, value in samples.items() if self._serves(series))

    def counts(self, series: Series) -> bool:
        """Whether a series counts requests or attempts."""
        return self._serves(series) or series.name == self.called

    def _serves(self, series: Series) -> bool:
        return series.name == self.served and not series.has(frozenset(self.roles.ignored_routes))


def service_counts(
    before: Reading, after: Reading, telemetry: Telemetry, left: Left = MappingProxyType({})
) -> dict[str, ServiceCounts]:
    """What each service of either reading that has metrics gained, summed over its replicas."""
    first = {target.instance: target for target in before.targets if target.offered}
    gained: dict[str, list[ServiceCounts]] = {}
    for target in (target for target in after.targets if target.offered):
        reader = Reader.of(telemetry, target.service)
        own = _instance_counts(first.pop(target.instance, None), target, reader, left.get(target.instance, ()))
        gained.setdefault(target.service, []).append(own)
    for target in first.values():
        missing = ServiceCounts(unreadable=f"{target.instance} is in the first reading only")
        gained.setdefault(target.service, []).append(missing)
    return {service: _summed(counts) for service, counts in gained.items()}


def process_starts(reading: Reading, telemetry: Telemetry) -> dict[str, float]:
    """When each readable replica's process started, in epoch seconds."""
    starts = {}
    for target in reading.targets:
        try:
            start = Reader.of(telemetry, target.service).start(target.samples())
        except NotExposition:
            continue
        if start is not None:
            starts[target.instance] = start
    return starts


def stored_requests(
    before: Reading,
    stored: Mapping[str, Samples],
    starts: Mapping[str, float],
    service: str,
    telemetry: Telemetry,
    left: Left = MappingProxyType({}),
) -> int | None:
    """What a service's stored counters gained since the first reading; None when an instance is missing on a side.

    `starts` are the process starts of those whose counters were stored: counters alone do not tell whose they are.
    """
    total = 0.0
    mine = [target for target in before.targets if target.service == service]
    reader = Reader.of(telemetry, service)
    for target in mine:
        try:
            then = target.samples()
        except NotExposition:
            return None
        if target.instance not in stored:
            return None
        last = dict(stored[target.instance])
        if reader.roles.process_start and target.instance in starts:
            last[Series(reader.roles.process_start, ())] = starts[target.instance]
        total += reader.total(_gained(then, [*left.get(target.instance, ()), last], reader))
    return round(total) if mine and reader.served else None


def _instance_counts(
    first: TargetReading | None, last: TargetReading, reader: Reader, left: Sequence[Samples]
) -> ServiceCounts:
    try:
        now = last.samples()
        then = first.samples() if first else {}
    except NotExposition as error:
        return ServiceCounts(unreadable=f"{last.instance}: {error}")
    reset = first is not None and reader.start(then) != reader.start(now)
    # A counter that fell, or vanished, within one process is no counter: nothing may be concluded from it.
    broken = next(
        (key for key in {**then, **now} if reader.counts(key) and now.get(key, -1.0) < then.get(key, 0.0)), None
    )
    if broken is not None and not reset:
        return ServiceCounts(unreadable=f"{last.instance}: {broken} fell or vanished while the process went on")
    gained = _gained(then, [*left, now], reader)
    return ServiceCounts(requests=reader.requests(gained), attempts=reader.attempts(gained), reset=reset)


def _gained(then: Samples, later: Sequence[Samples], reader: Reader) -> Samples:
    """What was counted since `then`: the last that is known of each process, less what `then` showed of its own."""
    processes = {reader.start(samples): samples for samples in later}
    gained: Samples = {}
    for start, samples in processes.items():
        base = then if start == reader.start(then) else {}
        for series, value in samples.items():
            gained[series] = gained.get(series, 0.0) + value - base.get(series, 0.0)
    return gained


def _summed(parts: Iterable[ServiceCounts]) -> ServiceCounts:
    requests: Counter[RequestKey] = Counter()
    attempts: Counter[AttemptKey] = Counter()
    unreadable, reset = [], False
    for part in parts:
        requests.update(part.requests)
        attempts.update(part.attempts)
        unreadable += [part.unreadable] if part.unreadable else []
        reset = reset or part.reset
    return ServiceCounts(requests, attempts, "; ".join(unreadable), reset)


def request_key(series: Series, role: ServerRequests | ClientRequests) -> RequestKey:
    """The key of a series, by the names of its labels."""
    method, route, status = (
        ANY if name is None else series.label(name) for name in (role.method, role.route, role.status)
    )
    return RequestKey(method, braced(route), status)
