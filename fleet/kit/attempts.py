"""The record of outgoing calls: one histogram observation and one log line per attempt, so that callers' counts can be laid against callees'."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from fleet.kit.correlation import Span
from fleet.kit.logs import Logs
from fleet.kit.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending: `status` when an answer came, else `error` (a short static name) and `message`.

    `span` is the one sent to the callee, its parent the caller's own; `number` counts from 1; `duration` is in ns.
    """

    callee: str
    method: str
    template: str
    span: Span
    number: int
    duration: int
    status: int | None = None
    error: str | None = None
    message: str | None = None


class AttemptRecorder:
    """Writes attempts into the replica's metrics and log."""

    def __init__(self, metrics: Metrics, logs: Logs, callee: str) -> None:
        self._durations = metrics.histogram("http_client_request_duration_seconds")
        self._retries = metrics.counter("http_client_retries_total")
        # At 0 from the start: of a series that is born with its first retries no rate tells of them.
        self._retries.labels(callee)
        self._logs = logs

    def attempted(self, attempt: Attempt) -> None:
        """Record an attempt that has ended."""
        status = "" if attempt.status is None else str(attempt.status)
        self._durations.labels(attempt.callee, attempt.template, attempt.method, status, attempt.error or "").observe(
            attempt.duration / 1e9, {"trace_id": attempt.span.trace_id}
        )
        if attempt.number > 1:
            self._retries.labels(attempt.callee).inc()
        well = attempt.status is not None and attempt.status < 500  # noqa: PLR2004 - HTTP's server errors
        self._logs.emit(logging.INFO if well else logging.WARNING, _sentence(attempt), _fields(attempt, well=well))


def _sentence(attempt: Attempt) -> str:
    came = attempt.status if attempt.status is not None else attempt.error
    return f"{attempt.method} {attempt.callee}{attempt.template} {came}"


def _fields(attempt: Attempt, *, well: bool) -> dict[str, object]:
    fields = {
        "event.action": "http.client.request",
        "event.duration": attempt.duration,
        "event.outcome": "success" if well else "failure",
        "server.address": attempt.callee,
        "url.template": attempt.template,
        "http.request.method": attempt.method,
        "http.response.status_code": attempt.status,
        "trace.id": attempt.span.trace_id,
        "span.id": attempt.span.span_id,
        "parent.id": attempt.span.parent_id,
        "error.type": attempt.error,
        "error.message": attempt.message,
    }
    return {name: value for name, value in fields.items() if value is not None}
