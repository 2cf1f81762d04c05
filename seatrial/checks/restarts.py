"""restarts.unplanned: every replica that answered first is the same process at the end, unless that was planned.

A process that ended by itself stays one, whoever started it again and however well that was planned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from seatrial.checks.finding import Finding, Verdict

NAME = "restarts.unplanned"


def restarts_unplanned(
    before: Mapping[str, float],
    after: Mapping[str, float],
    *,
    expected: Sequence[str],
    planned: Sequence[str],
    exits: Sequence[str],
    watched: Sequence[str] = (),
) -> Finding:
    """`before` and `after` are process starts by instance, of `expected` instances; `exits` describes, in words,
    processes of the fleet that ended by themselves, which is all that is known of `watched` ones. `planned` has an
    instance once per planned restart; it may change.
    """
    changed = [
        f"{instance} is another process than before"
        for instance in expected
        if instance in before and instance in after and before[instance] != after[instance]
        if instance not in planned
    ]
    faults = [*exits, *changed]
    if faults:
        reason = "; ".join([*faults, *_planned(planned)])
        return Finding(NAME, Verdict.FAIL, reason, value=float(len(faults)), limit=0.0)
    unknown = [instance for instance in expected if instance not in before or instance not in after]
    unknown = [instance for instance in unknown if instance not in planned or instance not in after]
    if unknown or not (expected or watched):
        reason = f"the process start of {', '.join(unknown) or 'any replica'} is not known from both readings"
        return Finding(NAME, Verdict.INCONCLUSIVE, reason)
    but = " but for what was planned" if planned else ""
    reason = "; ".join(
        [f"{len(expected) + len(watched)} replicas, each one process throughout{but}", *_planned(planned)]
    )
    return Finding(NAME, Verdict.PASS, reason, value=0.0, limit=0.0)


def _planned(planned: Sequence[str]) -> list[str]:
    if not planned:
        return []
    counted = (f"{instance} {count}" for instance, count in sorted(Counter(planned).items()))
    return [f"planned restarts: {', '.join(counted)}"]
