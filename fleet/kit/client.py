"""Calls to another service: time-outs, deadline and trace onward, one retry layer with a budget, one record per attempt.

Owns the course of a call. Sending is `transport`'s part, the choice of a replica `replicas`', the leave to try again
`retries`', the record `attempts`'.
"""

from __future__ import annotations

import json as jsons
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self
from urllib.parse import quote, urlencode

from fleet.kit import correlation, strict_json
from fleet.kit import exchange as exchanges
from fleet.kit.attempts import Attempt
from fleet.kit.balance import Balancer, TwoChoices
from fleet.kit.breaker import Breaker
from fleet.kit.correlation import Span
from fleet.kit.discovery import Discovery
from fleet.kit.errors import (
    BadRequest,
    ClientError,
    DeadlineExceeded,
    NotFound,
    TimedOut,
    Unavailable,
    UnexpectedAnswer,
)
from fleet.kit.replicas import Gate, Place, Replicas
from fleet.kit.retries import RETRIED_STATUS, RetryBudget, RetryPolicy, asked_back, repeatable
from fleet.kit.transport import Received, Request, Transport, TransportError

KEY_HEADER = "Idempotency-Key"
_SERVER_ERROR = 500
_SHORTEST = 0.001  # s; sockets take no time-out of nothing
# What HTTP lets a value be, without the bytes beyond ASCII that each hop reads in its own way (RFC 9110, 5.5).
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the callee said, whatever its status; header names are case-insensitive."""

    callee: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's value; UnexpectedAnswer when it is not JSON."""
        try:
            return strict_json.loads(self.body)
        except strict_json.InvalidJson as error:
            raise UnexpectedAnswer(f"{self.callee} answered {self.status} without JSON: {error}.") from None

    def expect(self, *statuses: int) -> Self:
        """Itself when its status is among `statuses`, else UnexpectedAnswer."""
        if self.status in statuses:
            return self
        unknown = self.status >= _SERVER_ERROR
        raise UnexpectedAnswer(f"{self.callee} answered {self.status}.", callee=self.callee, outcome_unknown=unknown)


class Recorder(Protocol):
    """Gets every attempt once, when it has ended."""

    def attempted(self, attempt: Attempt) -> None:
        """Must not raise."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `deadline` bounds a whole call, retries included; the deadline of the request that it serves may be nearer."""

    connect: float = 1.0
    read: float = 5.0
    deadline: float = 10.0


@dataclass(frozen=True, slots=True)
class _Call:
    """What stays the same over the attempts of one call. `target` is path and query."""

    method: str
    template: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    deadline: float
    repeatable: bool


