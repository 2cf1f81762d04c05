"""A run with greenlets of its own, a client nobody calls, and journals in memory."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import gevent
import pytest

from seatrial.openloop.arrivals import Arrival, Menu, Stream
from seatrial.openloop.client import Client
from seatrial.openloop.clock import Clock
from seatrial.openloop.errors import JourneyFailed, NotSent
from seatrial.openloop.journey import Journey, Script
from seatrial.openloop.profile import Profile, Stage
from seatrial.openloop.recorder import JourneyRow, RequestRow
from seatrial.openloop.run import Run
from seatrial.openloop.steps import Step

VISIT = Arrival(1.0, "visit", 1)


class Memory:
    """A journal and a client in one."""

    def __init__(self) -> None:
        self.journeys: list[JourneyRow] = []
        self.requests: list[RequestRow] = []
        self.accounts: list[Mapping[str, Any]] = []
        self.closed = 0

    def request(self, row: RequestRow) -> None:
        self.requests.append(row)

    def send(self, *_: object) -> None:
        raise NotSent("nobody listens")

    def journey(self, row: JourneyRow) -> None:
        assert not self.closed
        self.journeys.append(row)

    def account(self, figures: Mapping[str, Any]) -> None:
        self.accounts.append(figures)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def begin(memory: Memory) -> Iterator[Callable[..., Run]]:
    runs = []

    def make(**profile: Any) -> Run:
        told = {"drain_seconds": 1.0, "in_flight": 2, **profile}
        client = cast("Client", Memory())
        run = Run(Profile(**told), client, memory, worker=0, steps=1, data={}, announce=lambda _: None, clock=Clock())
        run.enroll()
        run._users.discard(gevent.getcurrent())  # the test itself is no user to be ended
        runs.append(run)
        return run

    yield make
    for run in runs:
        run.drain()


def outcomes(memory: Memory) -> list[str]:
    return [row.outcome for row in memory.journeys]


def quick(_: Journey) -> None:
    gevent.sleep(0)


def endless(_: Journey) -> None:
    gevent.sleep(60)


def wrong(_: Journey) -> None:
    raise JourneyFailed("page", "status 500")


def faulty(_: Journey) -> None:
    raise KeyError("items")


@pytest.mark.parametrize("script, outcome", [(quick, "ok"), (wrong, "failed"), (faulty, "failed")])
def test_a_journey_ends_as(script: Script, outcome: str, begin: Callable[..., Run], memory: Memory) -> None:
    run = begin()
    run.arrive(VISIT, run.clock.now(), script)
    run.drain()
    assert outcomes(memory) == [outcome]


def test_a_fault_of_a_journey_function_is_told_in_the_account(begin: Callable[..., Run], memory: Memory) -> None:
    run = begin()
    run.arrive(VISIT, run.clock.now(), faulty)
    run.drain()
    assert memory.accounts[-1]["journey_errors"] == ["visit: KeyError('items')"]


def test_the_account_tells_what_the_steps_asked_must_touch_and_may_answer(
    begin: Callable[..., Run], memory: Memory
) -> None:
    step = Step("look", "GET", "/a", {200: None, 401: None}, touches=("front", "back"))
    run = begin()
    run.arrive(VISIT, run.clock.now(), lambda journey: journey.do(step))
    run.drain()
    account = memory.accounts[-1]
    assert (account["expected_services"], account["right_statuses"]) == (
        {"look": ("front", "back")},
        {"look": (200, 401)},
    )
    assert [row.step for row in memory.requests] == ["look"]


def test_arrivals_never_wait_and_are_shed_beyond_the_bound(begin: Callable[..., Run], memory: Memory) -> None:
    run = begin(drain_seconds=0.01)
    for _ in range(5):
        run.arrive(VISIT, run.clock.now(), endless)
    assert outcomes(memory) == ["shed"] * 3
    assert {row.started for row in memory.journeys} == {None}
    run.drain()
    account = memory.accounts[-1]
    assert [account[name] for name in ("planned", "started", "shed", "unfinished")] == [5, 2, 3, 2]


def test_a_drain_waits_for_what_is_under_way(begin: Callable[..., Run], memory: Memory) -> None:
    run = begin()
    run.arrive(VISIT, run.clock.now(), lambda _: gevent.sleep(0.02))
    run.drain()
    assert outcomes(memory) == ["ok"]


def test_a_drain_cuts_off_what_takes_too_long(begin: Callable[..., Run], memory: Memory) -> None:
    run = begin(drain_seconds=0.01)
    run.arrive(VISIT, run.clock.now(), endless)
    run.drain()
    assert outcomes(memory) == ["unfinished"]
    assert memory.accounts[-1]["drained"] is True


def test_draining_twice_at_once_closes_once_and_both_wait(begin: Callable[..., Run], memory: Memory) -> None:
    run = begin()
    run.arrive(VISIT, run.clock.now(), lambda _: gevent.sleep(0.02))
    both = [gevent.spawn(run.drain) for _ in range(2)]
    gevent.joinall(both)
    assert memory.closed == 1
    assert outcomes(memory) == ["ok"]


def test_an_interrupted_drain_still_writes_and_closes(begin: Callable[..., Run], memory: Memory) -> None:
    run = begin(drain_seconds=60.0)
    run.arrive(VISIT, run.clock.now(), endless)
    drain = gevent.spawn(run.drain)
    gevent.sleep(0.01)
    drain.kill()
    assert outcomes(memory) == ["unfinished"]
    assert memory.closed == 1


def test_a_user_that_ends_late_begins_what_was_due(begin: Callable[..., Run], memory: Memory) -> None:
    run = begin(in_flight=1000)
    stream = Stream(1, 0, 0, Menu({"visit": 1}))
    run.leave(stream, VISIT, run.clock.now() - 5.0, {"visit": quick})
    run.drain()
    assert memory.journeys
    assert all(row.started is not None and row.started > row.scheduled for row in memory.journeys)


def test_arrivals_end_with_the_last_stage(begin: Callable[..., Run]) -> None:
    run = begin(stages=(Stage("s", 1, 3),))
    assert run.covers(run.started_at + 2.999)
    assert not run.covers(run.started_at + 3.0)


def test_arrivals_end_when_the_run_is_stopped(begin: Callable[..., Run]) -> None:
    run = begin()
    assert run.covers(run.clock.now())
    run.stop()
    assert not run.covers(run.clock.now())


def test_the_account_says_which_worker_it_is_of_and_how_full_it_was(begin: Callable[..., Run], memory: Memory) -> None:
    run = begin()
    run.arrive(VISIT, run.clock.now(), quick)
    run.drain()
    account = memory.accounts[-1]
    assert (account["worker"], account["in_flight_max"], account["in_flight_bound"]) == (0, 1, 2)
