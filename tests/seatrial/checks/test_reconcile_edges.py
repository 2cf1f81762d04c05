from __future__ import annotations

from collections import Counter

import pytest

from seatrial.checks.differences import Cause
from seatrial.checks.finding import Verdict
from seatrial.checks.inputs import Attempt, AttemptKey, EdgeLines, RequestKey, RequestLine, ServiceCounts, ServiceLog
from seatrial.checks.reconcile_edges import EdgeReconciliation, reconcile_edges

OK = RequestKey("GET", "/a", "200")
CALL = AttemptKey("back", "GET", "/a", "200", "")
TIMEOUT = AttemptKey("back", "GET", "/a", "", "Timeout")
SERVED = RequestLine("trace1", "span1", OK)


def reconcile(
    attempts: dict[AttemptKey, int],
    counted: dict[RequestKey, int],
    lines: EdgeLines | None = None,
    *,
    caller_reset: bool = False,
    caller_lines: dict[AttemptKey, int] | None = None,
    obstacle: str = "",
) -> EdgeReconciliation:
    counts = {
        "front": ServiceCounts(attempts=Counter(attempts), reset=caller_reset),
        "back": ServiceCounts(Counter(counted)),
    }
    logs = {"front": ServiceLog(attempts=Counter(caller_lines or {})), "back": ServiceLog(Counter(counted))}
    return reconcile_edges(counts, logs, lines, entry="front", obstacle=obstacle)


ASKED = Attempt("span1", "back", "GET", "/a")


@pytest.mark.parametrize(
    "attempts, counted, lines, verdict, causes",
    [
        ({CALL: 3}, {OK: 3}, EdgeLines(), Verdict.PASS, {}),
        ({CALL: 3}, {OK: 2}, EdgeLines(), Verdict.FAIL, {Cause.LOST: 1}),
        ({CALL: 3}, {OK: 4}, EdgeLines(), Verdict.FAIL, {Cause.UNEXPLAINED: 1}),
        ({TIMEOUT: 1}, {OK: 1}, EdgeLines([ASKED], {"span1": SERVED}), Verdict.PASS, {Cause.GAVE_UP: 1}),
        ({TIMEOUT: 1}, {}, EdgeLines([ASKED]), Verdict.PASS, {Cause.REFUSED: 1}),
        ({TIMEOUT: 1}, {OK: 1}, EdgeLines(), Verdict.PASS, {Cause.GAVE_UP: 1}),
        (
            {TIMEOUT: 1},
            {},
            EdgeLines([ASKED], {"span1": SERVED}),
            Verdict.FAIL,
            {Cause.GAVE_UP: 1, Cause.LOST: 1},
        ),
        ({CALL: 1}, {OK: 2}, EdgeLines(repeated={"back": [SERVED]}), Verdict.FAIL, {Cause.DUPLICATE: 1}),
    ],
    ids=[
        "equal", "uncounted", "a stranger's call", "gave up, served", "never arrived", "gave up, unlogged",
        "gave up, served, uncounted", "served twice for one span",
    ],
)  # fmt: skip
def test_edges(
    attempts: dict[AttemptKey, int],
    counted: dict[RequestKey, int],
    lines: EdgeLines,
    verdict: Verdict,
    causes: dict[Cause, int],
) -> None:
    found = reconcile(attempts, counted, lines)
    assert {each.cause: each.count for each in found.differences} == causes
    assert found.finding.verdict is verdict


def test_a_replaced_callers_attempts_are_taken_from_its_lines() -> None:
    found = reconcile({CALL: 1}, {OK: 4}, caller_reset=True, caller_lines={CALL: 4})
    assert [(each.cause, each.count) for each in found.differences] == [(Cause.KILLED, 3)]