@dataclass(slots=True, kw_only=True)
class ServiceClient:
    """The way to one service. Safe for threads; one per callee and process."""

    callee: str
    discovery: Discovery
    transport: Transport
    recorder: Recorder
    timeouts: Timeouts = field(default_factory=Timeouts)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    budget: RetryBudget = field(default_factory=RetryBudget)
    balancer: Balancer = field(default_factory=TwoChoices)
    gate: Gate = field(default_factory=Breaker)
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], object] = time.sleep
    draw: Callable[[], float] = random.random
    _replicas: Replicas = field(init=False)

    def __post_init__(self) -> None:
        """Put the parts that choose together."""
        self._replicas = Replicas(
            callee=self.callee,
            discovery=self.discovery,
            balancer=self.balancer,
            gate=self.gate,
            transport=self.transport,
        )

    def get(self, template: str, **options: Any) -> Answer:
        """`request` with GET."""
        return self.request("GET", template, **options)

    def post(self, template: str, **options: Any) -> Answer:
        """`request` with POST."""
        return self.request("POST", template, **options)

    def request(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        method: str,
        template: str,
        *,
        path: Mapping[str, object] | None = None,
        params: Mapping[str, object | None] | None = None,
        json: object = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Call `template`, its braces filled from `path`; `params` that are None are left out.

        The body is `json`, or `body` as it is. `timeout` (s) stands for the client's own deadline.
        Returns the answer whatever its status. Raises a ClientError when none came, and BadRequest, since headers come from
        the request that is being served, for one that cannot be passed on.
        """
        sent = dict(headers or {})
        if idempotency_key is not None:
            sent[KEY_HEADER] = idempotency_key
        _refuse_strange(sent)
        if json is not None:
            body = jsons.dumps(json, separators=(",", ":"), allow_nan=False).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        keyed = any(name.lower() == KEY_HEADER.lower() for name in sent)
        target = _target(template, path or {}, params or {})
        deadline = self._deadline(timeout)
        return self._call(_Call(method, template, target, sent, body, deadline, repeatable(method, keyed=keyed)))

    def _deadline(self, timeout: float | None) -> float:
        own = self.clock() + (self.timeouts.deadline if timeout is None else timeout)
        scope = exchanges.current()
        return own if scope is None or scope.deadline is None else min(own, scope.deadline)

    def _call(self, call: _Call) -> Answer:
        if self.clock() >= call.deadline:
            raise DeadlineExceeded(f"No time was left to call {self.callee}.", callee=self.callee)
        self.budget.called()
        tried: list[str] = []
        came = self._attempt(call, self._replicas.place(tried), tried)
        sent = _sent(came)
        while self._again(call, came, tried):
            try:
                place = self._replicas.place(tried)
            except Unavailable:
                break  # what came of the attempt before tells more
            came = self._attempt(call, place, tried)
            sent |= _sent(came)
        if isinstance(came, TransportError):
            # An earlier attempt may have been acted on, though the last one was not even sent.
            raise self._failure(call, came, outcome_unknown=sent)
        return Answer(self.callee, came.status, came.headers, came.body)

    def _again(self, call: _Call, came: Received | TransportError, tried: Sequence[str]) -> bool:
        """Whether to try once more; waits before it says yes."""
        number, sent = len(tried), _sent(came)
        if not self.policy.allows(number, sent=sent, repeatable=call.repeatable) or not _worth_repeating(came):
            return False
        if not sent and self._replicas.others(tried):
            return self.clock() < call.deadline  # at once and beyond the budget: nobody has had any work of it yet
        pause = self.policy.pause(number, self.draw())
        if isinstance(came, Received):
            pause = max(pause, asked_back(came.status, came.headers) or 0.0)
        if self.clock() + pause >= call.deadline or not self.budget.spend():
            return False
        self.wait(pause)
        return self.clock() < call.deadline

    def _attempt(self, call: _Call, place: Place, tried: list[str]) -> Received | TransportError:
        tried.append(place.address)
        left = max(call.deadline - self.clock(), _SHORTEST)
        span = _span()
        request = self._request(call, place.address, left, span)
        started = time.perf_counter_ns()
        came: Received | TransportError
        try:
            came = self.transport.send(request)
        except TransportError as error:
            came = error
        duration = time.perf_counter_ns() - started
        self._replicas.ended(place, came, left)
        self.recorder.attempted(
            Attempt(self.callee, call.method, call.template, span, len(tried), duration, **_recorded(came))
        )
        return came

    def _request(self, call: _Call, address: str, left: float, span: Span) -> Request:
        headers = {**call.headers, **span.headers(), exchanges.DEADLINE_HEADER: str(int(left * 1000))}
        connect, read = min(self.timeouts.connect, left), min(self.timeouts.read, left)
        return Request(call.method, address, call.target, headers, call.body, connect, read)

    def _failure(self, call: _Call, error: TransportError, *, outcome_unknown: bool) -> ClientError:
        kind: type[ClientError] = Unavailable
        if error.timed_out:
            kind = DeadlineExceeded if self.clock() >= call.deadline else TimedOut
        return kind(f"{self.callee}: {error}.", callee=self.callee, outcome_unknown=outcome_unknown)


def _refuse_strange(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _VALUE.fullmatch(value):
            raise BadRequest(f"The header {name} has a value that cannot be passed on.")


def _target(template: str, path: Mapping[str, object], params: Mapping[str, object | None]) -> str:
    target = template.format_map({name: _segment(str(value)) for name, value in path.items()})
    query = urlencode({name: str(value) for name, value in params.items() if value is not None})
    return f"{target}?{query}" if query else target


def _segment(value: str) -> str:
    # Dot segments are resolved away on the way, escaped or not (RFC 3986, 6.2.2): the call would reach another resource.
    if value in {"", ".", ".."}:
        raise NotFound(f"There is nothing with the id {value!r}.")
    return quote(value, safe="")


def _span() -> Span:
    scope = exchanges.current()
    return scope.span.child() if scope is not None else correlation.receive(None)


def _sent(came: Received | TransportError) -> bool:
    return isinstance(came, Received) or came.sent


def _worth_repeating(came: Received | TransportError) -> bool:
    if isinstance(came, TransportError):
        return True
    return came.status in RETRIED_STATUS or asked_back(came.status, came.headers) is not None


def _recorded(came: Received | TransportError) -> dict[str, Any]:
    if isinstance(came, TransportError):
        return {"error": came.kind, "message": str(came)}
    return {"status": came.status}
