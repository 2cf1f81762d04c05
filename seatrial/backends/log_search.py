"""Log lines by trace, service, level and time: from the JSON files through DuckDB, or from Elasticsearch, with the same answers.

Owns what is asked and the shape of what is found. One test suite runs over both.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from seatrial.backends.elasticsearch import PAGE, Documents, told
from seatrial.backends.log_layout import quoted, text_literal
from seatrial.errors import UsageError
from seatrial.project.telemetry import LogRoles
from seatrial.ship.following import Source, candidates
from seatrial.ship.lines import moment

# A line that was written later than another may be found earlier: so far back is looked for what was missed.
OVERLAP_SECONDS = 10.0
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked; empty means any. `since` in epoch seconds; `limit` keeps the latest, at most MOST."""

    trace: str = ""
    service: str = ""
    level: str = ""
    since: float | None = None
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One line that was found. `fields` is all of it, `at` its time in epoch seconds."""

    at: float
    id: str
    service: str
    instance: str
    level: str
    message: str
    trace: str
    fields: Mapping[str, Any]


class LogSearch(Protocol):
    """Either place."""

    def find(self, query: Query) -> list[Entry]:
        """The latest lines that fit, the oldest first."""

    def fresh(self, query: Query) -> list[Entry]:
        """Those that have come since the last call of either."""


@dataclass(slots=True)
class FileSearch:
    """The JSON files of a run, those that rotation left included; `roles` by service."""

    sources: Sequence[Source]
    roles: Mapping[str, LogRoles]
    _read: dict[Path, int] = field(default_factory=dict)

    def find(self, query: Query) -> list[Entry]:
        """Over whole files."""
        self._read = {path: path.stat().st_size for _, path in self._files()}
        found = [entry for source, path in self._files() for entry in self._ask(source, path, query)]
        return latest(found, query.limit)

    def fresh(self, query: Query) -> list[Entry]:
        """Of what was appended only."""
        found: list[Entry] = []
        with tempfile.TemporaryDirectory(prefix="seatrial-logs-") as folder:
            for number, (source, path) in enumerate(self._files()):
                part, self._read[path] = _appended(path, self._read.get(path, 0), Path(folder, f"{number}.jsonl"))
                found += self._ask(source, part, query) if part else []
        return latest(found, MOST)

    def _files(self) -> Iterator[tuple[Source, Path]]:
        for source in self.sources:
            for path in candidates(source.path):
                yield source, path

    def _ask(self, source: Source, path: Path, query: Query) -> list[Entry]:
        if query.service not in {"", source.service} or not path.stat().st_size:
            return []
        import duckdb

        roles = self.roles[source.service]
        where, values = _where(roles, query)
        with duckdb.connect() as database:
            database.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
            rows = database.execute(
                f"SELECT json FROM read_ndjson_objects(?, ignore_errors=true) WHERE {where} "  # noqa: S608 - fields of the contract, quoted
                f"ORDER BY {_time(roles)} DESC NULLS LAST LIMIT ?",
                [str(path), *values, query.limit],
            ).fetchall()
        read = (_entry(json.loads(line), roles, source) for (line,) in rows)
        return [entry for entry in read if entry is not None]


def _text(name: str) -> str:
    """A member of a line, as text."""
    return f"(json ->> {text_literal(chr(36) + '.' + quoted(name))})"


def _time(roles: LogRoles) -> str:
    return f"try_cast({_text(roles.timestamp or '')} AS TIMESTAMPTZ)"


def _where(roles: LogRoles, query: Query) -> tuple[str, list[Any]]:
    """As SQL with its values; a field that has no role fits nothing that is asked of it."""
    parts, values = ["true"], list[Any]()
    for name, wanted in ((roles.trace, query.trace), (roles.level, query.level)):
        if wanted:
            parts.append(f"{_text(name)} = ?" if name else "false")
            values += [wanted] if name else []
    if query.since is not None:
        parts.append(f"epoch({_time(roles)}) >= ?")
        values.append(query.since)
    return " AND ".join(parts), values


def _appended(path: Path, begin: int, copy: Path) -> tuple[Path | None, int]:
    """What was appended since `begin`, whole lines of it, as a file of its own; and where it ends."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        begin = begin if begin <= size else 0
        file.seek(begin)
        data = file.read(size - begin)
    end = data.rfind(b"\n") + 1
    if not end:
        return None, begin
    copy.write_bytes(data[:end])
    return copy, begin + end


@dataclass(slots=True)
class IndexSearch:
    """The documents of Elasticsearch. Services whose field for their name differs cannot be asked at once."""

    documents: Documents
    roles: LogRoles
    _seen: set[str] = field(default_factory=set)
    _last: float = 0.0

    def find(self, query: Query) -> list[Entry]:
        """Raises BackendError, and UsageError when documents do not tell whose they are."""
        found = self._ask(query)
        self._note(found)
        return found

    def fresh(self, query: Query) -> list[Entry]:
        """Looks back a little: documents are not found in the order of their times."""
        since = max(query.since or 0.0, self._last - OVERLAP_SECONDS)
        found = [entry for entry in self._ask(replace(query, since=since, limit=MOST)) if entry.id not in self._seen]
        self._note(found)
        return found

    def _note(self, found: Sequence[Entry]) -> None:
        self._seen |= {entry.id for entry in found}
        self._last = max([self._last, *(entry.at for entry in found)])

    def _ask(self, query: Query) -> list[Entry]:
        roles, filters = self.roles, list[dict[str, Any]]()
        for name, wanted in ((roles.trace, query.trace), (roles.level, query.level), (roles.service, query.service)):
            if wanted and name is None:
                raise UsageError(
                    "no log field has the role that this asks for (service, level or trace). Read the files."
                )
            if wanted:
                filters.append({"term": {name: wanted}})
        if query.since is not None:
            begin = f"{query.since * 1000:.0f}"
            filters.append({"range": {roles.timestamp: {"gte": begin, "format": "epoch_millis"}}})
        with told():
            answer = self.documents.client.search(
                index=self.documents.name,
                query={"bool": {"filter": filters}},
                sort=[{roles.timestamp or "": "desc"}],
                size=min(query.limit, PAGE),
                track_total_hits=False,
                ignore_unavailable=True,
            )
        hits = answer["hits"]["hits"]
        read = (_entry(hit["_source"], roles, None) for hit in hits)
        return latest([entry for entry in read if entry is not None], query.limit)


def _entry(fields: Mapping[str, Any], roles: LogRoles, source: Source | None) -> Entry | None:
    """None for a line without a time: it fits into no order."""
    at = moment(fields.get(roles.timestamp or ""))
    if at is None:
        return None
    text = {name: str(fields.get(getattr(roles, name) or "", "") or "") for name in ("level", "message", "trace")}
    service = source.service if source else str(fields.get(roles.service or "", ""))
    instance = source.instance if source else str(fields.get(roles.instance or "", service))
    return Entry(at, str(fields.get(roles.event_id or "", "")), service, instance, **text, fields=fields)


def latest(found: Sequence[Entry], limit: int) -> list[Entry]:
    """The latest, the oldest first; of one moment in the order of their ids."""
    return sorted(found, key=lambda entry: (entry.at, entry.id))[-limit:]
