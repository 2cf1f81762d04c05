"""load.valid and load.shed: whether the load was what the profile planned, and whose fault it is when not.

Late or missing arrivals are the generator's fault and void what rests on the load. Arrivals shed at the in-flight
bound, while the generator kept its time, are requests that the system could not take.
"""

from __future__ import annotations

from dataclasses import dataclass

from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import Generator
from seatrial.statistics.percentiles import percentile

VALID = "load.valid"
SHED = "load.shed"


@dataclass(frozen=True, slots=True)
class Validity:
    """The profile's limits for the generator itself."""

    lag_p99_seconds: float = 0.025
    started_ratio: float = 0.995


def load_valid(generator: Generator | None, validity: Validity) -> Finding:
    """INCONCLUSIVE, never FAIL: a bad load says nothing about the system."""
    if generator is None:
        return Finding(VALID, Verdict.INCONCLUSIVE, "the generator left no account of itself")
    if not generator.started or not generator.lag_seconds.size:
        reason = (
            f"of {generator.planned} planned arrivals none started" if not generator.started else "no judged arrival"
        )
        return Finding(VALID, Verdict.INCONCLUSIVE, reason, samples=generator.started)
    lag = percentile(generator.lag_seconds, 0.99)
    faults = [*generator.faults, *_late(lag, validity), *_short(generator, validity)]
    reason = f"dispatch lag p99 {lag * 1000:.1f} ms; {generator.started} of {generator.planned} arrivals started"
    return Finding(
        VALID,
        Verdict.INCONCLUSIVE if faults else Verdict.PASS,
        "; ".join(faults) or reason,
        value=lag,
        limit=validity.lag_p99_seconds,
        unit="s",
        samples=generator.lag_seconds.size,
    )


def load_shed(generator: Generator | None, validity: Validity) -> Finding:
    """FAIL when arrivals were shed although the generator was on time; when it was late, nobody knows whose they are."""
    if generator is None or not generator.lag_seconds.size:
        return Finding(SHED, Verdict.INCONCLUSIVE, "the generator started no judged arrival")
    verdict, reason = Verdict.PASS, "no arrival was shed"
    if generator.shed:
        late = _late(percentile(generator.lag_seconds, 0.99), validity)
        shed = f"{generator.shed} of {generator.planned} arrivals shed at the bound of {generator.in_flight_bound}"
        verdict, reason = Verdict.INCONCLUSIVE if late else Verdict.FAIL, "; ".join([shed, *late])
    shed_count = float(generator.shed)
    return Finding(SHED, verdict, reason, value=shed_count, limit=0.0, unit="arrivals", samples=generator.planned)


def _late(lag: float, validity: Validity) -> list[str]:
    if lag <= validity.lag_p99_seconds:
        return []
    limit = validity.lag_p99_seconds * 1000
    return [f"the generator was late: dispatch lag p99 {lag * 1000:.1f} ms, limit {limit:g} ms"]


def _short(generator: Generator, validity: Validity) -> list[str]:
    """What was shed had been dispatched; only arrivals neither started nor shed are the generator's own lack."""
    dispatched = generator.started + generator.shed
    if dispatched >= validity.started_ratio * generator.planned:
        return []
    return [
        f"the generator was short: {dispatched} of {generator.planned} planned arrivals, limit {validity.started_ratio:.1%}"
    ]
