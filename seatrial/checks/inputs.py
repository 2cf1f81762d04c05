"""What checks are given: small frozen values without I/O.

Owns the vocabulary of counted things: a request or an attempt is a key, and sources (client rows, counters, log
lines, stored series) are compared as counts per key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seatrial.checks.quantities import Resource

# What a source does not tell apart, as a counter without a label for the method.
ANY = "*"


class RequestKey(NamedTuple):
    """What requests are counted by; `status` is text, and empty when no answer came. ANY where it is not told."""

    method: str
    route: str
    status: str

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.status or 'without an answer'}"


class AttemptKey(NamedTuple):
    """What attempts of calls to other services are counted by; `error` is empty when an answer came."""

    callee: str
    method: str
    route: str
    status: str
    error: str

    @property
    def request(self) -> RequestKey:
        """What the callee should have counted."""
        return RequestKey(self.method, self.route, self.status)

    def __str__(self) -> str:
        return f"{self.method} {self.callee}{self.route} {self.status or self.error or 'without an answer'}"


Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Track:
    """One resource of one replica through the run: epoch seconds and value. `limit` is what there is of it, if known."""

    service: str
    instance: str
    resource: Resource
    points: Points
    limit: float | None = None

    def within(self, begin: float, end: float) -> Track:
        """What was measured between two moments."""
        points = tuple((at, value) for at, value in self.points if begin <= at <= end)
        return Track(self.service, self.instance, self.resource, points, self.limit)


@dataclass(frozen=True, slots=True)
class StepSamples:
    """The judged requests of one step, in arrays of one length. `window` is whole seconds since judged load began."""

    step: str
    latency_seconds: NDArray[np.float64]
    window: NDArray[np.int64]
    ok: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ClientRow:
    """One request that the load client sent, `started` in epoch seconds. `outcome` is ok, wrong, timeout, error or unfinished."""

    trace: str
    span: str
    key: RequestKey
    outcome: str
    step: str = ""
    started: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request that a service says, in its log, to have answered. `parent` is the caller's span."""

    trace: str
    parent: str
    key: RequestKey


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call without an answer, from the caller's log: the span it sent, and whom and what it asked."""

    span: str
    callee: str
    method: str
    route: str


@dataclass(frozen=True, slots=True)
class EdgeLines:
    """What the logs say beyond counts. `unanswered` are calls without an answer; `served` the callee's lines of these,
    by span; `repeated` the lines, by callee, whose caller's span stood in an earlier line; `untold` the requests, by
    callee, whose caller's span stands in no line of a call: who sent them has died before it could tell.
    """

    unanswered: Sequence[Attempt] = ()
    served: Mapping[str, RequestLine] = field(default_factory=dict)
    repeated: Mapping[str, Sequence[RequestLine]] = field(default_factory=dict)
    untold: Mapping[str, Counter[RequestKey]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """A call with an answer, from the caller's log: the span it sent, whom it asked, and the answer's status."""

    trace: str
    span: str
    caller: str
    callee: str
    status: str


@dataclass(frozen=True, slots=True)
class TraceLines:
    """What the logs say of chosen traces. `served` are, by trace, the services with a request line in it; `calls` is
    the number of answered calls between services of the fleet, `unmet` those of them whose callee has no request line
    in that trace under the span that was sent.
    """

    served: Mapping[str, frozenset[str]] = field(default_factory=dict)
    calls: int = 0
    unmet: Sequence[AnsweredCall] = ()


@dataclass(frozen=True, slots=True)
class Generator:
    """What the load processes say of themselves, summed. Lags are seconds from scheduled to started, judged stages.

    `faults` are the generator's own, in words: a process that was killed, a journey function that raised.
    """

    planned: int
    started: int
    shed: int
    unfinished: int
    in_flight_max: int
    in_flight_bound: int
    cpu_seconds: float
    wall_seconds: float
    lag_seconds: NDArray[np.float64]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceCounts:
    """What a service's raw counters gained between the readings, over its replicas.

    `unreadable` says why there are none; `reset` that a replica's process was replaced, so that what it counted
    before is lost.
    """

    requests: Counter[RequestKey] = field(default_factory=Counter)
    attempts: Counter[AttemptKey] = field(default_factory=Counter)
    unreadable: str = ""
    reset: bool = False


@dataclass(frozen=True, slots=True)
class ServiceLog:
    """What a service's log files gained between the readings.

    `errors` counts lines at an error level, `malformed` lines that are no JSON object with an event id, `repeated`
    lines whose event id stood in an earlier one; a few of each are kept as examples.
    """

    requests: Counter[RequestKey] = field(default_factory=Counter)
    attempts: Counter[AttemptKey] = field(default_factory=Counter)
    lines: int = 0
    malformed: int = 0
    repeated: int = 0
    errors: int = 0
    malformed_examples: tuple[str, ...] = ()
    repeated_examples: tuple[str, ...] = ()
    error_examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """How a replica ended that was asked to: its exit code (None when nobody learned it), and the seconds it took.

    `killed` says that it had to be, since it ran on beyond its time; `planned` why it was asked: `restart` while the
    load ran, or `drain` at the end.
    """

    instance: str
    code: int | None
    seconds: float
    killed: bool
    planned: str
