"""metrics.wellformed: what answers on a metrics endpoint must be an exposition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seatrial.checks.finding import Finding, Verdict

NAME = "metrics.wellformed"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What one target said in one reading. `fault` is empty when it was an exposition."""

    instance: str
    answered: bool
    fault: str


def metrics_wellformed(endpoints: Sequence[Endpoint]) -> Finding:
    """FAIL when one answers something else; INCONCLUSIVE when one does not answer, or none was asked."""
    rubbish = [endpoint for endpoint in endpoints if endpoint.answered and endpoint.fault]
    silent = [endpoint for endpoint in endpoints if not endpoint.answered]
    if rubbish:
        verdict, reason = Verdict.FAIL, _listed(rubbish)
    elif silent or not endpoints:
        verdict, reason = Verdict.INCONCLUSIVE, _listed(silent) or "no target was read"
    else:
        verdict, reason = Verdict.PASS, f"{len(endpoints)} answers, all well-formed"
    return Finding(NAME, verdict, reason, value=float(len(rubbish)), limit=0.0, samples=len(endpoints))


def _listed(endpoints: Sequence[Endpoint]) -> str:
    return "; ".join(f"{endpoint.instance}: {endpoint.fault}" for endpoint in endpoints[:3])
