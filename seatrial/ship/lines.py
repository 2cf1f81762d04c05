"""What is to be done with a line: it becomes a document of its own day's index, or a dead letter that says why not.

Owns what Elasticsearch would refuse a whole batch for. Leaves types and unknown fields to Elasticsearch's strict mapping,
which answers per document. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from seatrial.project.telemetry import LogRoles
from seatrial.ship.following import Chunk, Source
from seatrial.ship.names import IndexNames

# Elasticsearch's limit for an _id.
ID_BYTES = 512
# As much of a line as is kept with its letter.
KEPT_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Document:
    """To be created under `id` in `index`; `body` is JSON as it was written."""

    index: str
    id: str
    body: bytes
    source: Source
    path: str
    offset: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A line that cannot become a document, and why. `event_id` is empty where it has none that can be read."""

    reason: str
    event_id: str
    line: bytes
    source: Source
    path: str
    offset: int

    @property
    def id(self) -> str:
        """The same for the same line at the same place of a log, whenever and in whichever copy it is met."""
        found = hashlib.sha256(f"{self.source.instance} {self.offset} ".encode() + self.line)
        return f"letter-{found.hexdigest()[:32]}"

    def fields(self, now: float) -> dict[str, Any]:
        """As file and index keep it."""
        return {
            "@timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds"),
            "event.id": self.event_id or None,
            "service.name": self.source.service,
            "service.node.name": self.source.instance,
            "log.file.path": self.path,
            "log.offset": self.offset,
            "error.message": self.reason,
            "event.original": self.line.decode("utf-8", "replace")[:KEPT_CHARACTERS],
        }


@dataclass(frozen=True, slots=True)
class Sorter:
    """Takes lines of all services; `roles` says by service which field is the event's id and which its time."""

    names: IndexNames
    roles: Mapping[str, LogRoles]

    def sort(self, chunk: Chunk) -> Iterator[Document | Letter]:
        """Each line of a chunk, in order; an empty one is no line."""
        for offset, line in chunk.offsets():
            if line.strip():
                yield self._sort_line(chunk, offset, line)

    def _sort_line(self, chunk: Chunk, offset: int, line: bytes) -> Document | Letter:
        where = (chunk.source, str(chunk.path), offset)
        roles = self.roles[chunk.source.service]
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            return Letter(f"no JSON: {error}", "", line, *where)
        if not isinstance(fields, dict):
            return Letter("no JSON object", "", line, *where)
        event_id, fault = _event_id(fields, roles.event_id)
        if fault:
            return Letter(fault, event_id, line, *where)
        at = moment(fields.get(roles.timestamp or ""))
        if at is None:
            return Letter(f"no time that can be read in {roles.timestamp}", event_id, line, *where)
        return Document(self.names.day(at), event_id, line, *where)


def refused(document: Document, reason: str) -> Letter:
    """The letter of a line whose document Elasticsearch did not take."""
    where = (document.source, document.path, document.offset)
    return Letter(reason, document.id, document.body, *where)


def identified(line: bytes, roles: LogRoles) -> tuple[str | None, Mapping[str, Any]]:
    """The id of a line and its fields; no id of what is no JSON object, or has none that is a text."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None, {}
    found = fields.get(roles.event_id or "") if isinstance(fields, dict) else None
    return (found, fields) if isinstance(found, str) and found else (None, {})


def _event_id(fields: Mapping[str, Any], name: str | None) -> tuple[str, str]:
    """The id, and what is wrong with it."""
    found = fields.get(name or "")
    if not isinstance(found, str) or not found:
        return "", f"no text in {name}"
    if len(found.encode("utf-8", "surrogatepass")) > ID_BYTES:
        return found[:ID_BYTES], f"{name} is longer than {ID_BYTES} bytes"
    return found, ""


def moment(text: object) -> float | None:
    """Epoch seconds of an ISO 8601 text; without a zone it is UTC."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
