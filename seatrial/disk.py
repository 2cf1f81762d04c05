"""Whether the disk of a run was full while it ran: whoever wrote there then may have lost what it wrote."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Less than a flush of a few services' logs and the load's rows.
LEAST_BYTES = 1 << 20
DISK_FULL = "disk-full"


def free_bytes(folder: Path) -> int:
    """What is left for its owner."""
    return shutil.disk_usage(folder).free


@dataclass(slots=True)
class DiskWatch:
    """Looked with about once a second. Keeps what it sees in memory: on a full disk nothing can be noted."""

    free: Callable[[Path], int] = free_bytes
    looks: int = 0
    full: int = 0

    def look(self, folder: Path) -> None:
        """See whether the folder's disk is full now."""
        self.looks += 1
        self.full += self.free(folder) < LEAST_BYTES
