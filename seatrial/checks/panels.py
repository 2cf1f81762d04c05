"""panels.answered: every panel of the project's dashboards must have something to show.

Owns what follows from what came of their queries. Leaves asking to seatrial.panels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seatrial.checks.figures import shortened
from seatrial.checks.finding import Finding, Verdict

ANSWERED = "panels.answered"


@dataclass(frozen=True, slots=True)
class Panels:
    """Queries of all panels, by what came of them; panels by `dashboard / panel`.

    `asked` queries were sent, `answered` gave data; `refused` are panels with what their query was told, `empty` those without any data,
    `quiet` those that have none while all is well, with the alert whose drill brings some. `unasked` are reasons, with how many
    queries each kept from being sent; with an `obstacle` nobody knows.
    """

    asked: int = 0
    answered: int = 0
    refused: Mapping[str, str] = field(default_factory=dict)
    empty: Sequence[str] = ()
    quiet: Mapping[str, str] = field(default_factory=dict)
    unasked: Mapping[str, int] = field(default_factory=dict)
    obstacle: str = ""


def panels_answered(panels: Panels, *, obstacle: str) -> Finding:
    """A query that is wrong fails; one that had no data leaves it open. `obstacle` says why the load is no basis, or is empty."""
    count = float(panels.answered)
    if panels.obstacle:
        return Finding(ANSWERED, Verdict.INCONCLUSIVE, panels.obstacle)
    if panels.refused:
        name, reason = next(iter(panels.refused.items()))
        others = f", and {len(panels.refused) - 1} more" if len(panels.refused) > 1 else ""
        return Finding(
            ANSWERED, Verdict.FAIL, f"{name} asks what cannot be answered{others}: {reason}", count, unit="queries"
        )
    if panels.empty:
        told = f"nothing to show in {shortened(list(panels.empty))}" + (f", and {obstacle}" if obstacle else "")
        return Finding(ANSWERED, Verdict.INCONCLUSIVE, told, count, unit="queries")
    if not panels.asked:
        return Finding(ANSWERED, Verdict.INCONCLUSIVE, "the dashboards ask nothing that could be sent")
    quiet = f"; {len(panels.quiet)} panels are empty, as they should be" if panels.quiet else ""
    return Finding(
        ANSWERED, Verdict.PASS, f"{panels.answered} of {panels.asked} queries gave data{quiet}", count, unit="queries"
    )


def panels_document(panels: Panels) -> dict[str, Any]:
    """As verdict.json has it, and `seatrial render --live --json`."""
    return {
        "asked": panels.asked,
        "answered": panels.answered,
        "empty": list(panels.empty),
        "refused": dict(panels.refused),
        "empty_when_healthy": dict(panels.quiet),
        "not_asked": dict(panels.unasked),
    }
