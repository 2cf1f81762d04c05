from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread, get_ident

import pytest

from fleet.kit import exchange
from fleet.kit.errors import ClientError, DeadlineExceeded, TimedOut, Unavailable
from fleet.kit.renewal import PAUSE_SECONDS, Lease, Renewed

TIMEOUT = 5.0  # s: what is waited for below comes at once, or never


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Owner:
    """Gives 1, 2, 3, ... or fails; may be held up."""

    def __init__(self, renew_after: float = 60, ends_after: float = 100) -> None:
        self.lease = (renew_after, ends_after)
        self.asked = 0
        self.failure: Exception | None = None
        self.may_answer = Event()
        self.may_answer.set()
        self.began = Event()
        self.scopes: list[exchange.Scope | None] = []

    def __call__(self) -> Lease[int]:
        self.asked += 1
        self.scopes.append(exchange.current())
        self.began.set()
        assert self.may_answer.wait(TIMEOUT)
        if self.failure is not None:
            raise self.failure
        return Lease(self.asked, *self.lease)


class Behind:
    """Keeps work for later."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        self.work.append(work)

    def do(self) -> None:
        self.work.pop(0)()


def renewed(owner: Owner, clock: Clock, behind: Callable[[Callable[[], None]], None] | None = None) -> Renewed[int]:
    return Renewed(owner, patience=TIMEOUT, clock=clock, behind=behind or Behind())


def test_it_is_fetched_when_first_asked_for_and_kept() -> None:
    owner, clock = Owner(), Clock()
    value = renewed(owner, clock)
    assert owner.asked == 0
    assert [value.value(), value.value()] == [1, 1]


def test_it_is_renewed_ahead_of_its_end_and_nobody_waits() -> None:
    owner, clock, behind = Owner(), Clock(), Behind()
    value = renewed(owner, clock, behind)
    value.value()
    clock.now += 60
    assert [value.value(), value.value(), len(behind.work)] == [1, 1, 1]
    behind.do()
    assert value.value() == 2


def test_it_ends_when_its_lease_does() -> None:
    owner, clock = Owner(), Clock()
    value = renewed(owner, clock)
    value.value()
    clock.now += 100
    assert value.value() == 2


def test_its_lease_counts_from_the_asking() -> None:
    owner, clock, behind = Owner(), Clock(), Behind()

    def slow() -> Lease[int]:
        clock.now += 60
        return owner()

    value = Renewed(slow, patience=TIMEOUT, clock=clock, behind=behind)
    value.value()
    clock.now += PAUSE_SECONDS
    value.value()
    assert len(behind.work) == 1


def test_while_it_cannot_be_renewed_the_last_one_stays() -> None:
    owner, clock, behind = Owner(), Clock(), Behind()
    value = renewed(owner, clock, behind)
    value.value()
    owner.failure = Unavailable("away")
    for pause in (60, PAUSE_SECONDS, PAUSE_SECONDS):
        clock.now += pause
        assert value.value() == 1
        behind.do()
    assert owner.asked == 4


def test_a_failed_renewal_is_not_tried_again_at_once() -> None:
    owner, clock, behind = Owner(), Clock(), Behind()
    value = renewed(owner, clock, behind)
    value.value()
    owner.failure = Unavailable("away")
    clock.now += 60
    for _ in range(9):
        value.value()
        while behind.work:
            behind.do()
    assert owner.asked == 2


@pytest.mark.parametrize(
    "failure",
    [
        Unavailable("away", outcome_unknown=True),
        TimedOut("slow", outcome_unknown=True),
        DeadlineExceeded("late", outcome_unknown=True),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_without_one_the_failure_says_that_nothing_was_done(failure: ClientError) -> None:
    owner = Owner()
    owner.failure = failure
    with pytest.raises(Unavailable, match=str(failure)) as caught:
        renewed(owner, Clock()).value()
    assert caught.value.outcome_unknown is False


def test_without_one_it_is_asked_for_once_a_second() -> None:
    owner, clock = Owner(), Clock()
    owner.failure = Unavailable("away")
    value = renewed(owner, clock)
    for pause in (0, 0.5, 0.4, 0.2, 0.5):
        clock.now += pause
        with pytest.raises(Unavailable, match="away"):
            value.value()
    assert owner.asked == 2


def test_a_second_later_it_is_had_again() -> None:
    owner, clock = Owner(), Clock()
    owner.failure = Unavailable("away")
    value = renewed(owner, clock)
    with pytest.raises(Unavailable):
        value.value()
    owner.failure, clock.now = None, clock.now + PAUSE_SECONDS
    assert value.value() == 2


def test_what_nobody_foresaw_leaves_it_able_to_go_on() -> None:
    owner, clock = Owner(), Clock()
    owner.failure = ZeroDivisionError()
    value = renewed(owner, clock)
    with pytest.raises(ZeroDivisionError):
        value.value()
    owner.failure, clock.now = None, clock.now + PAUSE_SECONDS
    assert value.value() == 2


def test_asked_anew_it_is_fetched_anew_at_most_once_a_second() -> None:
    owner, clock = Owner(), Clock()
    value = renewed(owner, clock)
    value.value()
    seen = []
    for pause in (0, PAUSE_SECONDS, 0, 0.9, 0.1):
        clock.now += pause
        seen.append(value.again())
    assert seen == [1, 2, 2, 2, 3]


def test_asked_anew_in_vain_the_last_one_stays() -> None:
    owner, clock = Owner(), Clock()
    value = renewed(owner, clock)
    value.value()
    owner.failure, clock.now = Unavailable("away"), clock.now + PAUSE_SECONDS
    assert (value.again(), owner.asked) == (1, 2)


@pytest.mark.parametrize("ask", [Renewed.value, Renewed.again], ids=["value", "again"])
def test_thirty_two_at_once_make_one_fetch(ask: Callable[[Renewed[int]], int]) -> None:
    owner, together = Owner(), Barrier(32)
    value = renewed(owner, Clock())
    owner.may_answer.clear()

    def one(_: int) -> int:
        together.wait(TIMEOUT)
        return ask(value)

    with ThreadPoolExecutor(32) as threads:
        answers = threads.map(one, range(32))
        assert owner.began.wait(TIMEOUT)
        owner.may_answer.set()
        assert (set(answers), owner.asked) == ({1}, 1)


def test_who_has_a_value_does_not_wait_for_who_asks_anew() -> None:
    owner, clock = Owner(), Clock()
    value = renewed(owner, clock)
    value.value()
    clock.now += PAUSE_SECONDS
    owner.began.clear()
    owner.may_answer.clear()
    asking = Thread(target=value.again)
    asking.start()
    assert owner.began.wait(TIMEOUT)
    assert value.value() == 1
    owner.may_answer.set()
    asking.join(TIMEOUT)
    assert value.value() == 2


def test_who_waits_for_anothers_fetch_waits_no_longer_than_its_own_deadline() -> None:
    owner = Owner()
    value = renewed(owner, Clock())
    owner.may_answer.clear()
    leading = Thread(target=value.value)
    leading.start()
    assert owner.began.wait(TIMEOUT)
    with exchange.background() as scope:
        scope.deadline = 0.0
        with pytest.raises(Unavailable):
            value.value()
    owner.may_answer.set()
    leading.join(TIMEOUT)


def test_a_fetch_is_bound_by_no_deadline_and_no_user_but_is_in_the_trace_of_who_waits_for_it() -> None:
    owner = Owner()
    with exchange.background() as scope:
        scope.deadline, scope.user_id = 0.0, "alice"
        renewed(owner, Clock()).value()
    [seen] = owner.scopes
    assert seen is not None
    assert (seen.span, seen.deadline, seen.user_id) == (scope.span, None, None)


def test_what_is_done_behind_is_in_a_thread_and_a_trace_of_its_own() -> None:
    owner, clock, thread, done = Owner(), Clock(), [get_ident()], Event()

    def fetch() -> Lease[int]:
        thread.append(get_ident())
        lease = owner()
        if owner.asked > 1:
            done.set()
        return lease

    value = Renewed(fetch, patience=TIMEOUT, clock=clock)
    value.value()
    clock.now += 60
    with exchange.background() as scope:
        value.value()
        assert done.wait(TIMEOUT)
    assert thread[0] == thread[1] != thread[2]
    assert owner.scopes[1] is not None
    assert owner.scopes[1].trace_id != scope.trace_id


def test_a_process_out_of_threads_goes_on_with_what_it_has() -> None:
    def none_left(_: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    owner, clock = Owner(), Clock()
    value = renewed(owner, clock, none_left)
    value.value()
    clock.now += 60
    assert value.value() == 1
    clock.now += 40
    assert value.value() == 2
