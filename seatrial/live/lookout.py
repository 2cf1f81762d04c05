"""Looks every other second, in a thread of its own, while somebody wants to see: a slow Prometheus holds nobody up.

Leaves what is seen to the watcher.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from seatrial.live.watcher import Watcher
from seatrial.report.events import Event, Note

# Each look costs owner and Prometheus some milliseconds; figures of five seconds do not change much faster.
LOOK_SECONDS = 2.0
# A little after a whole second, when that second's scrapes are in.
PHASE_SECONDS = 0.05
END_SECONDS = 0.5


class Lookout:
    """`show` is given what is seen, from the thread; `wanted` says whether anybody looks: without, nothing is asked."""

    def __init__(
        self, show: Callable[[Event], None], wanted: Callable[[], bool], clock: Callable[[], float] = time.time
    ) -> None:
        self._show, self._wanted, self._clock = show, wanted, clock
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, watcher: Watcher) -> None:
        """Look from now on."""
        self._thread = threading.Thread(target=self._run, args=(watcher,), name="lookout", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Look no more; what is being asked is not waited for."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(END_SECONDS)

    def _run(self, watcher: Watcher) -> None:
        try:
            while not self._ended.wait(LOOK_SECONDS + PHASE_SECONDS - self._clock() % LOOK_SECONDS):
                self.turn(watcher)
        except Exception as error:  # noqa: BLE001 - a bug of ours must be told, and must not end the run
            self._show(Note(f"the live figures have ended by a bug of their own: {error!r}", warning=True))

    def turn(self, watcher: Watcher) -> None:
        """Look once, if anybody wants to see."""
        if self._wanted():
            seen = watcher.look(self._clock())
            if not self._ended.is_set():
                self._show(seen)
