"""Follows log files as they grow, rotate, are copied, truncated or replaced, and hands out whole lines.

Owns which file is which: by device and inode, proven by a fingerprint of how it begins, since numbers come back. A file that is
not known for certain is read again from its beginning: what is sent twice is refused as already there, what is skipped
would be lost. Leaves what a line means to `lines`, and remembering to `positions`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

HEAD_BYTES = 4096
# A longer line is no log line; it is handed out in pieces, which no JSON object is.
LINE_BYTES = 1 << 20
BATCH_BYTES = 2 << 20
# What one file may contribute to a batch however many wait; fewer share the whole of it.
TURN_BYTES = 256 << 10
# A file that was moved out of sight is read to its end, and given up when it has not grown for this long.
ORPHAN_SECONDS = 30.0
# What rotation makes of a file when it is through with it: its lines were read before, under the name it had.
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".tmp", ".swp")


@dataclass(frozen=True, slots=True)
class Source:
    """The log of one replica. `path` is where it is written now; `path.*` and `path-*` are what rotation left of it."""

    service: str
    instance: str
    path: Path


def sources_of(logs: Iterable[tuple[str, str, Path | str | None]], services: Container[str]) -> list[Source]:
    """Of service, replica and log of each, those that have a log within reach and are of `services`."""
    return [Source(service, instance, Path(log)) for service, instance, log in logs if log and service in services]


class FileId(NamedTuple):
    """What a file is known by while it is open."""

    device: int
    inode: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a file begins: a digest of its first `length` bytes, whole lines of them unless one is longer than a page."""

    length: int
    digest: str

    def holds(self, descriptor: int) -> bool:
        """Whether the file still begins so."""
        return _digest(os.pread(descriptor, self.length, 0)) == self.digest


