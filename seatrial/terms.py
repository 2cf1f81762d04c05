"""In which terms each source of counts tells requests apart, and how two sources are brought to the terms of both.

A counter without a label for the method, or a log line without a route, is compared by what is left. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from seatrial.checks.inputs import ANY, AttemptKey, ClientRow, RequestKey, RequestLine, ServiceCounts, ServiceLog
from seatrial.project.telemetry import (
    ClientRequestLine,
    ClientRequests,
    ServerRequestLine,
    ServerRequests,
    Telemetry,
)

Dims: TypeAlias = frozenset[str]
FULL: Dims = frozenset({"method", "route", "status"})


@dataclass(frozen=True, slots=True)
class Terms:
    """By what one service's counters and log lines tell requests, and its attempts of calls; None where they do not.

    `metrics` and `log` are whether it has any; `traced` whether its request lines name trace and parent; `ignored` the
    routes that it is not asked about.
    """

    requests: Dims | None = FULL
    attempts: Dims | None = FULL
    request_lines: Dims | None = FULL
    attempt_lines: Dims | None = FULL
    metrics: bool = True
    log: bool = True
    traced: bool = True
    ignored: frozenset[str] = frozenset()

    @property
    def compares(self) -> bool:
        """Whether requests, or attempts, are both counted and logged."""
        requests = self.requests is not None and self.request_lines is not None
        return requests or (self.attempts is not None and self.attempt_lines is not None)


def terms_of(telemetry: Telemetry, service: str, *, metrics: bool, log: bool) -> Terms:
    """By its roles, as far as its metrics and its log are within reach."""
    roles = telemetry.roles_of(service)
    lines = roles.log if log else None
    return Terms(
        requests=_dims(roles.server_requests) if metrics else None,
        attempts=_dims(roles.client_requests) if metrics else None,
        request_lines=_dims(lines.server_request) if lines else None,
        attempt_lines=_dims(lines.client_request) if lines else None,
        metrics=metrics,
        log=lines is not None,
        traced=lines is not None and None not in {lines.trace, lines.parent, lines.server_request},
        ignored=frozenset(roles.ignored_routes),
    )


def _dims(role: ServerRequests | ClientRequests | ServerRequestLine | ClientRequestLine | None) -> Dims | None:
    return None if role is None else frozenset(name for name in FULL if getattr(role, name) is not None)


def shared(*sources: Dims | None) -> Dims:
    """What all of them tell, of those that tell anything."""
    found = FULL
    for each in sources:
        found = found if each is None else found & each
    return found


def told(key: RequestKey, dims: Dims) -> RequestKey:
    """The key in these terms. That no answer came is told in all of them."""
    if dims == FULL:
        return key
    return RequestKey(
        key.method if "method" in dims else ANY,
        key.route if "route" in dims else ANY,
        key.status if "status" in dims or not key.status else ANY,
    )


def requests_told(counts: Counter[RequestKey], dims: Dims) -> Counter[RequestKey]:
    """The counts in these terms."""
    found: Counter[RequestKey] = Counter()
    for key, number in counts.items():
        found[told(key, dims)] += number
    return found


def attempts_told(counts: Counter[AttemptKey], dims: Dims) -> Counter[AttemptKey]:
    """The counts in these terms."""
    found: Counter[AttemptKey] = Counter()
    for key, number in counts.items():
        found[AttemptKey(key.callee, *told(key.request, dims), key.error)] += number
    return found


def rows_told(rows: Iterable[ClientRow], dims: Dims) -> list[ClientRow]:
    """The rows in these terms."""
    return list(rows) if dims == FULL else [replace(row, key=told(row.key, dims)) for row in rows]


def lines_told(lines: Iterable[RequestLine], dims: Dims) -> list[RequestLine]:
    """The lines in these terms."""
    return list(lines) if dims == FULL else [replace(line, key=told(line.key, dims)) for line in lines]


def comparable(
    counts: Mapping[str, ServiceCounts], logs: Mapping[str, ServiceLog], terms: Mapping[str, Terms]
) -> tuple[dict[str, ServiceCounts], dict[str, ServiceLog]]:
    """Counters and log lines of each service in the terms of both, without what only one side tells."""
    counted, logged = dict(counts), dict(logs)
    for service in counted.keys() | logged.keys():
        own = terms.get(service, Terms())
        count, log = counted.get(service, ServiceCounts()), logged.get(service, ServiceLog())
        requests, attempts = shared(own.requests, own.request_lines), shared(own.attempts, own.attempt_lines)
        both_requests = own.requests is not None and own.request_lines is not None
        both_attempts = own.attempts is not None and own.attempt_lines is not None
        if service in counted:
            counted[service] = replace(
                count,
                requests=requests_told(count.requests, requests) if both_requests else Counter(),
                attempts=attempts_told(count.attempts, attempts) if both_attempts else Counter(),
            )
        if service in logged:
            logged[service] = replace(
                log,
                requests=requests_told(log.requests, requests) if both_requests else Counter(),
                attempts=attempts_told(log.attempts, attempts) if both_attempts else Counter(),
            )
    return counted, logged
