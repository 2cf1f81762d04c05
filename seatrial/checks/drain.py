"""drain.clean: every replica that was asked to stop ended by itself, in order, and in its time.

Judges the ends that were asked for, of restarts and at the end of the run. Ends that nobody asked for are
`restarts.unplanned`'s matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seatrial.checks.figures import figure
from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import Stop

NAME = "drain.clean"
AT_THE_END = "drain"


def drain_clean(stops: Sequence[Stop], *, expected: Sequence[str]) -> Finding:
    """FAIL when one had to be killed or ended with another code than 0; INCONCLUSIVE when the end of an `expected`
    instance is not known. The value is the slowest stop in seconds.
    """
    if not stops:
        return Finding(NAME, Verdict.INCONCLUSIVE, "no replica was asked to stop", samples=0)
    slowest = max(stops, key=lambda stop: stop.seconds)
    verdict, faults = Verdict.FAIL, list(_faults(stops))
    if not faults:
        verdict, faults = Verdict.INCONCLUSIVE, list(_unknown(stops, expected))
    if not faults:
        verdict = Verdict.PASS
    clean = f"{len(stops)} stops, all clean; the slowest was {slowest.instance}'s, {figure(slowest.seconds, 's')}"
    reason = "; ".join(faults) or clean
    return Finding(NAME, verdict, reason, value=slowest.seconds, unit="s", samples=len(stops))


def _faults(stops: Sequence[Stop]) -> Iterator[str]:
    for stop in stops:
        after = f"after {figure(stop.seconds, 's')} ({stop.planned})"
        if stop.killed:
            yield f"{stop.instance} did not end by itself and was killed {after}"
        elif stop.code:
            yield f"{stop.instance} ended with code {stop.code} {after}"


def _unknown(stops: Sequence[Stop], expected: Sequence[str]) -> Iterator[str]:
    drained = {stop.instance for stop in stops if stop.planned == AT_THE_END}
    yield from (f"{instance} was not seen to stop at the end" for instance in expected if instance not in drained)
    yield from (f"the exit code of {stop.instance} is not known" for stop in stops if stop.code is None)
