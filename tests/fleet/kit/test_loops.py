"""Rounds, one at a time where that is enough, and in threads that wait for events where it is about threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from fleet.kit import exchange
from fleet.kit.loops import BACKOFF_CAP, Loops, backoff
from fleet.kit.testing import Harness, harness

LONG = 3600.0  # s; a pause that no test waits for
PATIENCE = 10.0  # s


@pytest.fixture
def kit() -> Iterator[Harness]:
    kit = harness()
    yield kit
    kit.app.kit.loops.stop(PATIENCE)


@pytest.fixture
def loops(kit: Harness) -> Loops:
    return kit.app.kit.loops


class Counted:
    """Work that says how often it was done, and what it is to come to each time (then False for ever)."""

    def __init__(self, *results: bool | Exception) -> None:
        self.results = list(results)
        self.rounds = 0
        self.events: dict[int, Event] = {}

    def __call__(self) -> bool:
        self.rounds += 1
        self.reached(self.rounds).set()
        result = self.results.pop(0) if self.results else False
        if isinstance(result, Exception):
            raise result
        return result

    def reached(self, rounds: int) -> Event:
        return self.events.setdefault(rounds, Event())


def test_nothing_runs_before_the_start(loops: Loops) -> None:
    work = Counted()
    loops.add("sweep", work, 0.0)
    loops.wake("sweep")
    assert work.rounds == 0


def test_two_loops_have_two_names(loops: Loops) -> None:
    loops.add("sweep", Counted(), LONG)
    with pytest.raises(ValueError, match="sweep"):
        loops.add("sweep", Counted(), LONG)


@pytest.mark.parametrize("more", [True, False])
def test_single_round_is_the_callers(loops: Loops, *, more: bool) -> None:
    loops.add("sweep", Counted(more), LONG)
    assert loops.run("sweep") is more


def test_single_round_raises(loops: Loops) -> None:
    loops.add("sweep", Counted(OSError("gone")), LONG)
    with pytest.raises(OSError, match="gone"):
        loops.run("sweep")


def test_each_round_is_a_trace_of_its_own(loops: Loops) -> None:
    seen: list[exchange.Scope | None] = []
    loops.add("sweep", lambda: seen.append(exchange.current()) is not None, LONG)
    loops.run("sweep")
    loops.run("sweep")
    assert len({scope.trace_id for scope in seen if scope}) == 2
    assert exchange.current() is None


def test_more_to_do_is_done_at_once(loops: Loops) -> None:
    work = Counted(True, True)
    loops.add("sweep", work, LONG)
    loops.start()
    assert work.reached(3).wait(PATIENCE)


def test_waking_ends_the_pause(loops: Loops) -> None:
    work = Counted()
    loops.add("sweep", work, LONG)
    loops.start()
    work.reached(1).wait(PATIENCE)
    loops.wake("sweep")
    assert work.reached(2).wait(PATIENCE)


def test_waking_within_a_round_gives_another(loops: Loops) -> None:
    rounds: list[int] = []
    second = Event()

    def work() -> bool:
        rounds.append(1)
        loops.wake("sweep") if len(rounds) == 1 else second.set()
        return False

    loops.add("sweep", work, LONG)
    loops.start()
    assert second.wait(PATIENCE)


def test_loops_do_not_wait_for_one_another(loops: Loops) -> None:
    release, work = Event(), Counted()
    loops.add("stuck", lambda: release.wait(PATIENCE), LONG)
    loops.add("sweep", work, LONG)
    loops.start()
    assert work.reached(1).wait(PATIENCE)
    release.set()


def test_failed_round_is_a_warning_and_the_loop_goes_on(kit: Harness, loops: Loops) -> None:
    work = Counted(OSError("gone"))
    loops.add("sweep", work, LONG)
    loops.start()
    assert work.reached(2).wait(PATIENCE)
    (line,) = kit.captured.of("loop.failed")
    assert (line["log.level"], line["error.type"], line["error.message"]) == ("warning", "OSError", "gone")
    assert "sweep" in line["message"]
    kit.assert_contract()


def test_failures_of_a_kind_are_told_once_until_a_round_goes_well(kit: Harness, loops: Loops) -> None:
    row = [OSError("1"), KeyError("2"), OSError("3"), True, OSError("4")]
    work = Counted(*row)
    loops.add("sweep", work, LONG)
    loops.start()
    assert work.reached(len(row) + 1).wait(PATIENCE)
    told = [line["error.message"] for line in kit.captured.of("loop.failed")]
    assert told == ["1", "'2'", "4"]


@pytest.mark.parametrize("failures, seconds", [(1, 0.1), (2, 0.2), (4, 0.8), (7, BACKOFF_CAP), (10_000, BACKOFF_CAP)])
def test_backoff_doubles_up_to_its_cap(failures: int, seconds: float) -> None:
    assert backoff(failures) == pytest.approx(seconds)


def test_stopping_waits_for_the_running_round_and_begins_no_other(loops: Loops) -> None:
    begun, ended = Event(), Event()
    rounds: list[bool] = []

    def work() -> bool:
        rounds.append(loops.stopping)
        begun.set()
        wait_until(lambda: loops.stopping)
        ended.set()
        return True

    loops.add("sweep", work, 0.0)
    loops.start()
    begun.wait(PATIENCE)
    loops.stop(PATIENCE)
    assert ended.is_set()
    assert rounds == [False]


def wait_until(holds: Callable[[], bool]) -> None:
    while not holds():
        Event().wait(0.001)


def test_stopping_ends_a_pause(loops: Loops) -> None:
    work = Counted()
    loops.add("sweep", work, LONG)
    loops.start()
    work.reached(1).wait(PATIENCE)
    loops.stop(PATIENCE)
    assert work.rounds == 1


def test_round_that_outlasts_the_stop_is_told(kit: Harness, loops: Loops) -> None:
    begun, release = Event(), Event()

    def work() -> bool:
        begun.set()
        return not release.wait(PATIENCE)

    loops.add("sweep", work, LONG)
    loops.start()
    begun.wait(PATIENCE)
    loops.stop(0.0)
    release.set()
    assert [line["message"] for line in kit.captured.of("loop.cut")] == ["The loop sweep was not done after 0 s"]
