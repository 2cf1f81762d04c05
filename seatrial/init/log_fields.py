"""Which field of a service's JSON log lines says what: by the values, helped by the names in use.

A request that init made is the best evidence: its trace id, method and status are looked for in the lines it left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from seatrial.init.log_vocabulary import NAMES, UNITS, WHOLE, error_levels, fits
from seatrial.init.naming import Named

MOST_LINES = 2000
BAD_REQUEST = 400
Line = Mapping[str, Any]


class Known(NamedTuple):
    """A request that init made with a traceparent of its own."""

    trace: str
    span: str
    method: str
    status: int
    template: str = ""
    path: str = ""

    def names(self, text: str) -> bool:
        """Whether this is what a service calls the route that was asked."""
        return Named(self.template, self.path, text).is_route


@dataclass(frozen=True, slots=True)
class LogShape:
    """Role to field, and the values that mark a request's line and an error.

    `named` is how the route's field names what was asked; `duration` a field and its unit; `said` are remarks for a
    person.
    """

    fields: Mapping[str, str]
    types: Mapping[str, str]
    error_levels: tuple[str, ...] = ()
    request_event: str = ""
    named: tuple[Named, ...] = ()
    duration: tuple[str, str] | None = None
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
    asked = _lines_of(known, lines)
    fields = {role: name for role in NAMES for name in [_field(role, lines, asked)] if name}
    route = fields.get("route", "")
    well = [(each, line[route]) for each, line in asked if each.status < BAD_REQUEST and line.get(route) is not None]
    named = [Named(each.template, each.path, str(called)) for each, called in well]
    said = [f"{name} is nested; only members of the line itself are read" for name in _nested(lines)]
    said += [f"{name} holds numbers; write level and error_levels if you know them" for name in _numbered(lines)]
    levels = [str(line[fields["level"]]) for line in lines if "level" in fields and fields["level"] in line]
    event = _request_event(fields, lines)
    if not event:
        fields.pop("event", None)
    duration = _duration(lines)
    return LogShape(
        fields, _types(fields, lines, duration), error_levels(levels), event, tuple(named), duration, tuple(said)
    )


def parse_line(line: str) -> Line | None:
    """The object that a line is, or None."""
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _texts(line: Line) -> set[str]:
    return {str(value) for value in line.values()}


def _lines_of(known: Sequence[Known], lines: Sequence[Line]) -> list[tuple[Known, Line]]:
    """Each request with its line: by its trace, or where no line bears one, by its route and status."""
    traced = [(each, line) for each in known for line in lines if each.trace in _texts(line)]
    return traced or [(each, line) for each in known for line in lines if _is_about(each, line)]


def _is_about(known: Known, line: Line) -> bool:
    texts = _texts(line)
    return str(known.status) in texts and any(text == known.path or known.names(text) for text in texts)


def _field(role: str, lines: Sequence[Line], asked: Sequence[tuple[Known, Line]]) -> str:
    """Evidence first: a field that repeats what was sent. Then a name in use whose values are of the right kind."""
    if asked and role in EVIDENCE:
        tells = EVIDENCE[role]
        shared = [name for name in asked[0][1] if all(tells(each, str(line.get(name))) for each, line in asked)]
        if shared or role in {"trace", "parent"}:
            return min(shared, key=lambda name: _place(role, name), default="")
    for name in NAMES[role]:
        values = [str(line[name]) for line in lines if line.get(name) is not None]
        if values and fits(role, values) and (role not in WHOLE or len(values) == len(lines)):
            return name
    return ""


def _place(role: str, name: str) -> int:
    names = NAMES[role]
    return names.index(name) if name in names else len(names)


EVIDENCE: Mapping[str, Callable[[Known, str], bool]] = {
    "trace": lambda known, text: text == known.trace,
    "parent": lambda known, text: text == known.span,
    "method": lambda known, text: text.upper() == known.method,
    "status": lambda known, text: text == str(known.status),
    "route": lambda known, text: known.status >= BAD_REQUEST or known.names(text),
}


def _duration(lines: Sequence[Line]) -> tuple[str, str] | None:
    """The field and its unit, which only the name can tell."""
    for name, unit in UNITS.items():
        values = [line[name] for line in lines if line.get(name) is not None]
        if values and all(isinstance(value, int | float) and value >= 0 for value in values):
            return name, unit
    return None


def _request_event(fields: Mapping[str, str], lines: Sequence[Line]) -> str:
    """The one value of the event's field that all lines with a status have, and no other line."""
    if not {"event", "status"} <= set(fields):
        return ""
    marks = {str(line.get(fields["event"])) for line in lines if line.get(fields["status"]) is not None}
    others = {str(line.get(fields["event"])) for line in lines if line.get(fields["status"]) is None}
    return next(iter(marks)) if len(marks) == 1 and not marks & others else ""


def _numbered(lines: Sequence[Line]) -> list[str]:
    """Levels as numbers: 40 is an error to one library and a warning to another."""
    named = {name: [line[name] for line in lines if name in line] for name in NAMES["level"]}
    return [name for name, values in named.items() if values and all(isinstance(value, int) for value in values)]


def _nested(lines: Sequence[Line]) -> list[str]:
    return sorted({name for line in lines for name, value in line.items() if isinstance(value, dict)})


def _types(fields: Mapping[str, str], lines: Sequence[Line], duration: tuple[str, str] | None) -> dict[str, str]:
    """Elasticsearch's type for each field that is taken."""
    types = {}
    for role, name in fields.items():
        values = [line[name] for line in lines if line.get(name) is not None]
        types[name] = _type(role, values)
    return types | ({duration[0]: "double"} if duration else {})


def _type(role: str, values: Sequence[Any]) -> str:
    if role == "timestamp":
        return "date_nanos" if all(isinstance(value, str) for value in values) else "date"
    if role == "status":
        return "short"
    if role == "message":
        return "text"
    return "keyword"
