from __future__ import annotations

import pytest

from seatrial.checks.finding import Finding, Verdict, overall

P, F, I = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE  # noqa: E741 - the three verdicts, in tables


@pytest.mark.parametrize(
    "verdicts, expected",
    [([], I), ([P], P), ([P, I], I), ([P, I, F], F), ([F, P], F)],
    ids=["nothing checked", "passed", "one undecided", "failure outranks", "failure first"],
)
def test_overall(verdicts: list[Verdict], expected: Verdict) -> None:
    assert overall(Finding("x", verdict, "") for verdict in verdicts) is expected
