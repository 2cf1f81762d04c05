"""Whether this replica lives, and whether it can do its work now: named checks, each bounded in time.

Liveness asks nothing of anyone: a dead store must not get the process killed. Readiness runs the checks.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Lock, Thread

Check = Callable[[], object]
CHECK_SECONDS = 1.0
OK = "ok"


class _BoundedCheck:
    """A check that may hang: its caller waits `seconds`, and while it hangs no second one is started."""

    def __init__(self, check: Check, seconds: float) -> None:
        self._check = check
        self._seconds = seconds
        self._running = Lock()

    def result(self) -> str:
        """'ok', or what is wrong."""
        if not self._running.acquire(blocking=False):
            return "still waiting for an earlier check"
        outcome: SimpleQueue[str] = SimpleQueue()
        Thread(target=self._run, args=(outcome,), name="health-check", daemon=True).start()
        try:
            return outcome.get(timeout=self._seconds)
        except Empty:
            return f"no result within {self._seconds} s"

    def _run(self, outcome: SimpleQueue[str]) -> None:
        try:
            outcome.put("not ready" if self._check() is False else OK)
        except Exception as error:  # noqa: BLE001 - whatever a check raises means not ready
            outcome.put(f"{type(error).__name__}: {error}")
        finally:
            self._running.release()


class Health:
    """The replica's checks by name."""

    def __init__(self, seconds: float = CHECK_SECONDS) -> None:
        self._seconds = seconds
        self._checks: dict[str, _BoundedCheck] = {}
        self._draining = False

    def add(self, name: str, check: Check) -> None:
        """Not ready while `check` raises, returns False or takes longer than the bound."""
        self._checks[name] = _BoundedCheck(check, self._seconds)

    def drain(self) -> None:
        """Not ready from now on: the replica ends its work and takes no more."""
        self._draining = True

    def ready(self) -> tuple[bool, dict[str, str]]:
        """Whether all checks pass, and each one's result."""
        if self._draining:
            return False, {"drain": "the replica is ending"}
        results = {name: check.result() for name, check in self._checks.items()}
        return all(result == OK for result in results.values()), results
