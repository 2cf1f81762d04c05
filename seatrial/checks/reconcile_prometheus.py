"""reconcile.prometheus: what Prometheus stored after the last reading is what the replicas themselves showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seatrial.backends.exposition import Samples
from seatrial.checks.figures import figure, shortened
from seatrial.checks.finding import Finding, Verdict

NAME = "reconcile.prometheus"
# Both sides parse the same decimal text; what remains is the last bit of a sum.
RELATIVE = 1e-9


@dataclass(frozen=True, slots=True)
class Stored:
    """By instance, the counter series of a scrape later than the last reading; instances without one are `unscraped`.

    `obstacle` says why Prometheus could not be asked at all, or is empty.
    """

    series: Mapping[str, Samples] = field(default_factory=dict)
    unscraped: tuple[str, ...] = ()
    obstacle: str = ""


def reconcile_prometheus(raw: Mapping[str, Samples], stored: Stored, *, obstacle: str) -> Finding:
    """Compare each instance's counter series, `raw` from the last reading, with those that Prometheus stored."""
    obstacle = obstacle or stored.obstacle
    if obstacle:
        return Finding(NAME, Verdict.INCONCLUSIVE, obstacle)
    faults, compared = [], 0
    for instance, samples in stored.series.items():
        if instance in raw:
            faults += _unequal(instance, raw[instance], samples)
            compared += len(raw[instance])
    if faults:
        reason = shortened(faults)
        evidence = {"faults": faults}
        return Finding(
            NAME, Verdict.FAIL, reason, value=float(len(faults)), limit=0.0, samples=compared, evidence=evidence
        )
    missing = sorted({*stored.unscraped, *(set(stored.series) ^ set(raw))})
    if missing or not compared:
        reason = f"no scrape after the last reading, or no reading, of {', '.join(missing) or 'any target'}"
        return Finding(NAME, Verdict.INCONCLUSIVE, reason, samples=compared)
    return Finding(
        NAME, Verdict.PASS, f"{figure(compared)} series stored as counted", value=0.0, limit=0.0, samples=compared
    )


def _unequal(instance: str, raw: Samples, stored: Samples) -> list[str]:
    found = []
    for series in sorted({*raw, *stored}):
        counted, kept = raw.get(series), stored.get(series)
        if counted is None or kept is None or abs(counted - kept) > RELATIVE * max(abs(counted), abs(kept)):
            found.append(f"{instance}: {series}: counted {_figure(counted)}, stored {_figure(kept)}")
    return found


def _figure(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.12g}"
