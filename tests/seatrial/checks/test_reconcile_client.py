from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from seatrial.checks.differences import Cause
from seatrial.checks.finding import Verdict
from seatrial.checks.inputs import ClientRow, RequestKey, RequestLine, ServiceCounts
from seatrial.checks.reconcile_client import ClientReconciliation, reconcile_client

OK = RequestKey("GET", "/a", "200")
BUSY = RequestKey("GET", "/a", "503")
BROKEN = RequestKey("GET", "/a", "500")
NONE = OK._replace(status="")


def row(number: int, key: RequestKey = OK, outcome: str = "ok") -> ClientRow:
    return ClientRow(f"trace{number}", f"span{number}", key, outcome)


def line(number: int, key: RequestKey = OK, parent: str | None = None) -> RequestLine:
    return RequestLine(f"trace{number}", parent or f"span{number}", key)


def reconcile(
    rows: Sequence[ClientRow],
    lines: Sequence[RequestLine] | None,
    counted: dict[RequestKey, int],
    *,
    reset: bool = False,
    shed: int = 0,
) -> ClientReconciliation:
    return reconcile_client(rows, lines, ServiceCounts(Counter(counted), reset=reset), shed=shed, obstacle="")


P, F = Verdict.PASS, Verdict.FAIL


@pytest.mark.parametrize(
    "rows, lines, counted, verdict, causes",
    [
        ([row(1), row(2)], [line(1), line(2)], {OK: 2}, P, {}),
        ([row(1), row(2)], [line(1), line(2)], {OK: 1}, F, {Cause.LOST: 1}),
        ([row(1)], [line(1), line(9)], {OK: 2}, F, {Cause.UNEXPLAINED: 1}),
        ([row(1)], [line(1), line(1)], {OK: 2}, F, {Cause.DUPLICATE: 1}),
        ([row(1)], [line(1), line(1, parent="other")], {OK: 2}, P, {Cause.RETRIED: 1}),
        ([row(1, NONE, "timeout")], [line(1)], {OK: 1}, P, {Cause.GAVE_UP: 1}),
        ([row(1, NONE, "timeout")], [line(1)], {}, F, {Cause.GAVE_UP: 1, Cause.LOST: 1}),
        ([row(1, NONE, "timeout")], [], {OK: 1}, P, {Cause.GAVE_UP: 1}),
        ([row(1, NONE, "error")], [], {}, P, {Cause.REFUSED: 1}),
        ([row(1, NONE, "unfinished")], [], {}, P, {Cause.IN_FLIGHT: 1}),
        ([row(1, BUSY, "wrong")], [], {}, P, {Cause.REFUSED: 1}),
        ([row(1, BROKEN, "wrong")], [], {}, F, {Cause.LOST: 1}),
        ([row(1, BUSY)], [], {}, F, {Cause.LOST: 1}),
        ([row(1), row(2)], [line(1)], {OK: 2}, P, {}),
        ([row(1), row(2)], None, {OK: 2}, P, {}),
        ([row(1, BUSY, "wrong")], None, {}, F, {Cause.LOST: 1}),
        ([row(1)], [line(1, BUSY)], {BUSY: 1}, F, {Cause.LOST: 1, Cause.UNEXPLAINED: 1}),
    ],
    ids=[
        "equal", "uncounted", "a stranger's request", "served twice for one span", "retried on the way",
        "gave up, served", "gave up, served, uncounted", "gave up, served, unlogged", "never arrived", "cut off",
        "refused by the server", "an error only the app makes", "a right answer comes from the app", "a missing line is the logs' matter", "no logs", "no logs excuse nothing",
        "another status than was served",
    ],
)  # fmt: skip
def test_pairs(
    rows: list[ClientRow],
    lines: list[RequestLine] | None,
    counted: dict[RequestKey, int],
    verdict: Verdict,
    causes: dict[Cause, int],
) -> None:
    found = reconcile(rows, lines, counted)
    assert {each.cause: each.count for each in found.differences} == causes
    assert found.finding.verdict is verdict


def test_a_killed_process_may_lose_as_many_counts_as_it_has_lines() -> None:
    found = reconcile([row(1), row(2)], [line(1), line(2)], {OK: 1}, reset=True)
    assert [(each.cause, each.count) for each in found.differences] == [(Cause.KILLED, 1)]
    assert found.finding.verdict is P


def test_shed_arrivals_are_named_and_excused() -> None:
    found = reconcile([row(1)], [line(1)], {OK: 1}, shed=7)
    assert [(each.cause, each.count) for each in found.differences] == [(Cause.SHED, 7)]


def test_a_failure_names_a_trace() -> None:
    found = reconcile([row(1)], [line(1), line(1)], {OK: 2})
    assert "trace1" in found.finding.reason


@pytest.mark.parametrize(
    "rows, entry, obstacle, words",
    [
        ([row(1)], ServiceCounts(Counter({OK: 1})), "the fleet was not quiet", "not quiet"),
        ([row(1)], ServiceCounts(unreadable="refused"), "", "cannot be read: refused"),
        ([], ServiceCounts(), "", "nothing was sent"),
    ],
    ids=["not quiet", "unreadable", "nothing sent"],
)
def test_without_ground_it_is_inconclusive(
    rows: list[ClientRow], entry: ServiceCounts, obstacle: str, words: str
) -> None:
    found = reconcile_client(rows, [], entry, shed=0, obstacle=obstacle)
    assert found.finding.verdict is Verdict.INCONCLUSIVE
    assert words in found.finding.reason