@dataclass(frozen=True, slots=True)
class Position:
    """How far a file was acknowledged: `offset` bytes of it."""

    device: int
    inode: int
    beginning: Beginning
    offset: int
    path: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive whole lines of one file, without their ends; `end` is the offset behind the last."""

    source: Source
    path: Path
    file: FileId
    begin: int
    end: int
    lines: tuple[bytes, ...]

    def offsets(self) -> Iterator[tuple[int, bytes]]:
        """Each line with the offset where it begins."""
        at = self.begin
        for line in self.lines:
            yield at, line
            at += len(line) + 1


@dataclass(slots=True)
class _Followed:
    """A file that is being read; by its descriptor, so that a rename or removal does not matter."""

    source: Source
    path: Path
    descriptor: int
    beginning: Beginning
    offset: int
    size: int = 0
    modified: int = 0
    missed: float | None = None
    seen: deque[tuple[int, float]] = field(default_factory=deque)

    def truncated(self, status: os.stat_result) -> bool:
        """Also when it has grown to the same length since; beyond it, reading will tell."""
        if status.st_size == self.offset and status.st_mtime_ns != self.modified:
            return not self.beginning.holds(self.descriptor)
        return status.st_size < self.offset

    def grown(self, size: int, now: float) -> None:
        if size > self.size:
            self.seen.append((size, now))
        self.size = size

    def acknowledged(self, offset: int) -> None:
        """More of its beginning is known now, which tells it better from others."""
        self.offset = offset
        if self.beginning.length < min(offset, HEAD_BYTES):
            self.beginning = beginning_of(self.descriptor, offset) or self.beginning
        while self.seen and self.seen[0][0] <= offset:
            self.seen.popleft()


class Follower:
    """All files of all sources. `known` are the positions that were saved; `clock` is monotonic, in seconds."""

    def __init__(
        self, sources: Sequence[Source], known: Iterable[Position] = (), *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sources = sources
        self._clock = clock
        self._files: dict[FileId, _Followed] = {}
        self._known = {FileId(each.device, each.inode): each for each in known}
        self._first = 0

    def scan(self) -> None:
        """Look which files there are, and how long each is."""
        now, met = self._clock(), set[FileId]()
        for source in self._sources:
            for path in candidates(source.path):
                with contextlib.suppress(FileNotFoundError):  # rotated away since the folder was read
                    status = path.stat()
                    met.add(file := FileId(status.st_dev, status.st_ino))
                    self._meet(source, path, file, status, now)
        for file in set(self._files) - met:
            self._miss(file, now)

    def _meet(self, source: Source, path: Path, file: FileId, status: os.stat_result, now: float) -> None:
        if file in self._files and self._files[file].truncated(status):
            self._forget(file)  # what is written now is another file in the same place
        followed = self._files.get(file) or self._open(source, path)
        if followed is not None:
            followed.path, followed.missed, followed.modified = path, None, status.st_mtime_ns
            followed.grown(status.st_size, now)

    def _open(self, source: Source, path: Path) -> _Followed | None:
        """None while it has no whole line, by which it could be known again."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        status = os.fstat(descriptor)
        beginning = beginning_of(descriptor, status.st_size)
        if beginning is None:
            os.close(descriptor)
            return None
        file = FileId(status.st_dev, status.st_ino)
        known, offset = self._known.pop(file, None), 0
        if known is not None and known.offset <= status.st_size and known.beginning.holds(descriptor):
            beginning, offset = known.beginning, known.offset
        self._files[file] = _Followed(source, path, descriptor, beginning, offset)
        return self._files[file]

    def _miss(self, file: FileId, now: float) -> None:
        followed = self._files[file]
        size = os.fstat(followed.descriptor).st_size
        if followed.missed is None or size > followed.size:
            followed.missed = now
        followed.grown(size, now)
        if followed.offset >= size and now - followed.missed > ORPHAN_SECONDS:
            self._forget(file)

    def _forget(self, file: FileId) -> None:
        os.close(self._files.pop(file).descriptor)

    def read(self) -> list[Chunk]:
        """The next lines of every file that has any, within a batch's bytes; another file comes first each time.

        A file's share is such that a loud one does not keep the others waiting.
        """
        chunks, left = list[Chunk](), BATCH_BYTES
        files = [file for file, followed in self._files.items() if followed.size > followed.offset]
        share = max(TURN_BYTES, BATCH_BYTES // max(1, len(files)))
        begin = self._first % len(files) if files else 0
        for file in [*files[begin:], *files[:begin]]:
            chunk = self._next(file, min(left, share)) if left > 0 else None
            if chunk is not None:
                chunks.append(chunk)
                left -= chunk.end - chunk.begin
        self._first += 1
        return chunks

    def _next(self, file: FileId, limit: int) -> Chunk | None:
        followed = self._files[file]
        begin = followed.offset
        data = os.pread(followed.descriptor, limit, begin)
        end = data.rfind(b"\n") + 1
        if not end and len(data) == limit:
            data = os.pread(followed.descriptor, LINE_BYTES, begin)
            end = data.rfind(b"\n") + 1 or (len(data) if len(data) == LINE_BYTES else 0)
        # Asked after reading: had it been truncated and grown again before, it would begin otherwise now.
        if not followed.beginning.holds(followed.descriptor):
            self._forget(file)
            self._begin_anew(followed)
            return None
        if not end:
            return None
        lines = data[:end].removesuffix(b"\n").split(b"\n")
        return Chunk(followed.source, followed.path, file, begin, begin + end, tuple(lines))

    def _begin_anew(self, former: _Followed) -> None:
        """At once, so that what waits in it is in the backlog."""
        with contextlib.suppress(FileNotFoundError):
            if (followed := self._open(former.source, former.path)) is not None:
                followed.grown(os.fstat(followed.descriptor).st_size, self._clock())

    def acknowledge(self, chunks: Iterable[Chunk]) -> None:
        """These need not be read again."""
        for chunk in chunks:
            followed = self._files.get(chunk.file)
            if followed is not None and followed.offset == chunk.begin:
                followed.acknowledged(chunk.end)

    def positions(self) -> list[Position]:
        """How far each file was acknowledged."""
        return [
            Position(*file, followed.beginning, followed.offset, str(followed.path))
            for file, followed in self._files.items()
        ]

    def backlog(self) -> int:
        """Bytes that are written and not acknowledged."""
        return sum(max(0, each.size - each.offset) for each in self._files.values())

    def lag(self) -> float:
        """Seconds since the oldest byte that is not acknowledged was first seen; 0 without any."""
        waiting = [each.seen[0][1] for each in self._files.values() if each.seen]
        return self._clock() - min(waiting) if waiting else 0.0

    def close(self) -> None:
        """Let go of all files."""
        for file in list(self._files):
            self._forget(file)


def beginning_of(descriptor: int, size: int) -> Beginning | None:
    """Of the whole lines in the first page of `size` bytes, or of the page when one line fills it; None while there is less."""
    head = os.pread(descriptor, min(size, HEAD_BYTES), 0)
    end = head.rfind(b"\n") + 1
    if not end and len(head) < HEAD_BYTES:
        return None
    head = head[: end or HEAD_BYTES]
    return Beginning(len(head), _digest(head))


def _digest(head: bytes) -> str:
    return hashlib.sha256(head).hexdigest()[:32]


def candidates(path: Path) -> list[Path]:
    """The file itself, then what rotation left beside it, the oldest name last."""
    try:
        names = [entry.name for entry in os.scandir(path.parent) if entry.is_file()]
    except FileNotFoundError:
        return []
    rotated = [
        name for name in names if name.startswith((f"{path.name}.", f"{path.name}-")) and not name.endswith(PACKED)
    ]
    own = [path] if path.name in names else []
    return [*own, *(path.with_name(name) for name in sorted(rotated))]
