"""Reads JSON-lines log files between two byte offsets with DuckDB, by the fields that the contract's roles name.

Owns files to counts, pairs and examples. Every line counts: one that is no JSON object, or lacks the event id where
that has a role, is malformed, whatever a tolerant reader makes of it. A line still being written at the end is none yet.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seatrial.backends.log_layout import COLUMNS, Layout, text_literal
from seatrial.checks.inputs import (
    AnsweredCall,
    Attempt,
    AttemptKey,
    EdgeLines,
    RequestKey,
    RequestLine,
    ServiceLog,
    TraceLines,
)
from seatrial.project.telemetry import Roles
from seatrial.ship.lines import moment

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
class LogLine:
    """One line of a trace that is told: `at` is its timestamp in epoch seconds, when the event ended; `seconds` what it took.

    `kind` is served (a request that was answered), called (one attempt of a call) or empty.
    """

    trace: str
    service: str
    at: float
    seconds: float | None
    kind: str
    level: str
    message: str
    status: str
    callee: str
    error: str
    span: str
    parent: str


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """Per service what its lines say; the request lines of the entry; what pairs along the edges; the chosen traces; and
    all lines of those that are told.
    """

    services: dict[str, ServiceLog]
    entry_lines: list[RequestLine]
    edges: EdgeLines
    traces: TraceLines = field(default_factory=TraceLines)
    told: list[LogLine] = field(default_factory=list)


def read_logs(
    slices: Sequence[LogSlice],
    roles: Mapping[str, Roles],
    *,
    entry: str,
    sampled: Collection[str] = (),
    failed: Collection[str] = (),
    told: Collection[str] = (),
) -> LogEvidence:
    """Everything the checks ask of the logs, whose lines mean what `roles` say by service.

    Who served is told of `sampled` traces, what calls lack also of `failed` ones; of those in `told` all lines are given.
    Raises OSError and ValueError when a file is not what it was.
    """
    with tempfile.TemporaryDirectory(prefix="seatrial-logs-") as folder:
        table = _Table(roles)
        try:
            copies = [table.add(part, Path(folder, f"{number}.jsonl")) for number, part in enumerate(slices)]
            services = {service: table.service(service, copies) for service in {part.service for part in slices}}
            traces = table.traces(sampled, failed, [name for name in services if _is_traced(roles[name])])
            return LogEvidence(services, table.requests(entry), table.edges(entry), traces, list(table.told(told)))
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


class _Table:
    """All lines in one table of text, a column for each role: the contract's field names end here."""

    def __init__(self, roles: Mapping[str, Roles]) -> None:
        import duckdb

        self._layouts = {
            service: Layout(each.log, each.ignored_routes) for service, each in roles.items() if each.log is not None
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
            declared = ", ".join(f"{text_literal(name)}: 'VARCHAR'" for name in layout.fields() or ["-"])
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

    def told(self, traces: Collection[str]) -> Iterator[LogLine]:
        """All lines of these traces, as they were written."""
        rows = self._run(
            "SELECT trace, service, timestamp, try_cast(seconds AS DOUBLE), coalesce(kind, ''), coalesce(level, ''), "
            "coalesce(message, ''), coalesce(served_status, called_status, ''), coalesce(called_callee, ''), "
            "coalesce(called_error, ''), coalesce(span, ''), coalesce(parent, '') "
            "FROM line WHERE list_contains(?::VARCHAR[], trace) ORDER BY rowid",
            list(traces),
        )
        for trace, service, timestamp, *rest in rows:
            if (at := _epoch(timestamp)) is not None:
                yield LogLine(trace, service, at, *rest)

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


def _epoch(timestamp: str | None) -> float | None:
    """Of an ISO 8601 timestamp; one without a zone is UTC, as log shippers take it. A number is in epoch seconds."""
    with contextlib.suppress(ValueError):
        return float(timestamp or "")
    return moment(timestamp)
