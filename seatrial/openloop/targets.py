"""Which addresses there are to send to: one that was named, or all replicas in a file that may change at any time.

Owns looking at that file. Which address gets a request, and the connections to it, are the client's matter.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Protocol

from seatrial.openloop.errors import SettingsError

# A stat costs 2 us; at a thousand requests per second it need not be made for each.
LOOK_SECONDS = 0.05


class Targets(Protocol):
    """Anything that knows where requests may go."""

    def present(self) -> tuple[str, ...]:
        """`host:port` of each; the same object until they change."""


class Fixed:
    """One address that does not change."""

    def __init__(self, address: str) -> None:
        self._addresses = (address,)

    def present(self) -> tuple[str, ...]:
        """That address."""
        return self._addresses


class Discovered:
    """The targets of one job in a file of Prometheus's file_sd format, read again when it changed.

    A file that is away or wrong later leaves the last good state in force; at first it raises SettingsError.
    """

    def __init__(self, file: Path, job: str, *, clock: Callable[[], float] = monotonic) -> None:
        self._file, self._job, self._clock = file, job, clock
        self._seen: tuple[int, ...] | None = None
        self._addresses: tuple[str, ...] = ()
        self._due = clock() + LOOK_SECONDS
        try:
            self._addresses = self._read()
        except (OSError, ValueError) as error:
            raise SettingsError(f"SEATRIAL_DISCOVERY_FILE={file} cannot be read as file_sd ({error})") from error
        if not self._addresses:
            raise SettingsError(f"SEATRIAL_DISCOVERY_FILE={file} has no target with the job {job!r}")

    def present(self) -> tuple[str, ...]:
        """The targets as of the last look."""
        now = self._clock()
        if now >= self._due:
            self._due = now + LOOK_SECONDS
            with contextlib.suppress(OSError, ValueError):
                self._addresses = self._read()
        return self._addresses

    def _read(self) -> tuple[str, ...]:
        stat = self._file.stat()
        version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if version == self._seen:
            return self._addresses
        found = _targets(json.loads(self._file.read_bytes()), self._job)
        self._seen = version
        return self._addresses if found == self._addresses else found


def _targets(document: object, job: str) -> tuple[str, ...]:
    try:
        return tuple(
            str(target)
            for group in document  # type: ignore[attr-defined] # whatever is in the file
            if group["labels"]["job"] == job
            for target in group["targets"]
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no list of targets with the label job: {error!r}") from error
