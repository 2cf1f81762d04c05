"""Where one service's log lines have what the harness asks of them, as SQL over the fields of a line.

Owns the columns, and every use of the contract's field names. Leaves reading files and counting to `logs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seatrial.checks.inputs import ANY
from seatrial.project.telemetry import ClientRequestLine, LogRoles, ServerRequestLine

UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
COLUMNS = (
    *("timestamp", "seconds", "level", "event_id", "message", "trace", "span", "parent"),
    *("served_method", "served_route", "served_status"),
    *("called_callee", "called_method", "called_route", "called_status", "called_error"),
)
# Flask's way to write a parameter: <name>, or <converter:name>.
ANGLES = r"<(?:[^:<>]*:)?([^<>]+)>"
BRACED = f"regexp_replace({{}}, '{ANGLES}', '{{{{\\1}}}}', 'g')"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one service's lines have what the table's columns hold, as SQL over the fields of a line."""

    roles: LogRoles
    ignored: Sequence[str] = ()

    def fields(self) -> list[str]:
        """Every field that is read."""
        named = self.roles.model_dump(exclude_none=True, exclude={"error_levels", "duration"})
        named |= {"duration": self.roles.duration.field} if self.roles.duration else {}
        for line in ("server_request", "client_request"):
            named |= {(line, key): name for key, name in named.pop(line, {}).items() if key != "event"}
        return list(dict.fromkeys(named.values()))

    def selected(self) -> str:
        """The columns of COLUMNS, then the kind of line and whether its level is an error's."""
        return ", ".join([*map(self._column, COLUMNS), self._kind(), self._is_error()])

    def _column(self, name: str) -> str:
        kind, _, part = name.partition("_")
        line = {"served": self.roles.server_request, "called": self.roles.client_request}.get(kind)
        if name == "seconds":
            return self._seconds()
        if kind not in {"served", "called"}:
            return _reference(getattr(self.roles, name))
        if line is None:
            return "NULL"
        field = getattr(line, part)
        if field is None:
            return "''" if part == "error" else text_literal(ANY)
        return BRACED.format(quoted(field)) if part == "route" else quoted(field)

    def _seconds(self) -> str:
        duration = self.roles.duration
        return f"try_cast({quoted(duration.field)} AS DOUBLE) * {UNITS[duration.unit]}" if duration else "NULL"

    def _kind(self) -> str:
        """`called`, `served`, or null for any other line and for requests that are ignored."""
        server, client, cases = self.roles.server_request, self.roles.client_request, []
        if client is not None:
            cases.append(f"WHEN {self._is(client, [client.callee])} THEN 'called'")
        if server is not None:
            fields = [name for name in (server.method, server.route, server.status) if name]
            ignored = [f"coalesce({quoted(server.route)}, '') NOT IN ({_texts(self.ignored)})"] if server.route else []
            if not self.ignored:
                ignored = []
            cases.append(f"WHEN {' AND '.join([self._is(server, fields), *ignored])} THEN 'served'")
        return f"CASE {' '.join(cases)} END" if cases else "NULL"

    def _is(self, line: ServerRequestLine | ClientRequestLine, fields: Sequence[str]) -> str:
        if line.event is not None and self.roles.event is not None:
            return f"{quoted(self.roles.event)} IS NOT DISTINCT FROM {text_literal(line.event)}"
        return "(" + " AND ".join(f"{quoted(name)} IS NOT NULL" for name in fields) + ")"

    def _is_error(self) -> str:
        if self.roles.level is None or not self.roles.error_levels:
            return "false"
        return f"coalesce({quoted(self.roles.level)}, '') IN ({_texts(self.roles.error_levels)})"


def _reference(name: str | None) -> str:
    return "NULL" if name is None else quoted(name)


def braced(route: str) -> str:
    """A route as the journeys write it: `/items/<int:item>` is `/items/{item}`."""
    return re.sub(ANGLES, r"{\1}", route)


def quoted(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def _texts(values: Iterable[str]) -> str:
    return ", ".join(map(text_literal, values))
