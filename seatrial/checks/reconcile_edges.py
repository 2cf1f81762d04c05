"""reconcile.edges: for every callee, what its callers counted as attempts is what it counted as requests.

Attempts without an answer are paired by span with the callee's log lines: served after all, or never served. A service
that cannot be read leaves the edge to it open, and its own attempts are taken from its lines; all other edges are judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from seatrial.checks.differences import Cause, Difference, Ledger, merge
from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import Attempt, EdgeLines, RequestKey, RequestLine, ServiceCounts, ServiceLog
from seatrial.checks.reconcile_client import judge_differences

NAME = "reconcile.edges"


@dataclass(frozen=True, slots=True)
class EdgeReconciliation:
    """The finding, and every difference with its class."""

    finding: Finding
    differences: tuple[Difference, ...] = ()


def reconcile_edges(
    counts: Mapping[str, ServiceCounts],
    logs: Mapping[str, ServiceLog],
    lines: EdgeLines | None,
    *,
    entry: str,
    obstacle: str,
    judged: AbstractSet[str] | None = None,
) -> EdgeReconciliation:
    """Compare each callee of the fleet that can be read with all its callers; `obstacle` says why none may be.

    `judged` are the callees that all callers count their attempts at; None for all.
    """
    blind = {service: count.unreadable for service, count in counts.items() if count.unreadable}
    unread = f"counters cannot be read: {'; '.join(blind.values())}" if blind else ""
    called = {key.callee for count in counts.values() for key in count.attempts} & set(counts)
    callees = called | {service for service, count in counts.items() if service != entry and count.requests}
    callees -= set(blind)
    callees = callees if judged is None else callees & judged
    obstacle = obstacle or ("" if callees else unread or "no service called another, so nothing was compared")
    if obstacle:
        return EdgeReconciliation(Finding(NAME, Verdict.INCONCLUSIVE, obstacle))
    # Who is neither counted nor logged may have made any request that nobody else did.
    mute = any(service not in logs for service in blind)
    differences = merge(
        each
        for callee in sorted(callees)
        for each in _edge(callee, counts, logs, lines or EdgeLines())
        if not (mute and each.cause is Cause.UNEXPLAINED)
    )
    compared = sum(
        number for count in counts.values() for key, number in count.attempts.items() if key.callee in callees
    )
    finding = judge_differences(NAME, differences, compared, "attempts")
    if blind and finding.verdict is Verdict.PASS:
        finding = replace(finding, verdict=Verdict.INCONCLUSIVE, reason=f"{unread}; elsewhere {finding.reason}")
    return EdgeReconciliation(finding, tuple(differences))


def _edge(
    callee: str, counts: Mapping[str, ServiceCounts], logs: Mapping[str, ServiceLog], lines: EdgeLines
) -> Iterable[Difference]:
    own, logged = counts[callee], logs.get(callee, ServiceLog()).requests
    attempts, lost = _attempts(callee, counts, logs)
    ledger = Ledger(own.requests, logged, own.reset)
    ledger.answered = Counter({key: number for key, number in attempts.items() if key.status})
    if callee in logs:  # without its log a missing line means nothing
        ledger.unlogged = ledger.answered - logged
    if any(count.reset for caller, count in counts.items() if caller != callee):
        # A caller that was killed between sending and telling left no count and no line, but the callee's line names its span.
        ledger.untold = Counter(lines.untold.get(callee, {}))
    _enter_unanswered(ledger, attempts, [each for each in lines.unanswered if each.callee == callee], lines.served)
    for line in lines.repeated.get(callee, ()):
        ledger.handle(Cause.DUPLICATE, line.key, f"span {line.parent}")
    found = [*ledger.differences(), Difference(Cause.KILLED, lost, ("attempts of a replaced caller",))]
    return [replace(each, examples=tuple(f"{callee}: {example}" for example in each.examples)) for each in found]


def _attempts(
    callee: str, counts: Mapping[str, ServiceCounts], logs: Mapping[str, ServiceLog]
) -> tuple[Counter[RequestKey], int]:
    """All attempts at the callee, and how many of them are known from log lines only, as a replaced caller lost count."""
    attempts: Counter[RequestKey] = Counter()
    lost = 0
    for caller, count in counts.items():
        told_by_lines = count.reset or count.unreadable
        written = logs.get(caller, ServiceLog()).attempts if told_by_lines else Counter()
        for key in {*count.attempts, *written}:
            if key.callee == callee:
                attempts[key.request] += max(count.attempts[key], written[key])
                lost += max(0, written[key] - count.attempts[key]) if count.reset else 0
    return attempts, lost


def _enter_unanswered(
    ledger: Ledger, attempts: Counter[RequestKey], unanswered: Sequence[Attempt], served: Mapping[str, RequestLine]
) -> None:
    """The counters say how many attempts had no answer, the caller's lines which; a line may be missing."""
    left = Counter({key: number for key, number in attempts.items() if not key.status})
    for attempt in unanswered:
        key = RequestKey(attempt.method, attempt.route, "")
        left[key] -= 1
        line = served.get(attempt.span)
        if line is None:
            ledger.miss(Cause.REFUSED, key, f"span {attempt.span}")
        else:
            ledger.handle(Cause.GAVE_UP, line.key, f"span {attempt.span}")
    for key, number in left.items():
        for _ in range(number):
            ledger.miss(Cause.REFUSED, key, "no log line of it")
