"""Work that no request started: named loops, each a thread of its own, begun and ended with the worker.

Owns the rounds: their trace, their pauses, what a failure costs, and an end between two rounds. What a round does, and that
doing it twice is doing it once, is the service's matter. Only `server.load_app` starts them, so tests run single rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread

from fleet.kit import exchange as exchanges
from fleet.kit.logs import Logs

Work = Callable[[], bool]
FIRST_BACKOFF = 0.1  # s
BACKOFF_CAP = 5.0  # s


class Loops:
    """A process's loops by name."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        self._loops: dict[str, _Loop] = {}
        self._threads: dict[str, Thread] = {}
        self._stopping = Event()

    def add(self, name: str, work: Work, pause_seconds: float) -> None:
        """Do `work` again and again once started; it returns True when there may be more to do at once, else the loop pauses."""
        if name in self._loops:
            raise ValueError(f"There is a loop named {name} already.")
        self._loops[name] = _Loop(name, work, pause_seconds, self._logs, self._stopping)

    def start(self) -> None:
        """A thread for each loop; for the server alone."""
        for name, loop in self._loops.items():
            # Daemons: a worker that ends without stop() must not be held by them.
            self._threads[name] = Thread(target=loop.run, name=f"loop-{name}", daemon=True)
            self._threads[name].start()

    def run(self, name: str) -> bool:
        """One round in the caller's thread; what it raises goes through. For tests, which start no threads."""
        return self._loops[name].round()

    def wake(self, name: str) -> None:
        """End the loop's pause: there is something to do. A loop that is backing off after a failure sleeps on."""
        self._loops[name].woken.set()

    @property
    def stopping(self) -> bool:
        """Whether the worker is about to end: a long round should leave the rest to the next one."""
        return self._stopping.is_set()

    def halt(self) -> None:
        """Let no further round begin; returns at once."""
        self._stopping.set()
        for loop in self._loops.values():
            loop.woken.set()

    def stop(self, timeout: float) -> None:
        """`halt`, and wait up to `timeout` seconds in all for the running rounds."""
        self.halt()
        end = time.monotonic() + timeout
        for name, thread in self._threads.items():
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                self._logs.event("loop.cut", f"The loop {name} was not done after {timeout:g} s", level="warning")


class _Loop:
    """One loop's rounds; `stopping` is common to all of a process."""

    def __init__(self, name: str, work: Work, pause: float, logs: Logs, stopping: Event) -> None:
        self.woken = Event()
        self._name = name
        self._work = work
        self._pause = pause
        self._logs = logs
        self._stopping = stopping
        self._failures: list[str] = []  # the kinds of those since the last round that went well

    def run(self) -> None:
        """Rounds until `stopping`."""
        while not self._stopping.is_set():
            # Before the round, so that whoever wakes during it gets another one.
            self.woken.clear()
            try:
                more = self.round()
            except Exception as error:  # noqa: BLE001 - whatever a round raises, the work is still there to be done
                self._failed(error)
                continue
            self._failures.clear()
            if not more and not self._stopping.is_set():
                self.woken.wait(self._pause)

    def round(self) -> bool:
        """One round, in a trace of its own."""
        with exchanges.background():
            return self._work()

    def _failed(self, error: Exception) -> None:
        kind = type(error).__name__
        if kind not in self._failures:
            self._logs.event("loop.failed", f"The loop {self._name} failed and goes on", level="warning", exc=error)
        self._failures.append(kind)
        # Not on `woken`: each request that wakes it would make it fail once more.
        self._stopping.wait(backoff(len(self._failures)))


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row: doubling, up to a cap."""
    return float(min(BACKOFF_CAP, FIRST_BACKOFF * 2.0 ** min(failures - 1, 16)))
