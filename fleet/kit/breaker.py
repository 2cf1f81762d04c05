"""A circuit breaker per replica: one that gives no answer is left alone for a while, then asked by a single call.

Only silence counts: a refused, broken or timed-out attempt. Any answer, a 503 too, says that the replica lives, and to refuse
the calls of a replica that is merely busy, or whose callee is down, would make an outage of a delay; the retry budget and the
balancer deal with those. The states are pure, the clock comes with each question; no lock is held while a call is under way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from threading import Lock
from time import monotonic

from fleet.kit.errors import Unavailable


class Leave(Enum):
    """What a call may do."""

    CALL = "call"
    PROBE = "probe"  # the one call that finds out whether the replica answers again
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Circuit:
    """One replica's state: closed while `opens` is None, else open until that instant, from which one call may probe."""

    silences: int = 0  # in a row
    opens: float | None = None

    def ask(self, now: float, limits: Limits) -> tuple[Circuit, Leave]:
        """The leave of a call that begins now."""
        if self.opens is None:
            return self, Leave.CALL
        if now < self.opens:
            return self, Leave.REFUSE
        return Circuit(self.silences, now + limits.probe_seconds), Leave.PROBE

    def heard(self, now: float, limits: Limits, leave: Leave, *, answered: bool) -> Circuit:
        """The state after an attempt. A late silence of a call from before the opening does not prolong it."""
        if answered:
            return CLOSED
        if self.opens is not None and leave is not Leave.PROBE:
            return self
        silences = self.silences + 1
        opens = now + limits.open_seconds if silences >= limits.silences else None
        return Circuit(silences, opens)


@dataclass(frozen=True, slots=True)
class Limits:
    """`silences` in a row open a circuit for `open_seconds`; a probe that takes longer than `probe_seconds` is joined by another.

    Open briefly: it matters only where silence comes fast, from a closed port, and there a probe costs nothing and a replica
    that is back is used at once. Probes seldom: from a replica that hangs each one holds a thread for a whole time-out.
    """

    silences: int = 5
    open_seconds: float = 0.25
    probe_seconds: float = 2.0


CLOSED = Circuit()
Changed = Callable[[str, str, bool], object]


class Breaker:
    """The circuits of one callee's replicas: a `client.Gate`. `changed` hears callee, address and whether it is open now."""

    def __init__(
        self,
        limits: Limits = Limits(),
        *,
        clock: Callable[[], float] = monotonic,
        changed: Changed = lambda *_: None,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._changed = changed
        self._circuits: dict[str, Circuit] = {}  # those that are not as new
        self._lock = Lock()

    def admit(self, callee: str, address: str) -> Leave:
        """CALL or PROBE, to be handed back to `settled`.

        Raises:
            Unavailable: the replica is left alone for now.
        """
        with self._lock:
            if address not in self._circuits:
                return Leave.CALL
            self._circuits[address], leave = self._circuits[address].ask(self._clock(), self._limits)
        if leave is Leave.REFUSE:
            raise Unavailable(f"{callee} gave no answer several times and is left alone for now.", callee=callee)
        return leave

    def settled(self, callee: str, address: str, leave: Leave, *, answered: bool) -> None:
        """How an admitted attempt ended."""
        with self._lock:
            before = self._circuits.get(address, CLOSED)
            after = before.heard(self._clock(), self._limits, leave, answered=answered)
            if after == CLOSED:
                self._circuits.pop(address, None)
            else:
                self._circuits[address] = after
        if (before.opens is None) is not (after.opens is None):
            self._changed(callee, address, after.opens is not None)

    def forget(self, addresses: Iterable[str]) -> None:
        """These have gone; whoever listens there again is somebody new."""
        with self._lock:
            for address in addresses:
                self._circuits.pop(address, None)
