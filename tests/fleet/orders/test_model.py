from __future__ import annotations

import pytest

from fleet.orders.model import (
    CANCELLING,
    FINAL,
    NEXT,
    UNAVAILABLE,
    UNDOING,
    Order,
    OrderStatus,
    Outcome,
    Result,
    Step,
    status_of,
)

DONE, REFUSED, UNKNOWN = Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN


def order(step: Step = Step.RESERVE, reason: str = "") -> Order:
    return Order("o1", "alice", "prod-1", 2, 150, 0.0, step, reason)


def walk(*results: Result) -> list[Step]:
    here, steps = order(), []
    for result in results:
        following = here.after(result)
        assert following is not None
        here = following
        steps.append(here.step)
    return steps


@pytest.mark.parametrize(
    "outcomes,steps",
    [
        ([DONE, DONE, DONE], [Step.CHARGE, Step.COMMIT, Step.CONFIRMED]),
        ([REFUSED], [Step.FAILED]),
        ([UNKNOWN, DONE], [Step.RELEASE, Step.FAILED]),
        ([DONE, REFUSED, DONE], [Step.CHARGE, Step.RELEASE, Step.FAILED]),
        ([DONE, UNKNOWN, DONE, DONE], [Step.CHARGE, Step.REFUND, Step.RELEASE, Step.FAILED]),
        ([DONE, DONE, REFUSED, DONE, DONE], [Step.CHARGE, Step.COMMIT, Step.REFUND, Step.RELEASE, Step.FAILED]),
        ([DONE, DONE, UNKNOWN, REFUSED], [Step.CHARGE, Step.COMMIT, Step.WITHDRAW, Step.CONFIRMED]),
        (
            [DONE, DONE, UNKNOWN, DONE, DONE, DONE],
            [Step.CHARGE, Step.COMMIT, Step.WITHDRAW, Step.REFUND, Step.RELEASE, Step.FAILED],
        ),
    ],
    ids=[
        "confirmed",
        "sold-out",
        "reserve-unknown",
        "declined",
        "charge-unknown",
        "commit-refused",
        "committed-after-all",
        "commit-withdrawn",
    ],
)
def test_every_course_of_an_order(outcomes: list[Outcome], steps: list[Step]) -> None:
    assert walk(*map(Result, outcomes)) == steps


@pytest.mark.parametrize("step", sorted(UNDOING))
def test_what_cannot_be_undone_now_stays_where_it_is(step: Step) -> None:
    assert order(step).after(Result(UNKNOWN)) is None


def test_every_step_forward_has_an_answer_to_every_outcome() -> None:
    forward = {Step.RESERVE, Step.CHARGE, Step.COMMIT}
    assert {(step, outcome) for step in forward for outcome in Outcome} <= NEXT.keys()


def test_final_steps_have_no_next() -> None:
    assert {step for step, _ in NEXT}.isdisjoint(FINAL)


def test_the_first_reason_is_kept() -> None:
    declined = order(Step.CHARGE).after(Result(REFUSED, "payment-declined"))
    assert declined is not None
    failed = declined.after(Result(DONE))
    assert failed is not None
    assert failed.reason == "payment-declined"


def test_a_failure_without_a_reason_is_unavailability() -> None:
    failed = order().after(Result(UNKNOWN))
    assert failed is not None
    assert failed.reason == UNAVAILABLE


def test_an_order_that_was_committed_after_all_has_no_reason_to_fail() -> None:
    confirmed = order(Step.WITHDRAW, UNAVAILABLE).after(Result(REFUSED, "conflict"))
    assert confirmed is not None
    assert confirmed.reason == ""


@pytest.mark.parametrize("step", list(Step))
def test_only_final_steps_end_an_order(step: Step) -> None:
    assert (status_of(step) in {OrderStatus.PENDING, OrderStatus.CANCELLING}) == (step not in FINAL)


def test_a_cancelled_order_was_uncharged_and_restocked() -> None:
    here, steps = order(Step.UNCHARGE), []
    while here.step not in FINAL:
        following = here.after(Result(DONE))
        assert following is not None
        here = following
        steps.append((here.step, here.reason))
    assert steps == [(Step.RESTOCK, ""), (Step.CANCELLED, "")]


@pytest.mark.parametrize("step", sorted(CANCELLING))
@pytest.mark.parametrize("outcome", [REFUSED, UNKNOWN])
def test_cancelling_goes_on_until_it_is_done(step: Step, outcome: Outcome) -> None:
    assert order(step).after(Result(outcome)) is None


def test_the_total_is_price_times_quantity() -> None:
    assert order().total == 300
