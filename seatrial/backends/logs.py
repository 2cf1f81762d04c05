"""Reads JSON-lines log files between two byte offsets with DuckDB, by the fields that the contract's roles name.

Owns files to counts, pairs and examples. Every line counts: one that is no JSON object, or lacks the event id where
that has a role, is malformed, whatever a tolerant reader makes of it. A line still being written at the end is none yet.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seatrial.checks.inputs import (
    ANY,
    AnsweredCall,
    Attempt,
    AttemptKey,
    EdgeLines,
    RequestKey,
    RequestLine,
    ServiceLog,
    TraceLines,
)
from seatrial.project.telemetry import ClientRequestLine, LogRoles, Roles, ServerRequestLine

EXAMPLES = 5
SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class LogSlice:
    """The bytes of a service's log file from `begin` up to, not including, `end`."""

    service: str
    file: Path
    begin: int
    end: int

    def lines(self) -> bytes:
        """Whole lines only. Raises OSError, and ValueError when the file is shorter than it was."""
        if self.begin == self.end:
            return b""
        with self.file.open("rb") as file:
            file.seek(max(0, self.begin - 1))
            data = file.read(self.end - file.tell())
        if len(data) < self.end - max(0, self.begin - 1):
            raise ValueError(f"{self.file} is shorter than {self.end} bytes, which it had when it was read last")
        if self.begin:  # the byte before tells whether `begin` is the start of a line
            data = data[data.find(b"\n") + 1 :] if b"\n" in data else b""
        return data[: data.rfind(b"\n") + 1]


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """Per service what its lines say; the request lines of the entry; what pairs along the edges; the chosen traces."""

    services: dict[str, ServiceLog]
    entry_lines: list[RequestLine]
    edges: EdgeLines
    traces: TraceLines = field(default_factory=TraceLines)


def read_logs(
    slices: Sequence[LogSlice],
    roles: Mapping[str, Roles],
    *,
    entry: str,
    sampled: Collection[str] = (),
    failed: Collection[str] = (),
) -> LogEvidence:
    """Everything the checks ask of the logs, whose lines mean what `roles` say by service.

    Who served is told of `sampled` traces, what calls lack also of `failed` ones. Raises OSError and ValueError when a
    file is not what it was.
    """
    with tempfile.TemporaryDirectory(prefix="seatrial-logs-") as folder:
        table = _Table(roles)
        try:
            copies = [table.add(part, Path(folder, f"{number}.jsonl")) for number, part in enumerate(slices)]
            services = {service: table.service(service, copies) for service in {part.service for part in slices}}
            traces = table.traces(sampled, failed, [name for name in services if _is_traced(roles[name])])
            return LogEvidence(services, table.requests(entry), table.edges(entry), traces)
        finally:
            table.close()


def _is_traced(roles: Roles) -> bool:
    return roles.log is not None and None not in {roles.log.trace, roles.log.parent, roles.log.server_request}


def tells_of_probes_only(part: LogSlice, roles: Roles) -> bool:
    """Whether every line is a request for an ignored route; a file that cannot be read does not say so."""
    line = roles.log and roles.log.server_request
    if not line or line.route is None or not roles.ignored_routes:
        return False
    try:
        with part.file.open("rb") as file:
            file.seek(part.begin)
            text = file.read(part.end - part.begin)
    except OSError:
        return False
    return bool(text) and all(_field(each, line.route) in roles.ignored_routes for each in text.splitlines())


def _field(line: bytes, name: str) -> Any:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document.get(name) if isinstance(document, dict) else None


