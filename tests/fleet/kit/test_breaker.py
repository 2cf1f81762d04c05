"""The states as a table of pure steps, then the one probe among many threads."""

from threading import Barrier, Lock, Thread

import pytest

from fleet.kit.breaker import CLOSED, Breaker, Circuit, Leave, Limits
from fleet.kit.errors import Unavailable

LIMITS = Limits(silences=5, open_seconds=0.5, probe_seconds=2.0)
OPEN = Circuit(5, opens=10.5)
THREADS = 32


@pytest.mark.parametrize(
    "circuit, now, leave, after",
    [
        pytest.param(CLOSED, 10.0, Leave.CALL, CLOSED, id="closed"),
        pytest.param(Circuit(4), 10.0, Leave.CALL, Circuit(4), id="closed with silences"),
        pytest.param(OPEN, 10.4, Leave.REFUSE, OPEN, id="open"),
        pytest.param(OPEN, 10.5, Leave.PROBE, Circuit(5, 12.5), id="half open"),
        pytest.param(Circuit(5, 12.5), 12.4, Leave.REFUSE, Circuit(5, 12.5), id="a probe is under way"),
        pytest.param(Circuit(5, 12.5), 12.5, Leave.PROBE, Circuit(5, 14.5), id="the probe is too slow"),
    ],
)
def test_leave(circuit: Circuit, now: float, leave: Leave, after: Circuit) -> None:
    assert circuit.ask(now, LIMITS) == (after, leave)


@pytest.mark.parametrize(
    "circuit, leave, answered, after",
    [
        pytest.param(Circuit(4), Leave.CALL, True, CLOSED, id="an answer ends the row"),
        pytest.param(Circuit(3), Leave.CALL, False, Circuit(4), id="one silence more"),
        pytest.param(Circuit(4), Leave.CALL, False, OPEN, id="the fifth opens"),
        pytest.param(Circuit(5, 10.2), Leave.CALL, False, Circuit(5, 10.2), id="a late silence prolongs nothing"),
        pytest.param(Circuit(5, 10.2), Leave.CALL, True, CLOSED, id="a late answer closes"),
        pytest.param(Circuit(5, 10.2), Leave.PROBE, True, CLOSED, id="the probe is answered"),
        pytest.param(Circuit(5, 10.2), Leave.PROBE, False, Circuit(6, 10.5), id="the probe is not answered"),
    ],
)
def test_state_after_an_attempt(*, circuit: Circuit, leave: Leave, answered: bool, after: Circuit) -> None:
    assert circuit.heard(10.0, LIMITS, leave, answered=answered) == after


class World:
    """A breaker, its clock and what it told."""

    def __init__(self) -> None:
        self.now = 10.0
        self.told: list[tuple[str, str, bool]] = []
        self.breaker = Breaker(LIMITS, clock=lambda: self.now, changed=lambda *told: self.told.append(told))

    def fail(self, times: int, address: str = "h:1") -> None:
        leaves = [self.breaker.admit("a", address) for _ in range(times)]
        for leave in leaves:
            self.breaker.settled("a", address, leave, answered=False)

    def admitted(self, address: str = "h:1") -> bool:
        try:
            return bool(self.breaker.admit("a", address))
        except Unavailable:
            return False


def test_it_opens_for_one_replica_only() -> None:
    given = World()
    given.fail(5)
    assert not given.admitted("h:1")
    assert given.admitted("h:2")


def test_changes_are_told_once() -> None:
    given = World()
    given.fail(7)
    given.now = 10.5
    leave = given.breaker.admit("a", "h:1")
    given.breaker.settled("a", "h:1", leave, answered=True)
    assert given.told == [("a", "h:1", True), ("a", "h:1", False)]


def test_replica_that_was_gone_begins_anew() -> None:
    given = World()
    given.fail(5, "h:1")
    given.fail(5, "h:2")
    given.breaker.forget(["h:1"])
    assert (given.admitted("h:1"), given.admitted("h:2")) == (True, False)


def test_one_probe_among_many_threads_and_all_once_it_is_answered() -> None:
    given = World()
    given.fail(5)
    given.now = 10.5
    assert sorted(leaves(given)) == ["probe"] + ["refuse"] * (THREADS - 1)
    given.breaker.settled("a", "h:1", Leave.PROBE, answered=True)
    assert leaves(given) == ["call"] * THREADS


def leaves(given: World) -> list[str]:
    barrier, lock, seen = Barrier(THREADS), Lock(), list[str]()

    def ask() -> None:
        barrier.wait()
        try:
            leave = given.breaker.admit("a", "h:1")
        except Unavailable:
            leave = Leave.REFUSE
        with lock:
            seen.append(leave.value)

    threads = [Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen
