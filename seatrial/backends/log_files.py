"""The files of one log at a moment, and which bytes of which files were written between two moments.

Owns following a log through rotation by what a file is: its device and inode, or, of a copy, how it begins. Leaves the lines to `logs`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.backends.logs import LogSlice
from seatrial.ship.following import Beginning, beginning_of, candidates


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of a log. `beginning` is None of a file without a whole line."""

    path: str
    device: int
    inode: int
    size: int
    beginning: Beginning | None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> LogFile:
        """As it was saved in JSON."""
        beginning = document["beginning"]
        return cls(**{**document, "beginning": beginning and Beginning(**beginning)})

    def is_in(self, later: LogFile) -> bool:
        """Whether `later` is this file as it has grown, or a copy of it."""
        if later.size < self.size:
            return False
        if self.beginning is None:
            return (self.device, self.inode) == (later.device, later.inode)
        with Path(later.path).open("rb") as file:
            return self.beginning.holds(file.fileno())


def files_of(log: Path) -> tuple[LogFile, ...]:
    """The log itself, if it is there, and what rotation left of it."""
    return tuple(_file(path) for path in candidates(log))


def _file(path: Path) -> LogFile:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        return LogFile(
            str(path), status.st_dev, status.st_ino, status.st_size, beginning_of(file.fileno(), status.st_size)
        )


def slices_between(service: str, before: Sequence[LogFile], after: Sequence[LogFile]) -> list[LogSlice]:
    """What was written. Raises ValueError when a file that was there is gone, and with it perhaps lines, and OSError."""
    begins, met = dict[str, int](), set[LogFile]()
    for later in after:
        same = [earlier for earlier in before if earlier.is_in(later)]
        begins[later.path] = max((earlier.size for earlier in same), default=0)
        met.update(same)
    for earlier in before:
        if earlier not in met and earlier.size:
            raise ValueError(f"{earlier.path} is not there any more, nor a copy of it")
    return [
        LogSlice(service, Path(later.path), begins[later.path], later.size)
        for later in after
        if later.size > begins[later.path]
    ]
