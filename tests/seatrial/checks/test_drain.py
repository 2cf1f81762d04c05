from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial.checks.drain import drain_clean
from seatrial.checks.finding import Verdict
from seatrial.checks.inputs import Stop

P, F, U = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
A, B = Stop("a-1", 0, 0.3, killed=False, planned="drain"), Stop("b-1", 0, 1.2, killed=False, planned="drain")
RESTART = replace(B, planned="restart")
KILLED = replace(B, code=-9, seconds=5.0, killed=True)


@pytest.mark.parametrize(
    "stops, expected, words",
    [
        ([A, B], P, "2 stops, all clean; the slowest was b-1's, 1.20 s"),
        ([RESTART, A, B], P, "3 stops"),
        ([A, KILLED], F, "b-1 did not end by itself and was killed after 5.00 s (drain)"),
        ([A, replace(B, code=1)], F, "b-1 ended with code 1 after 1.20 s (drain)"),
        ([replace(RESTART, code=1), A, B], F, "b-1 ended with code 1 after 1.20 s (restart)"),
        ([A, replace(B, code=None)], U, "the exit code of b-1 is not known"),
        ([A, RESTART], U, "b-1 was not seen to stop at the end"),
        ([KILLED], F, "b-1 did not end"),
        ([], U, "no replica was asked to stop"),
    ],
    ids=[
        "clean", "restarted and stopped", "killed", "another code", "an unclean restart", "no code", "one unseen",
        "a fault outranks what is unknown", "none",
    ],
)  # fmt: skip
def test_stops(stops: list[Stop], expected: Verdict, words: str) -> None:
    found = drain_clean(stops, expected=["a-1", "b-1"])
    assert found.verdict is expected
    assert words in found.reason


def test_the_value_is_the_slowest_stop() -> None:
    found = drain_clean([A, B], expected=[])
    assert (found.value, found.unit, found.limit, found.samples) == (1.2, "s", None, 2)
