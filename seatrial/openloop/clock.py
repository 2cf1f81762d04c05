"""One clock for a run: epoch seconds that never jump, since they advance with the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Anchored to the epoch once; a step of the system's time cannot make a latency negative."""

    def __init__(
        self, *, epoch: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._anchor = epoch() - monotonic()

    def now(self) -> float:
        """Epoch seconds."""
        return self._anchor + self._monotonic()
