"""What the gateway keeps: a token bucket per subject, in memory, so the limit is per replica."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from threading import Lock
from time import monotonic

MAX_SUBJECTS = 100_000


class Buckets:
    """Token buckets: `rate` per second flow in up to `burst`, and a request takes one. Rate 0 is no limit."""

    def __init__(self, rate: float, burst: float, *, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._lock = Lock()
        self._levels: dict[str, tuple[float, float]] = {}  # subject -> (tokens, when)

    def take(self, subject: str) -> int:
        """0 when the request may pass, else the whole seconds after which it may."""
        if not self._rate:
            return 0
        with self._lock:
            now = self._clock()
            tokens, when = self._levels.get(subject, (self._burst, now))
            tokens = min(self._burst, tokens + (now - when) * self._rate)
            allowed = tokens >= 1
            self._levels[subject] = (tokens - 1 if allowed else tokens, now)
            if len(self._levels) > MAX_SUBJECTS:
                self._forget(now)
        return 0 if allowed else ceil((1 - tokens) / self._rate)

    def _forget(self, now: float) -> None:
        """Drop the buckets that are full again: they mean the same as absent ones; if all are in use, the oldest."""
        full = self._burst / self._rate
        kept = {subject: level for subject, level in self._levels.items() if now - level[1] < full}
        self._levels = dict(list(kept.items())[-MAX_SUBJECTS:])
