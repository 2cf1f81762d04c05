"""auth.planned: refusals of a token (401, 403) where a step plans them, and nowhere else.

A planned refusal that is answered otherwise is a door left open; one that nobody planned is a door shut on the right
person. Server errors and 429 say neither, and are left to the error ratio.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from seatrial.checks.figures import figure
from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import ClientRow

NAME = "auth.planned"
REFUSALS = frozenset({"401", "403"})
SHOWN = 3
KEPT = 100


def auth_planned(rows: Sequence[ClientRow], right: Mapping[str, AbstractSet[str]]) -> Finding:
    """`right` are each step's right statuses, by the generator's account; without it nothing is known to be planned."""
    answered = [row for row in rows if row.key.status]
    if not answered:
        return Finding(NAME, Verdict.INCONCLUSIVE, "no request was answered", samples=0)
    untold = sorted({row.step for row in answered} - set(right))
    if untold:
        reason = f"the generator's account does not tell the right answers of {', '.join(untold)}"
        return Finding(NAME, Verdict.INCONCLUSIVE, reason, samples=len(answered))
    faults = [(row, fault) for row in answered if (fault := _fault(row.key.status, right[row.step]))]
    if faults:
        return _failed(faults, len(answered))
    planned = sorted(step for step, statuses in right.items() if statuses & REFUSALS)
    refused = Counter(row.step for row in answered if row.key.status in REFUSALS)
    never = [step for step in planned if not refused[step]]
    if never:
        reason = f"a refusal was planned and never came: {', '.join(never)}"
        return Finding(NAME, Verdict.INCONCLUSIVE, reason, samples=len(answered))
    where = f"{figure(refused.total())} refusals, all in {', '.join(planned)}" if planned else "no step plans a refusal"
    reason = f"{figure(len(answered))} answers; {where}{'' if planned else ', and none came'}"
    return Finding(NAME, Verdict.PASS, reason, value=0.0, limit=0.0, unit="answers", samples=len(answered))


def _fault(status: str, right: AbstractSet[str]) -> str:
    """What is wrong with an answer as to who is let in; empty when nothing is, or when it does not tell."""
    if status in REFUSALS:
        return "" if status in right else "refused, which nobody planned"
    only_refusals = bool(right) and right <= REFUSALS
    tells = status < "500" and status != "429"
    return "let in, where a refusal was planned" if only_refusals and tells else ""


def _failed(faults: Iterable[tuple[ClientRow, str]], answered: int) -> Finding:
    counted = Counter(f"{row.step}: {row.key.status}, {fault}" for row, fault in faults)
    examples = [f"{row.step}: {row.key.status}, {fault}, trace {row.trace}" for row, fault in faults]
    shown = "; ".join(f"{what} ({count} times)" for what, count in counted.most_common(SHOWN))
    return Finding(
        NAME,
        Verdict.FAIL,
        shown,
        value=float(counted.total()),
        limit=0.0,
        unit="answers",
        samples=answered,
        evidence={"examples": examples[:KEPT]},
    )
