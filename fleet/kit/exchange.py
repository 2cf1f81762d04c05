"""One request from its first byte to its last, and who asks: the scope that log lines and outgoing calls take their ids from.

Owns the WSGI layer around Flask that opens and closes an `Exchange` and runs the other concerns' steps at both ends.
It buffers the answer, so that the measured time ends with the last byte and granian takes its one-call path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic, perf_counter_ns
from typing import TYPE_CHECKING

from fleet.kit import correlation
from fleet.kit.correlation import Span
from fleet.kit.errors import DeadlineExceeded

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

UNMATCHED = "unmatched"
DEADLINE_HEADER = "Request-Timeout-Ms"  # what is left, not an instant: clocks differ between hosts
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


@dataclass(slots=True)
class Scope:
    """Work under one span. `deadline` is an instant of `time.monotonic`, None without one."""

    span: Span
    deadline: float | None = None
    user_id: str | None = None

    @property
    def trace_id(self) -> str:
        """Of the whole trace, 32 hex digits."""
        return self.span.trace_id

    @property
    def span_id(self) -> str:
        """Of this service's part, 16 hex digits."""
        return self.span.span_id


@dataclass(slots=True, kw_only=True)
class Exchange(Scope):
    """A request and its answer. `status` is 500 until the answer has begun; `duration` is 0 until it has ended."""

    wsgi: WSGIEnvironment = field(repr=False)  # what the server gave; `environ` is a word of settings modules
    method: str
    started: int  # ns of time.perf_counter_ns
    status: int = 500
    duration: int = 0  # ns
    error: BaseException | None = None  # what the answer was made from
    unexpected: bool = False  # nobody raised `error` on purpose: its traceback is worth a look
    _route: str | None = None

    @property
    def route(self) -> str:
        """The URL template in OpenAPI's braces; 'unmatched' when no route fits (404, 405)."""
        return self._route or self._matched()

    def begin_answer(self, status: int) -> None:
        """Keep what Flask forgets when its own part is over: the matched rule."""
        self.status = status
        self._route = self._matched()

    def _matched(self) -> str:
        rule = getattr(self.wsgi.get("werkzeug.request"), "url_rule", None)
        return template(rule.rule) if rule is not None else UNMATCHED


_current: ContextVar[Scope | None] = ContextVar("scope", default=None)
Step = Callable[[Exchange], None]


def current() -> Scope | None:
    """The scope of the running request or background work, None outside both."""
    return _current.get()


def stop_when_late() -> None:
    """Stop work that nobody waits for any more.

    Raises:
        DeadlineExceeded: the running request's deadline has passed.
    """
    scope = current()
    if scope is not None and scope.deadline is not None and scope.deadline <= monotonic():
        raise DeadlineExceeded("The deadline has passed.")


@contextmanager
def background() -> Iterator[Scope]:
    """A scope with a trace of its own, for loops that no request started."""
    scope = Scope(Span(correlation.new_trace_id(), correlation.new_span_id()))
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)


@contextmanager
def shared() -> Iterator[None]:
    """The running trace without deadline and user, for work that others wait for too: it is not this request's alone."""
    scope = _current.get()
    token = _current.set(None if scope is None else Scope(scope.span))
    try:
        yield
    finally:
        _current.reset(token)


@lru_cache(maxsize=1024)
def template(rule: str) -> str:
    """Flask's `/v1/products/<string:product_id>` as `/v1/products/{product_id}`."""
    parts = rule.replace(">", "}").split("<")
    return parts[0] + "".join("{" + part.split(":", 1)[-1] for part in parts[1:])


def allowance(header: str | None, limit: float) -> float:
    """Seconds that a request may take: what its caller has left, never above `limit`; a header that is no number is ignored."""
    if header is None or not (header.isascii() and header.isdigit() and len(header) <= 9):  # noqa: PLR2004 - 11 days
        return limit
    return min(limit, int(header) / 1000)


class Observer:
    """The WSGI layer. Concerns add their steps to `at_start` and `at_end`; a step must not raise."""

    def __init__(self, wsgi: WSGIApplication, deadline: float) -> None:
        self._wsgi = wsgi
        self._deadline = deadline
        self.at_start: list[Step] = []
        self.at_end: list[Step] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request as WSGI asks (PEP 3333)."""
        exchange = self._open(environ)
        token = _current.set(exchange)
        for step in self.at_start:
            step(exchange)
        try:
            return self._answer(exchange, environ, start_response)
        finally:
            exchange.duration = perf_counter_ns() - exchange.started
            for step in self.at_end:
                step(exchange)
            _current.reset(token)

    def _open(self, environ: WSGIEnvironment) -> Exchange:
        started = perf_counter_ns()
        method = environ["REQUEST_METHOD"]
        return Exchange(
            span=correlation.receive(environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE")),
            deadline=monotonic() + allowance(environ.get("HTTP_REQUEST_TIMEOUT_MS"), self._deadline),
            wsgi=environ,
            # Anything else would let a caller make time series at will (OpenTelemetry writes _OTHER).
            method=method if method in _METHODS else "_OTHER",
            started=started,
        )

    def _answer(self, exchange: Exchange, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def respond(status: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> object:
            exchange.begin_answer(int(status[:3]))
            headers.append((correlation.HEADER, exchange.span.header()))
            return start_response(status, headers, exc_info)  # type: ignore[arg-type] # passed through as it came

        answer = self._wsgi(environ, respond)  # type: ignore[arg-type] # `write` is never used
        try:
            return [b"".join(answer)]
        finally:
            if (close := getattr(answer, "close", None)) is not None:
                close()