@pytest.mark.parametrize(
    "caller_reset, untold, causes",
    [
        (True, 1, {Cause.KILLED: 1}),
        (True, 0, {Cause.UNEXPLAINED: 1}),
        (False, 1, {Cause.UNEXPLAINED: 1}),
        (True, 5, {Cause.KILLED: 1}),
    ],
    ids=["died over it", "nobody's line", "nobody died", "never more than there are"],
)
def test_a_call_that_its_sender_died_over_is_known_from_the_callees_line(
    caller_reset: bool,  # noqa: FBT001 - a case
    untold: int,
    causes: dict[Cause, int],
) -> None:
    lines = EdgeLines(untold={"back": Counter({OK: untold})})
    found = reconcile({CALL: 1}, {OK: 2}, lines, caller_reset=caller_reset, caller_lines={CALL: 1})
    assert {each.cause: each.count for each in found.differences} == causes


def test_examples_name_the_callee() -> None:
    found = reconcile({CALL: 3}, {OK: 2})
    assert found.differences[0].examples == ("back: GET /a 200",)


def test_calls_out_of_the_fleet_are_nobodys_to_count() -> None:
    outside = AttemptKey("elsewhere", "GET", "/z", "200", "")
    assert reconcile({CALL: 1, outside: 5}, {OK: 1}).finding.verdict is Verdict.PASS


def test_an_unreadable_service_leaves_it_inconclusive() -> None:
    counts = {"front": ServiceCounts(attempts=Counter({CALL: 1})), "back": ServiceCounts(unreadable="back-1: refused")}
    found = reconcile_edges(counts, {}, None, entry="front", obstacle="")
    assert found.finding.verdict is Verdict.INCONCLUSIVE
    assert "back-1: refused" in found.finding.reason


BLIND = ServiceCounts(unreadable="blind-1: refused")
F, U = Verdict.FAIL, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "counted, blind_log, verdict, words",
    [
        (3, ServiceLog(), U, "counters cannot be read: blind-1: refused; elsewhere 3 attempts compared; no difference"),
        (2, ServiceLog(), F, "1 lost"),
        (4, ServiceLog(), F, "1 unexplained"),
        (4, ServiceLog(attempts=Counter({CALL: 1})), U, "no difference"),
        (3, ServiceLog(attempts=Counter({CALL: 1})), F, "1 lost"),
        (4, None, U, "no difference"),
        (2, None, F, "1 lost"),
    ],
    ids=[
        "equal", "lost", "nobody's, and not the blind one's", "the blind one's", "lost, by its lines",
        "perhaps the mute one's", "lost beside a mute one",
    ],
)  # fmt: skip
def test_the_edges_beside_an_unreadable_service_are_judged(
    counted: int, blind_log: ServiceLog | None, verdict: Verdict, words: str
) -> None:
    counts = {
        "front": ServiceCounts(attempts=Counter({CALL: 3})),
        "back": ServiceCounts(Counter({OK: counted})),
        "blind": BLIND,
    }
    found = reconcile_edges(counts, {"blind": blind_log} if blind_log else {}, None, entry="front", obstacle="")
    assert found.finding.verdict is verdict
    assert words in found.finding.reason


@pytest.mark.parametrize("obstacle", ["", "the fleet was not quiet"], ids=["no calls", "not quiet"])
def test_without_ground_it_is_inconclusive(obstacle: str) -> None:
    assert reconcile({}, {}, obstacle=obstacle).finding.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "judged, verdict", [({"back"}, Verdict.FAIL), (set(), Verdict.INCONCLUSIVE)], ids=["judged", "left out"]
)
def test_only_callees_whose_callers_all_count_are_judged(judged: set[str], verdict: Verdict) -> None:
    counts = {"front": ServiceCounts(), "back": ServiceCounts(Counter({OK: 3}))}
    found = reconcile_edges(counts, {}, None, entry="front", obstacle="", judged=judged)
    assert found.finding.verdict is verdict


@pytest.mark.parametrize(
    "logs, verdict", [({"back": ServiceLog()}, Verdict.PASS), ({}, Verdict.FAIL)], ids=["a log", "no log"]
)
def test_only_a_log_can_show_that_a_server_answered_in_front_of_the_app(
    logs: dict[str, ServiceLog], verdict: Verdict
) -> None:
    refused = CALL._replace(status="503")
    counts = {"front": ServiceCounts(attempts=Counter({refused: 1})), "back": ServiceCounts()}
    assert reconcile_edges(counts, logs, None, entry="front", obstacle="").finding.verdict is verdict
