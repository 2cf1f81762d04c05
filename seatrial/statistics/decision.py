"""The decision rule: an interval against a limit gives one of three verdicts, and says so in words."""

from __future__ import annotations

from seatrial.checks.finding import Verdict
from seatrial.statistics.bootstrap import Interval


def at_most(interval: Interval, limit: float) -> Verdict:
    """PASS if all of the interval is within the limit, FAIL if all of it is beyond, else INCONCLUSIVE; so is NaN."""
    if interval.high <= limit:
        return Verdict.PASS
    return Verdict.FAIL if interval.low > limit else Verdict.INCONCLUSIVE


def at_least(interval: Interval, limit: float) -> Verdict:
    """The mirror image, for what must not fall below a limit, as a rate."""
    if interval.low >= limit:
        return Verdict.PASS
    return Verdict.FAIL if interval.high < limit else Verdict.INCONCLUSIVE
