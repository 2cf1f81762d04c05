"""restarts.unplanned: every replica that answered first is the same process at the end, unless that was planned."""

from __future__ import annotations

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
) -> Finding:
    """`before` and `after` are process starts by instance, of `expected` instances; `exits` describes, in words,
    processes of the fleet that ended by themselves. Planned instances may change.
    """
    changed = [
        f"{instance} is another process than before"
        for instance in expected
        if instance in before and instance in after and before[instance] != after[instance]
        if instance not in planned
    ]
    if exits or changed:
        return Finding(
            NAME, Verdict.FAIL, "; ".join([*exits, *changed]), value=float(len(exits) + len(changed)), limit=0.0
        )
    unknown = [instance for instance in expected if instance not in before or instance not in after]
    unknown = [instance for instance in unknown if instance not in planned or instance not in after]
    if unknown or not expected:
        reason = f"the process start of {', '.join(unknown) or 'any replica'} is not known from both readings"
        return Finding(NAME, Verdict.INCONCLUSIVE, reason)
    return Finding(NAME, Verdict.PASS, f"{len(expected)} replicas, each one process throughout", value=0.0, limit=0.0)
