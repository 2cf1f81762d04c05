"""Every line that is on disk, by its event id, with how far the shipper says to have come: the ground that documents are held against.

Owns reading whole files, those that rotation left included. Memory is about 300 bytes a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from seatrial.backends.log_keys import LogKeys
from seatrial.backends.logs import LogSlice
from seatrial.checks.inputs import RequestKey
from seatrial.ship.following import FileId, Position, Source, candidates
from seatrial.ship.lines import identified


class WrittenLine(NamedTuple):
    """`key` of a request that was served, `acknowledged` by the shipper's own account, `compared`: between the readings."""

    service: str
    key: RequestKey | None
    acknowledged: bool
    compared: bool


@dataclass(slots=True)
class Written:
    """All lines by id. `repeated` are ids that two lines have, `unsound` the lines without one."""

    lines: dict[str, WrittenLine] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    unsound: int = 0


def read_written(
    sources: Iterable[Source],
    keys: Mapping[str, LogKeys],
    positions: Sequence[Position],
    compared: Sequence[LogSlice],
) -> Written:
    """Read all files of all sources. Raises OSError."""
    written, known = Written(), dict[RequestKey | None, RequestKey | None]()
    ends = _ends(positions)
    for source in sources:
        own = keys[source.service]
        for path in candidates(source.path):
            status = path.stat()
            spans = [(each.begin, each.end) for each in compared if each.file == path]
            acknowledged = ends.get(FileId(status.st_dev, status.st_ino), 0)
            for offset, line in _lines(path):
                event_id, fields = identified(line, own.roles)
                if event_id is None:
                    written.unsound += 1
                    continue
                if event_id in written.lines:
                    written.repeated.append(event_id)
                    continue
                key = own.request(fields)
                written.lines[event_id] = WrittenLine(
                    source.service,
                    known.setdefault(key, key),
                    offset < acknowledged,
                    any(begin <= offset < end for begin, end in spans),
                )
    return written


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Whole lines with their offsets; empty ones are none."""
    offset = 0
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n") and line.strip():
                yield offset, line
            offset += len(line)


def _ends(positions: Iterable[Position]) -> dict[FileId, int]:
    return {FileId(each.device, each.inode): each.offset for each in positions}


def whole_bytes(path: Path) -> int:
    """Up to the end of the last whole line."""
    size = path.stat().st_size
    with path.open("rb") as file:
        begin = max(0, size - (1 << 20))
        file.seek(begin)
        return begin + file.read(size - begin).rfind(b"\n") + 1


def unshipped(sources: Iterable[Source], positions: Sequence[Position]) -> int:
    """Bytes of whole lines beyond the shipper's positions."""
    ends = _ends(positions)
    left = 0
    for source in sources:
        for path in candidates(source.path):
            status = path.stat()
            left += max(0, whole_bytes(path) - ends.get(FileId(status.st_dev, status.st_ino), 0))
    return left
