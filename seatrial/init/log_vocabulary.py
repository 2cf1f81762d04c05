"""The names and the shapes of values that log fields have been seen to have, by the role that they play.

Pure data and predicates. Leaves the choice among fields to `log_fields`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

LEVELS = ("trace", "debug", "info", "notice", "warn", "warning", "error", "err", "fatal", "critical", "alert", "emerg")
ERROR_LEVELS = ("error", "critical", "fatal")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# The names in use, the telling ones first.
NAMES: Mapping[str, tuple[str, ...]] = {
    "timestamp": ("@timestamp", "timestamp", "time", "ts", "asctime", "datetime", "date"),
    "level": ("log.level", "level", "levelname", "severity", "log_level", "lvl"),
    "message": ("message", "msg", "text", "log", "event"),
    "trace": ("trace.id", "trace_id", "traceId", "traceID", "otelTraceID", "trace", "correlation_id", "request_id"),
    "span": ("span.id", "span_id", "spanId", "spanID", "otelSpanID", "span"),
    "parent": ("parent.id", "parent_id", "parentId", "parent_span_id", "parentSpanId", "parent"),
    "event_id": ("event.id", "event_id", "eventId", "log_id", "uuid", "id"),
    "method": ("http.request.method", "http_method", "request_method", "method", "verb"),
    "route": (
        *("http.route", "http_route", "route", "url_rule", "rule", "url.template", "endpoint", "handler", "view"),
        *("page", "path"),
    ),
    "status": ("http.response.status_code", "http_status", "status_code", "status", "code", "result"),
    "event": ("event.action", "event_name", "event", "action", "kind", "ev", "message", "msg"),
}
UNITS: Mapping[str, str] = {
    "event.duration": "ns",  # ECS
    **dict.fromkeys(("duration_ms", "elapsed_ms", "latency_ms", "took_ms", "response_time_ms", "millis", "ms"), "ms"),
    **dict.fromkeys(("duration_us", "elapsed_us", "micros"), "us"),
    **dict.fromkeys(("duration_s", "duration_seconds", "elapsed_seconds", "seconds"), "s"),
}
ISO = re.compile(r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
EPOCH = re.compile(r"^1\d{9}(\d{3}){0,3}(\.\d+)?$")
HEX_TRACE, HEX_SPAN = re.compile(r"^[0-9a-f]{32}$"), re.compile(r"^[0-9a-f]{16}$")
STATUS = re.compile(r"^[1-5]\d\d$")

VALUES: Mapping[str, Callable[[list[str]], bool]] = {
    "timestamp": lambda values: all(ISO.match(value) or EPOCH.match(value) for value in values),
    "level": lambda values: all(value.lower() in LEVELS for value in values),
    "trace": lambda values: any(HEX_TRACE.match(value) for value in values),
    "span": lambda values: any(HEX_SPAN.match(value) for value in values),
    "parent": lambda values: any(HEX_SPAN.match(value) for value in values),
    "event_id": lambda values: len(set(values)) == len(values),
    "method": lambda values: all(value.upper() in METHODS for value in values),
    "status": lambda values: all(STATUS.match(value) for value in values),
}
# Every line must have these for them to be what they are taken for.
WHOLE = frozenset({"timestamp", "level", "event_id"})


def fits(role: str, values: list[str]) -> bool:
    """Whether all values of a field are such as the role has."""
    return role not in VALUES or VALUES[role](values)


def error_levels(levels: Iterable[str]) -> tuple[str, ...]:
    """In the letters that the service uses: `INFO` seen means that an error is `ERROR`."""
    seen = set(levels)
    if seen and all(level.isupper() for level in seen):
        return tuple(level.upper() for level in ERROR_LEVELS)
    if seen and all(level.istitle() for level in seen):
        return tuple(level.title() for level in ERROR_LEVELS)
    return ERROR_LEVELS
