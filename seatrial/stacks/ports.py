"""Ports that no other run takes: a lock file per port, held for as long as the run lasts.

Owns the race between runs (flock) and with everybody else (a bind probe). Leaves the use of the port to the child
that is given its number.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import random
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from seatrial.errors import StackError

# Below every system's ephemeral range (Linux 32768, macOS 49152), so that no outgoing connection holds one.
FREE_PORTS = range(20000, 30000)


@dataclass(slots=True)
class PortLocks:
    """The ports of one run. `folder` is shared by all runs of this user; `owner` is written into each lock file."""

    folder: Path
    owner: str
    _held: dict[int, int] = field(default_factory=dict)

    def take(self, preferred: Iterable[int] = ()) -> int:
        """Lock the first preferred port that is free, else a free one below the ephemeral range. Raises StackError."""
        start = random.randrange(len(FREE_PORTS))
        for port in itertools.chain(preferred, FREE_PORTS[start:], FREE_PORTS[:start]):
            if self.lock(port):
                return port
        raise StackError(f"no port from {FREE_PORTS.start} to {FREE_PORTS.stop - 1} is free. End what holds them.")

    def lock(self, port: int) -> bool:
        """Hold this port's lock; False when another run holds it or somebody listens there."""
        make_private(self.folder)
        descriptor = try_lock(self.folder / f"{port}.lock")
        if descriptor is None:
            return False
        if not is_free(port):
            unlock(self.folder / f"{port}.lock", descriptor)
            return False
        os.write(descriptor, self.owner.encode())
        self._held[port] = descriptor
        return True

    def release(self) -> None:
        """Give all ports back; idempotent."""
        while self._held:
            port, descriptor = self._held.popitem()
            unlock(self.folder / f"{port}.lock", descriptor)


def make_private(folder: Path) -> None:
    """The folder may lie in /tmp: nobody else may have made it. Raises StackError."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(parents=True, mode=0o700)
    found = folder.lstat()
    if found.st_uid != os.getuid() or folder.is_symlink():
        raise StackError(
            f"{folder} belongs to somebody else. Remove it, or set SEATRIAL_RUNTIME_DIR to another folder."
        )


def try_lock(path: Path) -> int | None:
    """An open descriptor that holds the file's lock, not inherited by children; None when another holds it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _is_named(path, descriptor):
            os.ftruncate(descriptor, 0)
            return descriptor
        os.close(descriptor)  # its former holder removed the file between our open and our lock


def _is_named(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def unlock(path: Path, descriptor: int) -> None:
    """Remove the file first: while the lock is held nobody else can have made a new one of the name."""
    path.unlink(missing_ok=True)
    os.close(descriptor)


def is_free(port: int) -> bool:
    """Whether one may listen on 127.0.0.1. Connections in TIME_WAIT do not count, a listener on 0.0.0.0 does."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    with socket.socket() as probe:  # on BSD and macOS the bind above succeeds beside a listener on 0.0.0.0
        probe.settimeout(0.2)
        return bool(probe.connect_ex(("127.0.0.1", port)))


def stale_locks(folder: Path) -> list[Path]:
    """Lock files that nobody holds: left by a run whose guardian was killed too."""
    stale = []
    for path in sorted(folder.glob("*.lock")) if folder.is_dir() else []:
        descriptor = try_lock(path)
        if descriptor is not None:
            stale.append(path)
            os.close(descriptor)
    return stale
