"""A value of somebody else's that is kept, asked for again before it is too old, and by one thread at a time.

While there is a usable value nobody waits for a new one, however slow its owner is: it is fetched behind the requests.
What is fetched, and for how long it is good, is the matter of `keys` and `credentials`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

from fleet.kit import exchange
from fleet.kit.errors import ClientError, Unavailable

PAUSE_SECONDS = 1.0  # from the end of one fetch to the start of the next, whatever is asked for
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lease(Generic[T]):
    """A fetched value; both times are in seconds from the moment at which it was asked for."""

    value: T
    renew_after: float
    ends_after: float = inf


@dataclass(frozen=True, slots=True)
class _Held(Generic[T]):
    value: T
    renew_at: float
    ends_at: float


def in_a_thread(work: Callable[[], None]) -> None:
    """Do `work` behind the requests, in a trace of its own."""

    def run() -> None:
        with exchange.background():
            work()

    Thread(target=run, name="renewal", daemon=True).start()


class Renewed(Generic[T]):
    """The value that `fetch` gives, kept as long as its lease lasts. `fetch` raises a ClientError when there is none.

    `patience` (s) bounds the wait for another thread's fetch; `behind` does work without being waited for.
    """

    def __init__(
        self,
        fetch: Callable[[], Lease[T]],
        *,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
        behind: Callable[[Callable[[], None]], None] = in_a_thread,
    ) -> None:
        self._fetch = fetch
        self._patience = patience
        self._clock = clock
        self._behind = behind
        self._lock = Lock()  # held for moments, never during a fetch
        self._flight: Event | None = None
        self._landed = -inf
        self._held: _Held[T] | None = None
        self._reason = "it was never asked for"

    def value(self) -> T:
        """The value in force; waits only where there is none.

        Raises:
            Unavailable: there is none, and none can be had.
        """
        held, now = self._held, self._clock()
        if held is None or now >= held.ends_at:
            return self.again()
        if now >= held.renew_at:
            self._renew_behind()
        return held.value

    def again(self) -> T:
        """The value fetched anew, or the one in force when it was fetched a moment ago or cannot be had.

        Raises:
            Unavailable: there is none in force either.
        """
        flight, leads = self._take_off()
        if flight is not None and leads:
            with exchange.shared():
                self._fly(flight)
        elif flight is not None:
            flight.wait(self._time_left())
        held = self._held
        if held is None or self._clock() >= held.ends_at:
            raise Unavailable(self._reason)
        return held.value

    def _renew_behind(self) -> None:
        flight, leads = self._take_off()
        if flight is None or not leads:
            return
        try:
            self._behind(lambda: self._fly(flight))
        except RuntimeError:  # no thread can be had: the process ends, or is at its limit
            self._land(flight)

    def _take_off(self) -> tuple[Event | None, bool]:
        """The fetch under way and whether the caller is to do it; None when the last one has only just ended."""
        with self._lock:
            if self._flight is not None:
                return self._flight, False
            if self._clock() - self._landed < PAUSE_SECONDS:
                return None, False
            self._flight = Event()
            return self._flight, True

    def _fly(self, flight: Event) -> None:
        asked = self._clock()
        try:
            lease = self._fetch()
            self._held = _Held(lease.value, asked + lease.renew_after, asked + lease.ends_after)
        except ClientError as error:
            self._reason = str(error)
        finally:
            self._land(flight)

    def _land(self, flight: Event) -> None:
        with self._lock:
            self._flight, self._landed = None, self._clock()
        flight.set()

    def _time_left(self) -> float:
        scope = exchange.current()
        if scope is None or scope.deadline is None:
            return self._patience
        return max(0.0, min(self._patience, scope.deadline - time.monotonic()))