COLUMNS = (
    *("event_id", "message", "trace", "span", "parent"),
    *("served_method", "served_route", "served_status"),
    *("called_callee", "called_method", "called_route", "called_status", "called_error"),
)
# Flask's way to write a parameter, as the counters' reader knows it too.
BRACED = r"regexp_replace({}, '<(?:[^:<>]*:)?([^<>]+)>', '{{\1}}', 'g')"


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where one service's lines have what the table's columns hold, as SQL over the fields of a line."""

    roles: LogRoles
    ignored: Sequence[str] = ()

    def fields(self) -> list[str]:
        """Every field that is read."""
        named = self.roles.model_dump(exclude_none=True, exclude={"error_levels", "timestamp", "duration"})
        for line in ("server_request", "client_request"):
            named |= {(line, key): name for key, name in named.pop(line, {}).items() if key != "event"}
        return list(dict.fromkeys(named.values()))

    def selected(self) -> str:
        """The columns of COLUMNS, then the kind of line and whether its level is an error's."""
        return ", ".join([*map(self._column, COLUMNS), self._kind(), self._is_error()])

    def _column(self, name: str) -> str:
        kind, _, part = name.partition("_")
        line = {"served": self.roles.server_request, "called": self.roles.client_request}.get(kind)
        if kind not in {"served", "called"}:
            return _reference(getattr(self.roles, name))
        if line is None:
            return "NULL"
        field = getattr(line, part)
        if field is None:
            return "''" if part == "error" else _text(ANY)
        return BRACED.format(_quoted(field)) if part == "route" else _quoted(field)

    def _kind(self) -> str:
        """`called`, `served`, or null for any other line and for requests that are ignored."""
        server, client, cases = self.roles.server_request, self.roles.client_request, []
        if client is not None:
            cases.append(f"WHEN {self._is(client, [client.callee])} THEN 'called'")
        if server is not None:
            fields = [name for name in (server.method, server.route, server.status) if name]
            ignored = [f"coalesce({_quoted(server.route)}, '') NOT IN ({_texts(self.ignored)})"] if server.route else []
            if not self.ignored:
                ignored = []
            cases.append(f"WHEN {' AND '.join([self._is(server, fields), *ignored])} THEN 'served'")
        return f"CASE {' '.join(cases)} END" if cases else "NULL"

    def _is(self, line: ServerRequestLine | ClientRequestLine, fields: Sequence[str]) -> str:
        if line.event is not None and self.roles.event is not None:
            return f"{_quoted(self.roles.event)} IS NOT DISTINCT FROM {_text(line.event)}"
        return "(" + " AND ".join(f"{_quoted(name)} IS NOT NULL" for name in fields) + ")"

    def _is_error(self) -> str:
        if self.roles.level is None or not self.roles.error_levels:
            return "false"
        return f"coalesce({_quoted(self.roles.level)}, '') IN ({_texts(self.roles.error_levels)})"


