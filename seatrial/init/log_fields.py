"""Which field of a service's JSON log lines says what: by the values, helped by the names in use.

A request that init made is the best evidence: its trace id, method and status are looked for in the lines it left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from seatrial.init.naming import Named

LEVELS = ("trace", "debug", "info", "notice", "warn", "warning", "error", "err", "fatal", "critical", "alert", "emerg")
ERROR_LEVELS = ("error", "critical", "fatal")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
MOST_LINES = 2000
BAD_REQUEST = 400
NAMES: Mapping[str, tuple[str, ...]] = {
    "timestamp": ("@timestamp", "timestamp", "time", "ts", "asctime", "datetime", "date"),
    "level": ("log.level", "level", "levelname", "severity", "log_level", "lvl"),
    "message": ("message", "msg", "text", "log", "event"),
    "trace": ("trace.id", "trace_id", "traceId", "traceID", "otelTraceID", "trace", "correlation_id", "request_id"),
    "span": ("span.id", "span_id", "spanId", "spanID", "otelSpanID", "span"),
    "parent": ("parent.id", "parent_id", "parentId", "parent_span_id", "parentSpanId", "parent"),
    "event_id": ("event.id", "event_id", "eventId", "log_id", "uuid", "id"),
    "method": ("http.request.method", "http_method", "request_method", "method", "verb"),
    "route": ("http.route", "http_route", "route", "url_rule", "rule", "endpoint", "url.template", "view", "path"),
    "status": ("http.response.status_code", "http_status", "status_code", "status", "code"),
    "event": ("event.action", "event_name", "event", "action", "kind", "message", "msg"),
}
ISO = re.compile(r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
EPOCH = re.compile(r"^1\d{9}(\d{3}){0,3}(\.\d+)?$")
HEX_TRACE, HEX_SPAN = re.compile(r"^[0-9a-f]{32}$"), re.compile(r"^[0-9a-f]{16}$")
Line = Mapping[str, Any]


class Known(NamedTuple):
    """A request that init made with a traceparent of its own."""

    trace: str
    span: str
    method: str
    status: int
    template: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class LogShape:
    """Role to field, and the values that mark a request's line and an error.

    `named` is how the route's field names what was asked; `said` are remarks for a person.
    """

    fields: Mapping[str, str]
    types: Mapping[str, str]
    error_levels: tuple[str, ...] = ()
    request_event: str = ""
    named: tuple[Named, ...] = ()
    said: tuple[str, ...] = ()

    @property
    def tells_requests(self) -> bool:
        """Whether lines of requests can be told from others: by the event, or by fields that only they have."""
        return "status" in self.fields and ("method" in self.fields or "route" in self.fields)

    def without(self, role: str, reason: str) -> LogShape:
        """The same without a field, and why."""
        fields = {name: each for name, each in self.fields.items() if name != role}
        return replace(self, fields=fields, named=(), said=(*self.said, f"{self.fields[role]}: {reason}"))


def read_shape(text: str, known: Sequence[Known] = ()) -> LogShape | str:
    """The shape of a log, or why it has none that can be used."""
    written = [line for line in text.splitlines() if line.strip()][-MOST_LINES:]
    lines = [line for line in map(parse_line, written) if line is not None]
    if not written:
        return "it is empty"
    if len(lines) < len(written):
        example = next(line for line in written if parse_line(line) is None)
        return f"{len(written) - len(lines)} of {len(written)} lines are no JSON objects, as {example[:60]!r}"
    asked = [(each, line) for each in known for line in lines if each.trace in _texts(line)]
    fields = {role: name for role in NAMES for name in [_field(role, lines, asked)] if name}
    route = fields.get("route", "")
    well = [(each, line[route]) for each, line in asked if each.status < BAD_REQUEST and line.get(route) is not None]
    named = [Named(each.template, each.path, str(called)) for each, called in well]
    said = [f"{name} is nested; only members of the line itself are read" for name in _nested(lines)]
    levels = [str(line[fields["level"]]) for line in lines if "level" in fields and fields["level"] in line]
    event = _request_event(fields, lines)
    if not event:
        fields.pop("event", None)
    return LogShape(fields, _types(fields, lines), _error_levels(levels), event, tuple(named), tuple(said))


def parse_line(line: str) -> Line | None:
    """The object that a line is, or None."""
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _texts(line: Line) -> set[str]:
    return {str(value) for value in line.values()}


def _field(role: str, lines: Sequence[Line], asked: Sequence[tuple[Known, Line]]) -> str:
    """Evidence first: a field that repeats what was sent. Then a name in use whose values are of the right kind."""
    if asked and role in EVIDENCE:
        wanted = EVIDENCE[role]
        shared = [name for name in asked[0][1] if all(str(line.get(name)) == wanted(each) for each, line in asked)]
        if shared or role == "trace":
            return min(shared, key=lambda name: _place(role, name), default="")
    for name in NAMES[role]:
        values = [str(line[name]) for line in lines if line.get(name) is not None]
        if values and _fits(role, values) and (role not in WHOLE or len(values) == len(lines)):
            return name
    return ""


def _fits(role: str, values: list[str]) -> bool:
    return role not in VALUES or VALUES[role](values)


def _place(role: str, name: str) -> int:
    names = NAMES[role]
    return names.index(name) if name in names else len(names)


EVIDENCE: Mapping[str, Callable[[Known], str]] = {
    "trace": lambda known: known.trace,
    "parent": lambda known: known.span,
    "method": lambda known: known.method,
    "status": lambda known: str(known.status),
}
VALUES: Mapping[str, Callable[[list[str]], bool]] = {
    "timestamp": lambda values: all(ISO.match(value) or EPOCH.match(value) for value in values),
    "level": lambda values: all(value.lower() in LEVELS for value in values),
    "trace": lambda values: any(HEX_TRACE.match(value) for value in values),
    "span": lambda values: any(HEX_SPAN.match(value) for value in values),
    "parent": lambda values: any(HEX_SPAN.match(value) for value in values),
    "event_id": lambda values: len(set(values)) == len(values),
    "method": lambda values: all(value.upper() in METHODS for value in values),
    "status": lambda values: all(re.match(r"^[1-5]\d\d$", value) for value in values),
}
# Every line must have these for them to be what they are taken for.
WHOLE = frozenset({"timestamp", "level", "event_id"})


def _request_event(fields: Mapping[str, str], lines: Sequence[Line]) -> str:
    """The one value of the event's field that all lines with a status have, and no other line."""
    if not {"event", "status"} <= set(fields):
        return ""
    marks = {str(line.get(fields["event"])) for line in lines if line.get(fields["status"]) is not None}
    others = {str(line.get(fields["event"])) for line in lines if line.get(fields["status"]) is None}
    return next(iter(marks)) if len(marks) == 1 and not marks & others else ""


def _error_levels(levels: Iterable[str]) -> tuple[str, ...]:
    """In the letters that the service uses: `INFO` seen means that an error is `ERROR`."""
    seen = set(levels)
    if seen and all(level.isupper() for level in seen):
        return tuple(level.upper() for level in ERROR_LEVELS)
    if seen and all(level.istitle() for level in seen):
        return tuple(level.title() for level in ERROR_LEVELS)
    return ERROR_LEVELS


def _nested(lines: Sequence[Line]) -> list[str]:
    return sorted({name for line in lines for name, value in line.items() if isinstance(value, dict)})


def _types(fields: Mapping[str, str], lines: Sequence[Line]) -> dict[str, str]:
    """Elasticsearch's type for each field that is taken."""
    types = {}
    for role, name in fields.items():
        values = [line[name] for line in lines if line.get(name) is not None]
        types[name] = _type(role, values)
    return types


def _type(role: str, values: Sequence[Any]) -> str:
    if role == "timestamp":
        return "date_nanos" if all(isinstance(value, str) for value in values) else "date"
    if role == "status":
        return "short"
    if role == "message":
        return "text"
    return "keyword"
