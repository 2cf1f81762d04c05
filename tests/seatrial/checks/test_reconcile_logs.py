from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from seatrial.checks.finding import Verdict
from seatrial.checks.inputs import AttemptKey, RequestKey, ServiceCounts, ServiceLog
from seatrial.checks.reconcile_logs import reconcile_logs

OK = RequestKey("GET", "/a", "200")
CALL = AttemptKey("back", "GET", "/a", "200", "")
COUNTS = ServiceCounts(Counter({OK: 5}), Counter({CALL: 2}))
LOG = ServiceLog(Counter({OK: 5}), Counter({CALL: 2}), lines=7)


@pytest.mark.parametrize(
    "counts, log, expected, words",
    [
        (COUNTS, LOG, Verdict.PASS, "7 lines"),
        (COUNTS, replace(LOG, requests=Counter({OK: 4})), Verdict.FAIL, "5 requests counted, 4 lines"),
        (COUNTS, replace(LOG, requests=Counter({OK: 6})), Verdict.FAIL, "5 requests counted, 6 lines"),
        (COUNTS, replace(LOG, attempts=Counter()), Verdict.FAIL, "2 attempts counted, 0 lines"),
        (COUNTS, replace(LOG, malformed=1, malformed_examples=("'{'",)), Verdict.FAIL, "1 malformed lines, as '{'"),
        (COUNTS, replace(LOG, repeated=1, repeated_examples=("e1",)), Verdict.FAIL, "repeat an event id, as e1"),
        (replace(COUNTS, reset=True), replace(LOG, requests=Counter({OK: 6})), Verdict.PASS, ""),
        (replace(COUNTS, reset=True), replace(LOG, requests=Counter({OK: 4})), Verdict.FAIL, "4 lines"),
        (ServiceCounts(unreadable="back-1: refused"), LOG, Verdict.INCONCLUSIVE, "read: back-1: refused"),
        (ServiceCounts(), ServiceLog(), Verdict.INCONCLUSIVE, "no line"),
    ],
    ids=[
        "equal", "lines dropped", "uncounted", "call lines dropped", "malformed", "repeated",
        "counts lost with a process", "lines lost with a process", "unreadable", "silence",
    ],
)  # fmt: skip
def test_lines_and_counts(counts: ServiceCounts, log: ServiceLog, expected: Verdict, words: str) -> None:
    found = reconcile_logs({"back": counts}, {"back": log}, obstacle="")
    assert found.verdict is expected
    assert words in found.reason


@pytest.mark.parametrize(
    "log, expected, words",
    [
        (ServiceLog(lines=7), Verdict.PASS, "7 lines, each sound"),
        (ServiceLog(lines=7, malformed=1), Verdict.FAIL, "1 malformed lines"),
        (ServiceLog(), Verdict.INCONCLUSIVE, "no line was written"),
    ],
    ids=["sound", "malformed", "silence"],
)
def test_lines_that_nothing_is_compared_with_are_looked_at_alone(
    log: ServiceLog, expected: Verdict, words: str
) -> None:
    found = reconcile_logs({}, {"back": log}, obstacle="", compared=False)
    assert found.verdict is expected
    assert words in found.reason


def test_a_malformed_line_fails_beside_an_unreadable_service() -> None:
    counts = {"back": ServiceCounts(unreadable="refused")}
    assert reconcile_logs(counts, {"back": replace(LOG, malformed=1)}, obstacle="").verdict is Verdict.FAIL


@pytest.mark.parametrize("obstacle", ["", "not quiet"], ids=["logs gone", "not quiet"])
def test_without_ground_it_is_inconclusive(obstacle: str) -> None:
    assert reconcile_logs({"back": COUNTS}, None, obstacle=obstacle).verdict is Verdict.INCONCLUSIVE
