"""Uses up what a replica has little of: memory, descriptors, a core. Faults do, to show that somebody notices.

Bounded: a fault that was forgotten must not take the machine down.
"""

from __future__ import annotations

import os
from time import thread_time


class Hoard:
    """What a leaking service never gives back; here it does, when its faults are replaced, or at a bound."""

    MOST_BYTES = 2_000_000_000
    MOST_FILES = 5_000

    def __init__(self) -> None:
        self._bytes: list[bytes] = []
        self._files: list[int] = []

    @property
    def bytes_kept(self) -> int:
        """What is held now."""
        return sum(map(len, self._bytes))

    @property
    def files_kept(self) -> int:
        """How many descriptors are held now."""
        return len(self._files)

    def keep_bytes(self, count: int) -> None:
        """Hold so many more bytes, each of them touched."""
        if self.bytes_kept + count <= self.MOST_BYTES:
            self._bytes.append(b"\x01" * count)

    def keep_files(self, count: int) -> None:
        """Hold so many more descriptors."""
        if self.files_kept + count <= self.MOST_FILES:
            self._files += [os.open(os.devnull, os.O_RDONLY) for _ in range(count)]

    def drop(self) -> None:
        """Give all of it back."""
        kept, self._files, self._bytes = self._files, [], []
        for file in kept:
            os.close(file)


def spin(seconds: float) -> None:
    """Compute for so long, of this thread's own CPU time."""
    until = thread_time() + seconds
    while thread_time() < until:
        pass
