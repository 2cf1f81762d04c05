"""alerts.silent: while nothing is done to the fleet, no alert may fire.

Owns what follows from what fired. Leaves asking Prometheus to seatrial.budgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seatrial.checks.figures import shortened
from seatrial.checks.finding import Finding, Verdict

SILENT = "alerts.silent"


@dataclass(frozen=True, slots=True)
class Fired:
    """What fired from the beginning of the load on, as `alert (service)`. `rules` is how many alerts there are.

    `excuse` says why some may; with an `obstacle` nobody knows.
    """

    alerts: Sequence[str] = ()
    rules: int = 0
    excuse: str = ""
    obstacle: str = ""


def alerts_silent(fired: Fired, *, obstacle: str) -> Finding:
    """Of a run that nothing was done to; `obstacle` says why the load is no basis, or is empty."""
    count, found = len(fired.alerts), shortened(list(fired.alerts))
    if fired.obstacle:
        return Finding(SILENT, Verdict.INCONCLUSIVE, fired.obstacle)
    if not count:
        return Finding(SILENT, Verdict.PASS, f"none of {fired.rules} alerts fired", 0.0, limit=0.0, unit="alerts")
    if obstacle:
        return Finding(SILENT, Verdict.INCONCLUSIVE, f"{found} fired, but {obstacle}", float(count), unit="alerts")
    return Finding(SILENT, Verdict.FAIL, f"{found} fired", float(count), limit=0.0, unit="alerts")