class _Table:
    """All lines in one table of text, a column for each role: the contract's field names end here."""

    def __init__(self, roles: Mapping[str, Roles]) -> None:
        import duckdb

        self._layouts = {
            service: _Layout(each.log, each.ignored_routes) for service, each in roles.items() if each.log is not None
        }
        self._connection = duckdb.connect()
        self._connection.execute("SET enable_progress_bar = false")
        columns = ", ".join(f"{name} VARCHAR" for name in COLUMNS)
        self._run(f"CREATE TABLE line (service VARCHAR, {columns}, kind VARCHAR, wrong BOOLEAN)")

    def close(self) -> None:
        self._connection.close()

    def add(self, part: LogSlice, copy: Path) -> tuple[str, Path]:
        """Load a slice by way of a copy: DuckDB reads whole files only."""
        data, layout = part.lines(), self._layouts[part.service]
        copy.write_bytes(data)
        if data:
            # A field is declared even if no line has a role's: a line of any object is one.
            declared = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in layout.fields() or ["-"])
            self._run(
                f"INSERT INTO line SELECT ?, {layout.selected()} FROM read_json(?, "  # noqa: S608 - fields of the contract, quoted
                f"format='newline_delimited', ignore_errors=true, records=true, columns={{{declared}}})",
                part.service,
                str(copy),
            )
        return part.service, copy

    def service(self, service: str, copies: Iterable[tuple[str, Path]]) -> ServiceLog:
        """What one service's lines add up to."""
        files = [copy for owner, copy in copies if owner == service]
        written = sum(file.read_bytes().count(b"\n") for file in files)
        identified = self._layouts[service].roles.event_id
        ((sound, errors),) = self._run(
            "SELECT count(event_id), count(*) FILTER (wrong) FROM line WHERE service = ?", service
        )
        if identified is None:  # DuckDB has a row of nulls for what is no object, which nothing else tells then
            sound = sum(_sound(line, None) for file in files for line in file.read_bytes().split(b"\n")[:-1])
        repeated = self._repeated_ids(service)
        return ServiceLog(
            requests=Counter({RequestKey(*key): number for *key, number in self._request_counts(service)}),
            attempts=Counter({AttemptKey(*key): number for *key, number in self._attempt_counts(service)}),
            lines=written,
            malformed=written - sound,
            repeated=len(repeated),
            errors=errors,
            malformed_examples=tuple(self._malformed(files, identified)) if written != sound else (),
            repeated_examples=tuple(repeated[:EXAMPLES]),
            error_examples=tuple(self._error_messages(service)),
        )

    def requests(self, service: str) -> list[RequestLine]:
        """Every request line of a service."""
        rows = self._run(
            "SELECT coalesce(trace, ''), coalesce(parent, ''), coalesce(served_method, ''), coalesce(served_route, ''), "
            "coalesce(served_status, '') FROM line WHERE service = ? AND kind = ?",
            service,
            "served",
        )
        return [RequestLine(trace, parent, RequestKey(*key)) for trace, parent, *key in rows]

    def edges(self, entry: str) -> EdgeLines:
        """Calls without an answer, what became of them, and requests that a callee logged twice for one span."""
        unanswered = self._run(
            "SELECT span, coalesce(called_callee, ''), coalesce(called_method, ''), coalesce(called_route, '') "
            "FROM line WHERE kind = ? AND called_status IS NULL AND span IS NOT NULL",
            "called",
        )
        attempts = [Attempt(*row) for row in unanswered]
        return EdgeLines(attempts, dict(self._served(attempts)), self._repeated_spans(entry), self._untold(entry))

    def _served(self, attempts: Sequence[Attempt]) -> Iterator[tuple[str, RequestLine]]:
        callees = {attempt.span: attempt.callee for attempt in attempts}
        for callee in sorted(set(callees.values())):
            for line in self.requests(callee):
                if callees.get(line.parent) == callee:
                    yield line.parent, line

    def _repeated_spans(self, entry: str) -> dict[str, list[RequestLine]]:
        rows = self._run(
            "SELECT service, coalesce(trace, ''), parent, coalesce(served_method, ''), coalesce(served_route, ''), "
            "coalesce(served_status, '') FROM line WHERE service <> ? AND kind = ? AND parent IS NOT NULL "
            "QUALIFY row_number() OVER (PARTITION BY service, parent ORDER BY rowid) > 1",
            entry,
            "served",
        )
        repeated: dict[str, list[RequestLine]] = {}
        for service, trace, parent, *key in rows:
            repeated.setdefault(service, []).append(RequestLine(trace, parent, RequestKey(*key)))
        return repeated

    def _untold(self, entry: str) -> dict[str, Counter[RequestKey]]:
        rows = self._run(
            "SELECT service, coalesce(served_method, ''), coalesce(served_route, ''), coalesce(served_status, ''), "
            "count(*) FROM line AS told ANTI JOIN (SELECT span FROM line WHERE kind = ?) AS call "
            "ON told.parent = call.span WHERE service <> ? AND kind = ? AND parent IS NOT NULL GROUP BY ALL",
            "called",
            entry,
            "served",
        )
        untold: dict[str, Counter[RequestKey]] = {}
        for service, *key, number in rows:
            untold.setdefault(service, Counter())[RequestKey(*key)] += number
        return untold

    def traces(self, sampled: Collection[str], failed: Collection[str], services: Collection[str]) -> TraceLines:
        """Who served in the sampled traces, and the answered calls to `services` in all of these that lack a line."""
        self._run("CREATE TEMP TABLE sampled AS SELECT unnest(?::VARCHAR[]) AS trace", list(sampled))
        self._run("CREATE TEMP TABLE failed AS SELECT unnest(?::VARCHAR[]) AS trace", list(failed))
        self._run(
            "CREATE TEMP TABLE call AS SELECT trace, span, service, called_callee, called_status FROM line "
            "SEMI JOIN (FROM sampled UNION FROM failed) USING (trace) "
            "WHERE kind = ? AND called_status IS NOT NULL AND list_contains(?, called_callee)",
            "called",
            list(services),
        )
        served = self._run(
            "SELECT trace, list(DISTINCT service) FROM line SEMI JOIN sampled USING (trace) WHERE kind = ? GROUP BY trace",
            "served",
        )
        ((calls,),) = self._run("SELECT count(*) FROM call")
        return TraceLines({trace: frozenset(names) for trace, names in served}, calls, self._unmet())

    def _unmet(self) -> list[AnsweredCall]:
        rows = self._run(
            "SELECT trace, coalesce(span, ''), service, called_callee, called_status FROM call "
            "ANTI JOIN (SELECT service AS callee, trace AS of_trace, parent FROM line WHERE kind = ?) AS answer "
            "ON answer.callee = called_callee AND answer.of_trace = trace AND answer.parent = span "
            "ORDER BY trace, span",
            "served",
        )
        return [AnsweredCall(*row) for row in rows]

    def _request_counts(self, service: str) -> list[tuple[Any, ...]]:
        return self._run(
            "SELECT coalesce(served_method, ''), coalesce(served_route, ''), coalesce(served_status, ''), count(*) "
            "FROM line WHERE service = ? AND kind = ? GROUP BY ALL",
            service,
            "served",
        )

    def _attempt_counts(self, service: str) -> list[tuple[Any, ...]]:
        """By error only where no answer came: some kits repeat an answer's status there."""
        return self._run(
            "SELECT coalesce(called_callee, ''), coalesce(called_method, ''), coalesce(called_route, ''), "
            "coalesce(called_status, ''), if(called_status IS NULL, coalesce(called_error, ''), ''), count(*) "
            "FROM line WHERE service = ? AND kind = ? GROUP BY ALL",
            service,
            "called",
        )

    def _repeated_ids(self, service: str) -> list[str]:
        """Event ids of this service's lines that stood in an earlier line of any service."""
        rows = self._run(
            "SELECT event_id FROM (SELECT service, event_id, row_number() OVER (PARTITION BY event_id ORDER BY rowid) AS n "
            "FROM line WHERE event_id IS NOT NULL) WHERE n > 1 AND service = ? ORDER BY event_id",
            service,
        )
        return [row[0] for row in rows]

    def _error_messages(self, service: str) -> list[str]:
        rows = self._run(
            "SELECT coalesce(message, '') FROM line WHERE service = ? AND wrong ORDER BY rowid LIMIT ?",
            service,
            EXAMPLES,
        )
        return [row[0][:SHOWN_CHARACTERS] for row in rows]

    def _malformed(self, files: Iterable[Path], event_id: str | None) -> list[str]:
        found: list[str] = []
        for file in files:
            for line in file.read_bytes().split(b"\n")[:-1]:
                if len(found) < EXAMPLES and not _sound(line, event_id):
                    found.append(repr(line.decode(errors="replace")[:SHOWN_CHARACTERS]))
        return found

    def _run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._connection.execute(statement, list(values)).fetchall()
        return rows


def _sound(line: bytes, event_id: str | None) -> bool:
    try:
        document = json.loads(line)
    except ValueError:
        return False
    return isinstance(document, dict) and (event_id is None or document.get(event_id) is not None)


def _reference(name: str | None) -> str:
    return "NULL" if name is None else _quoted(name)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _texts(values: Iterable[str]) -> str:
    return ", ".join(map(_text, values))
