"""From two readings to what each service counted between them, by raw counters and never by `increase()`.

Owns the rule of absence: a series that is missing counts 0 only where its target was read; and the rule of loss:
a replica whose process start changed began again at 0, and what it had counted is known as far as it was kept when
it was restarted (`left`: by instance, one exposition per process that went).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from seatrial.backends.errors import NotExposition
from seatrial.backends.exposition import Samples, Series
from seatrial.checks.inputs import AttemptKey, RequestKey, ServiceCounts
from seatrial.project.telemetry import Roles
from seatrial.readings import Reading, TargetReading

Left = Mapping[str, Sequence[Samples]]


def service_counts(
    before: Reading, after: Reading, roles: Roles, left: Left = MappingProxyType({})
) -> dict[str, ServiceCounts]:
    """What each service of either reading gained, summed over its replicas."""
    first = {target.instance: target for target in before.targets}
    gained: dict[str, list[ServiceCounts]] = {}
    for target in after.targets:
        own = _instance_counts(first.pop(target.instance, None), target, roles, left.get(target.instance, ()))
        gained.setdefault(target.service, []).append(own)
    for target in first.values():
        missing = ServiceCounts(unreadable=f"{target.instance} is in the first reading only")
        gained.setdefault(target.service, []).append(missing)
    return {service: _summed(counts) for service, counts in gained.items()}


def process_starts(reading: Reading, roles: Roles) -> dict[str, float]:
    """When each readable replica's process started, in epoch seconds."""
    starts = {}
    for target in reading.targets:
        try:
            start = _start(target.samples(), roles)
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
    roles: Roles,
    left: Left = MappingProxyType({}),
) -> int | None:
    """What a service's stored counters gained since the first reading; None when an instance is missing on a side.

    `starts` are the process starts of those whose counters were stored: counters alone do not tell whose they are.
    """
    total = 0.0
    mine = [target for target in before.targets if target.service == service]
    for target in mine:
        try:
            then = target.samples()
        except NotExposition:
            return None
        if target.instance not in stored:
            return None
        last = dict(stored[target.instance])
        if roles.process_start and target.instance in starts:
            last[Series(roles.process_start, ())] = starts[target.instance]
        total += _served(_gained(then, [*left.get(target.instance, ()), last], roles), roles)
    return round(total) if mine else None


def _served(samples: Samples, roles: Roles) -> float:
    return sum(value for series, value in samples.items() if series.name == f"{roles.server_requests.metric}_count")


def _instance_counts(
    first: TargetReading | None, last: TargetReading, roles: Roles, left: Sequence[Samples]
) -> ServiceCounts:
    try:
        now = last.samples()
        then = first.samples() if first else {}
    except NotExposition as error:
        return ServiceCounts(unreadable=f"{last.instance}: {error}")
    reset = first is not None and _start(then, roles) != _start(now, roles)
    # A counter that fell, or vanished, within one process is no counter: nothing may be concluded from it.
    broken = next(
        (key for key in {**then, **now} if _counts(key, roles) and now.get(key, -1.0) < then.get(key, 0.0)), None
    )
    if broken is not None and not reset:
        return ServiceCounts(unreadable=f"{last.instance}: {broken} fell or vanished while the process went on")
    gained = _gained(then, [*left, now], roles)
    return ServiceCounts(requests=_requests(gained, roles), attempts=_attempts(gained, roles), reset=reset)


def _gained(then: Samples, later: Sequence[Samples], roles: Roles) -> Samples:
    """What was counted since `then`: the last that is known of each process, less what `then` showed of its own."""
    processes = {_start(samples, roles): samples for samples in later}
    gained: Samples = {}
    for start, samples in processes.items():
        base = then if start == _start(then, roles) else {}
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


def _counts(series: Series, roles: Roles) -> bool:
    client = roles.client_requests
    return series.name in {f"{roles.server_requests.metric}_count", f"{client.metric}_count" if client else ""}


def _requests(gained: Samples, roles: Roles) -> Counter[RequestKey]:
    role = roles.server_requests
    counts: Counter[RequestKey] = Counter()
    for series, value in gained.items():
        if series.name == f"{role.metric}_count" and value:
            counts[request_key(series, role.method, role.route, role.status)] += round(value)
    return counts


def _attempts(gained: Samples, roles: Roles) -> Counter[AttemptKey]:
    role = roles.client_requests
    counts: Counter[AttemptKey] = Counter()
    for series, value in gained.items() if role else ():
        if role and series.name == f"{role.metric}_count" and value:
            request = request_key(series, role.method, role.route, role.status)
            # The error tells attempts without an answer apart; some kits repeat an answer's status in it.
            error = "" if request.status else series.label(role.error)
            counts[AttemptKey(series.label(role.callee), *request, error)] += round(value)
    return counts


def request_key(series: Series, method: str, route: str, status: str) -> RequestKey:
    """The key of a series, by the names of its labels."""
    return RequestKey(series.label(method), series.label(route), series.label(status))


def _start(samples: Samples, roles: Roles) -> float | None:
    return next((value for series, value in samples.items() if series.name == roles.process_start), None)
