"""Calls to another service: time-outs, deadline and trace onward, one retry layer with a budget, one record per attempt.

Owns the course of a call. Sending is `transport`'s part, the choice of a replica `discovery`'s, the leave to try again
`retries`', the record `attempts`'.
"""

from __future__ import annotations

import json as jsons
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self
from urllib.parse import quote, urlencode

from fleet.kit import correlation, strict_json
from fleet.kit import exchange as exchanges
from fleet.kit.attempts import Attempt
from fleet.kit.correlation import Span
from fleet.kit.discovery import Balancer, Discovery, RoundRobin
from fleet.kit.errors import ClientError, DeadlineExceeded, NotFound, TimedOut, Unavailable, UnexpectedAnswer
from fleet.kit.retries import RETRIED_STATUS, RetryBudget, RetryPolicy, repeatable
from fleet.kit.transport import Received, Request, Transport, TransportError

KEY_HEADER = "Idempotency-Key"
_SERVER_ERROR = 500


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


class Gate(Protocol):
    """May refuse a call before it is sent: the seam for a circuit breaker."""

    def admit(self, callee: str, address: str) -> None:
        """Raise a ClientError to refuse."""

    def settled(self, callee: str, address: str, *, ok: bool) -> None:
        """How an admitted attempt ended; ok: an answer below 500."""


class OpenGate:
    """Refuses nothing."""

    def admit(self, callee: str, address: str) -> None:
        """Always."""

    def settled(self, callee: str, address: str, *, ok: bool) -> None:
        """Nothing to learn."""


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
    balancer: Balancer = field(default_factory=RoundRobin)
    gate: Gate = field(default_factory=OpenGate)
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], object] = time.sleep
    draw: Callable[[], float] = random.random

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
        Returns the answer whatever its status. Raises a ClientError when none came.
        """
        sent = dict(headers or {})
        if idempotency_key is not None:
            sent[KEY_HEADER] = idempotency_key
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
        self.budget.called()
        number, unknown = 1, False
        outcome = self._attempt(call, number)
        while self._again(call, outcome, number):
            unknown |= isinstance(outcome, ClientError) and outcome.outcome_unknown
            number += 1
            outcome = self._attempt(call, number)
        if isinstance(outcome, ClientError):
            # An earlier attempt may have been acted on, though the last one was not even sent.
            outcome.outcome_unknown |= unknown
            raise outcome
        return outcome

    def _again(self, call: _Call, outcome: Answer | ClientError, number: int) -> bool:
        worth = outcome.status in RETRIED_STATUS and not isinstance(outcome, DeadlineExceeded)
        if not (worth and call.repeatable and number < self.policy.attempts):
            return False
        pause = self.policy.pause(number, self.draw())
        if self.clock() + pause >= call.deadline or not self.budget.spend():
            return False
        self.wait(pause)
        return True

    def _attempt(self, call: _Call, number: int) -> Answer | ClientError:
        if (left := call.deadline - self.clock()) <= 0:
            return DeadlineExceeded(f"No time was left to call {self.callee}.", callee=self.callee)
        addresses = self.discovery.addresses(self.callee)
        if not addresses:
            return Unavailable(f"No replica of {self.callee} is known.", callee=self.callee)
        address = self.balancer.pick(addresses)
        try:
            self.gate.admit(self.callee, address)
        except ClientError as refusal:
            return refusal
        outcome = self._send(call, address, left, number)
        self.balancer.done(address, answered=isinstance(outcome, Answer))
        self.gate.settled(self.callee, address, ok=isinstance(outcome, Answer) and outcome.status < _SERVER_ERROR)
        return outcome

    def _send(self, call: _Call, address: str, left: float, number: int) -> Answer | ClientError:
        span = _span()
        request = self._request(call, address, left, span)
        started = time.perf_counter_ns()
        received: Received | TransportError
        try:
            received = self.transport.send(request)
        except TransportError as error:
            received = error
        duration = time.perf_counter_ns() - started
        attempt = Attempt(self.callee, call.method, call.template, span, number, duration, **_came(received))
        self.recorder.attempted(attempt)
        if isinstance(received, TransportError):
            return self._failure(received, hurried=left < self.timeouts.read)
        return Answer(self.callee, received.status, received.headers, received.body)

    def _request(self, call: _Call, address: str, left: float, span: Span) -> Request:
        headers = {
            **call.headers,
            correlation.HEADER: span.header(),
            exchanges.DEADLINE_HEADER: str(int(left * 1000)),
        }
        connect, read = min(self.timeouts.connect, left), min(self.timeouts.read, left)
        return Request(call.method, f"http://{address}{call.target}", headers, call.body, connect, read)

    def _failure(self, error: TransportError, *, hurried: bool) -> ClientError:
        kind = (DeadlineExceeded if hurried else TimedOut) if error.timed_out else Unavailable
        return kind(f"{self.callee}: {error}.", callee=self.callee, outcome_unknown=error.sent)


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


def _came(received: Received | TransportError) -> dict[str, Any]:
    if isinstance(received, TransportError):
        return {"error": received.kind, "message": str(received)}
    return {"status": received.status}
