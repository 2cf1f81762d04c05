from __future__ import annotations

import pytest

from fleet.kit.client import Answer
from fleet.kit.errors import ClientError, DeadlineExceeded, TimedOut, Unavailable
from fleet.orders.clients import outcome, slug
from fleet.orders.model import Outcome, Step

DONE, REFUSED, UNKNOWN = Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN


def answer(status: int, body: bytes = b"{}") -> Answer:
    return Answer("inventory", status, {}, body)


@pytest.mark.parametrize(
    "step,status,expected",
    [
        (Step.RESERVE, 201, DONE),
        (Step.RELEASE, 200, DONE),
        (Step.RESERVE, 409, REFUSED),
        (Step.CHARGE, 402, REFUSED),
        (Step.CHARGE, 401, REFUSED),
        (Step.COMMIT, 404, REFUSED),
        (Step.RESERVE, 500, UNKNOWN),
        (Step.CHARGE, 503, UNKNOWN),
        (Step.WITHDRAW, 409, REFUSED),
        (Step.WITHDRAW, 401, UNKNOWN),
        (Step.RELEASE, 404, UNKNOWN),
        (Step.REFUND, 401, UNKNOWN),
        (Step.REFUND, 500, UNKNOWN),
    ],
)
def test_what_an_answer_means(step: Step, status: int, expected: Outcome) -> None:
    assert outcome(step, lambda: answer(status)).outcome is expected


@pytest.mark.parametrize(
    "step,error,expected",
    [
        (Step.RESERVE, Unavailable(outcome_unknown=False), REFUSED),
        (Step.CHARGE, TimedOut(outcome_unknown=True), UNKNOWN),
        (Step.COMMIT, DeadlineExceeded(outcome_unknown=False), REFUSED),
        (Step.REFUND, Unavailable(outcome_unknown=False), UNKNOWN),
        (Step.WITHDRAW, Unavailable(outcome_unknown=False), UNKNOWN),
    ],
    ids=["never-sent", "sent", "no-time-left", "refund-not-sent", "withdrawal-not-sent"],
)
def test_what_silence_means(step: Step, error: ClientError, expected: Outcome) -> None:
    def send() -> Answer:
        raise error

    assert outcome(step, send).outcome is expected


@pytest.mark.parametrize(
    "body,expected",
    [
        (b'{"type": "https://seatrial.example/problems/sold-out"}', "sold-out"),
        (b"{}", "unavailable"),
        (b"[]", "unavailable"),
        (b"<html>", "unavailable"),
        (b"", "unavailable"),
    ],
    ids=["problem", "no-type", "list", "html", "empty"],
)
def test_a_refusal_is_known_by_its_type(body: bytes, expected: str) -> None:
    assert slug(answer(409, body)) == expected
