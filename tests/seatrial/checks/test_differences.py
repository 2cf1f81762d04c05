from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.checks.differences import Cause, Difference, Ledger, failing, merge
from seatrial.checks.inputs import RequestKey

OK = RequestKey("GET", "/a", "200")
BAD = RequestKey("GET", "/a", "503")
KEYS = st.sampled_from([OK, BAD, RequestKey("POST", "/b", "201")])
COUNTS = st.dictionaries(KEYS, st.integers(0, 20)).map(Counter)


def found(ledger: Ledger) -> dict[Cause, int]:
    return {difference.cause: difference.count for difference in ledger.differences()}


@pytest.mark.parametrize(
    "ledger, expected",
    [
        (Ledger(Counter({OK: 5}), answered=Counter({OK: 5})), {}),
        (Ledger(Counter({OK: 4}), answered=Counter({OK: 5})), {Cause.LOST: 1}),
        (Ledger(Counter({OK: 6}), answered=Counter({OK: 5})), {Cause.UNEXPLAINED: 1}),
        (Ledger(Counter(), answered=Counter({BAD: 2}), unlogged=Counter({BAD: 2})), {Cause.REFUSED: 2}),
        (Ledger(Counter(), answered=Counter({OK: 2}), unlogged=Counter({OK: 2})), {Cause.LOST: 2}),
        (Ledger(Counter({OK: 1}), Counter({OK: 5}), reset=True, answered=Counter({OK: 5})), {Cause.KILLED: 4}),
        (
            Ledger(Counter({OK: 1}), Counter({OK: 3}), reset=True, answered=Counter({OK: 5})),
            {Cause.KILLED: 3, Cause.LOST: 1},
        ),
    ],
    ids=["equal", "lost", "unexplained", "refused", "an ok cannot be refused", "killed", "killed within its lines"],
)
def test_classes(ledger: Ledger, expected: dict[Cause, int]) -> None:
    assert found(ledger) == expected


def test_what_nobody_heard_of_is_taken_for_served_once_it_was_counted() -> None:
    ledger = Ledger(Counter({OK: 1}))
    ledger.miss(Cause.REFUSED, OK, "trace 1")
    ledger.miss(Cause.REFUSED, OK, "trace 2")
    assert found(ledger) == {Cause.GAVE_UP: 1, Cause.REFUSED: 1}


@given(COUNTS, COUNTS)
def test_no_difference_goes_missing(answered: Counter[RequestKey], counted: Counter[RequestKey]) -> None:
    off = sum(abs(answered[key] - counted[key]) for key in {*answered, *counted})
    assert sum(found(Ledger(counted, answered=answered)).values()) == off


def test_merging_adds_counts_and_keeps_few_examples() -> None:
    many = [Difference(Cause.LOST, 1, (f"request {number}",)) for number in range(9)]
    (merged,) = merge([*many, Difference(Cause.SHED, 0, ("none",))])
    assert (merged.count, len(merged.examples)) == (9, 5)


@pytest.mark.parametrize("cause", list(Cause))
def test_lost_duplicate_and_unexplained_fail(cause: Cause) -> None:
    excused = cause not in {Cause.LOST, Cause.DUPLICATE, Cause.UNEXPLAINED}
    assert (failing([Difference(cause, 1)]) == []) is excused
