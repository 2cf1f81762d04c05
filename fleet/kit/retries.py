"""When a call may be tried again: pure decisions, the clock and the dice passed in.

A budget bounds the extra load: 20 % of the calls of the last seconds plus a floor of 3 (Finagle's and Envoy's figures), so that
a failing callee is not finished off by its callers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110, 9.2.2
RETRIED_STATUS = frozenset({502, 503, 504})
UNSENT_ATTEMPTS = 3  # of any call, however it may be repeated: what was not sent cannot be done twice
_ASKED_BACK = frozenset({429, 503})  # worth another try when they say when (RFC 9110, 10.2.3; RFC 6585, 4)
_MAX_DIGITS = 4


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Attempts count the first one; back-off in seconds, doubling, with full jitter."""

    attempts: int = 3
    backoff: float = 0.05
    backoff_cap: float = 0.5

    def allows(self, attempt: int, *, sent: bool, repeatable: bool) -> bool:
        """Whether another may follow the `attempt`-th one. What was not sent cannot be done twice, so any call may be tried again."""
        return attempt < (self.attempts if sent else UNSENT_ATTEMPTS) and (repeatable or not sent)

    def pause(self, attempt: int, draw: float) -> float:
        """Seconds to wait after the `attempt`-th attempt (from 1); `draw` is uniform in 0 to 1."""
        return draw * min(self.backoff_cap, self.backoff * 2.0 ** (attempt - 1))


def repeatable(method: str, *, keyed: bool) -> bool:
    """Whether doing it twice is doing it once: an idempotent method, or a call that carries an Idempotency-Key."""
    return keyed or method in IDEMPOTENT


def asked_back(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds after which the answer asks to come back, None when it does not; a date counts as not, our services send none."""
    value = headers.get("Retry-After", "") if status in _ASKED_BACK else ""
    return float(value) if value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS else None


class RetryBudget:
    """Retries allowed to one callee: `floor` plus `ratio` of the calls within the last `window` seconds."""

    def __init__(
        self, *, ratio: float = 0.2, floor: int = 3, window: float = 10.0, clock: Callable[[], float] = monotonic
    ) -> None:
        self._ratio = ratio
        self._floor = floor
        self._window = window
        self._clock = clock
        self._calls: deque[float] = deque()
        self._retries: deque[float] = deque()
        self._lock = Lock()

    def called(self) -> None:
        """Count a first attempt."""
        with self._lock:
            self._calls.append(self._clock())
            self._forget()

    def spend(self) -> bool:
        """Take one retry from the budget; False when there is none left."""
        with self._lock:
            self._forget()
            if len(self._retries) >= self._floor + self._ratio * len(self._calls):
                return False
            self._retries.append(self._clock())
            return True

    def _forget(self) -> None:
        oldest = self._clock() - self._window
        for times in (self._calls, self._retries):
            while times and times[0] < oldest:
                times.popleft()
