"""reconcile.client: what the load client sent is what the entry service counted, per method, route and status.

Each row is paired with the entry's log line of the same trace whose parent is the row's span, so that a difference
can be told apart: a time-out whose request was served, a request served twice, a count that went missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seatrial.checks.differences import Cause, Difference, Ledger, failing, merge
from seatrial.checks.figures import figure
from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import ClientRow, RequestLine, ServiceCounts

NAME = "reconcile.client"


@dataclass(frozen=True, slots=True)
class ClientReconciliation:
    """The finding, and every difference with its class."""

    finding: Finding
    differences: tuple[Difference, ...] = ()


def reconcile_client(
    rows: Sequence[ClientRow], lines: Sequence[RequestLine] | None, entry: ServiceCounts, *, shed: int, obstacle: str
) -> ClientReconciliation:
    """Compare all rows with all that the entry counted; `lines` are its request lines, None where there are no logs.

    `obstacle` says why the counts may not be used, or is empty.
    """
    obstacle = obstacle or (f"the entry's counters cannot be read: {entry.unreadable}" if entry.unreadable else "")
    if not rows:
        obstacle = "nothing was sent, so nothing was compared"
    if obstacle:
        return ClientReconciliation(Finding(NAME, Verdict.INCONCLUSIVE, obstacle, samples=len(rows)))
    differences = merge([*_differences(rows, lines, entry), Difference(Cause.SHED, shed, ("arrivals, never sent",))])
    return ClientReconciliation(judge_differences(NAME, differences, len(rows), "requests"), tuple(differences))


def judge_differences(name: str, differences: Sequence[Difference], compared: int, what: str) -> Finding:
    """FAIL on what no class excuses; the reason names every class."""
    wrong = failing(differences)
    listed = ", ".join(f"{difference.count} {difference.cause}" for difference in wrong or differences)
    reason = f"{figure(compared)} {what} compared; {listed or 'no difference'}"
    if wrong:
        reason += f"; as {'; '.join(wrong[0].examples[:2])}"
    verdict = Verdict.FAIL if wrong else Verdict.PASS
    off = float(sum(difference.count for difference in wrong))
    return Finding(name, verdict, reason, value=off, limit=0.0, unit=what, samples=compared)


def _differences(
    rows: Iterable[ClientRow], lines: Sequence[RequestLine] | None, entry: ServiceCounts
) -> list[Difference]:
    ledger = Ledger(entry.requests, Counter(line.key for line in lines or ()), entry.reset)
    of_trace: dict[str, list[RequestLine]] = {}
    for line in lines or ():
        of_trace.setdefault(line.trace, []).append(line)
    for row in rows:
        _enter(ledger, row, of_trace.pop(row.trace, []))
    if lines is None:  # without logs a missing line means nothing
        ledger.unlogged.clear()
    for line in (line for strays in of_trace.values() for line in strays):
        ledger.illustrate(Cause.UNEXPLAINED, line.key, f"trace {line.trace}")
    return ledger.differences()


def _enter(ledger: Ledger, row: ClientRow, lines: Sequence[RequestLine]) -> None:
    """Put one request into the ledger, with the entry's lines of its trace."""
    example = f"trace {row.trace}"
    own = [line for line in lines if line.parent == row.span]
    for line in lines:
        if line.parent != row.span:
            ledger.handle(Cause.RETRIED, line.key, example)
    for line in own[1:]:
        ledger.handle(Cause.DUPLICATE, line.key, example)
    if row.key.status:
        ledger.answered[row.key] += 1
        # A right answer came from the app, whatever its status: nothing in front of the app could have made it.
        ledger.unlogged[row.key] += not own and row.outcome != "ok"
    elif own:
        ledger.handle(Cause.GAVE_UP, own[0].key, example)
    else:
        ledger.miss(Cause.IN_FLIGHT if row.outcome == "unfinished" else Cause.REFUSED, row.key, example)
