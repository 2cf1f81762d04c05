"""Where the replicas of a service are: Prometheus's file_sd JSON, read again when it changes.

Which of them gets the next call is `balance`'s part.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Protocol

from fleet.kit.errors import KitError

Addresses = Mapping[str, Sequence[str]]  # service -> host:port, in the order of the source


class DiscoveryError(KitError):
    """The source of addresses is wrong; the message says where."""


class Discovery(Protocol):
    """Anything that knows the replicas."""

    def addresses(self, service: str) -> Sequence[str]:
        """`host:port` of each replica; empty when there is none."""

    def doubt(self, service: str) -> None:
        """Somebody was not found where it was said to be: what is known may be old."""


class StaticDiscovery:
    """Addresses that do not change, for tests and for a fleet behind stable names."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    def addresses(self, service: str) -> Sequence[str]:
        """`host:port` of each replica; empty when there is none."""
        return self._addresses.get(service, ())

    def doubt(self, service: str) -> None:
        """There is nothing newer to be had."""


class FileDiscovery:
    """A file_sd document, looked at on every call (a `stat`, 2 us) and read when it changed.

    A file that is being replaced or is wrong leaves the last good state in force.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, ...] | None = None
        self._addresses: Addresses = {}
        self._lock = Lock()

    def addresses(self, service: str) -> Sequence[str]:
        """`host:port` of each replica; empty when there is none."""
        self._refresh()
        return self._addresses.get(service, ())

    def doubt(self, service: str) -> None:
        """The next call looks anyway."""

    def _refresh(self) -> None:
        try:
            stat = self._file.stat()
            version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if version == self._seen:
                return
            with self._lock:
                self._addresses, self._seen = parse(self._file.read_bytes()), version
        except (OSError, DiscoveryError):
            return


def parse(document: bytes) -> Addresses:
    """A file_sd document as addresses by its label `job`.

    Raises:
        DiscoveryError: it is not of that shape.
    """
    found: dict[str, list[str]] = {}
    try:
        for group in json.loads(document):
            found.setdefault(group["labels"]["job"], []).extend(map(str, group["targets"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DiscoveryError(f"not a file_sd document with the label job: {error!r}") from error
    return found
