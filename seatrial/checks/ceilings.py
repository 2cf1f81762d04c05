"""ceilings.<service>, slopes.<service>: what its replicas used of what they can run out of, against the profile.

Owns which figure of a resource is judged: the mean over judged load where use comes and goes (threads, cores, waiting
for the store), the most where what is used up is gone (memory, descriptors). The replica with the highest figure counts.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seatrial.checks.figures import figure
from seatrial.checks.finding import Finding, Verdict, worst_of
from seatrial.checks.quantities import Resource
from seatrial.checks.saturation import Measured, Points
from seatrial.statistics.bootstrap import FEWEST_BLOCKS, Interval, mean_interval
from seatrial.statistics.decision import at_most
from seatrial.statistics.trend import sen_slope

CEILINGS, SLOPES = "ceilings", "slopes"
MEANS = frozenset({Resource.THREADS, Resource.CPU, Resource.STORE_WAIT})
# Medians of a minute are taken for independent; ten of them are the least that bounds a slope.
SLOPE_BLOCK_SECONDS = 60
HOUR = 3600.0
UNIT = "of ceiling"

Wanted = Mapping[str, Mapping[Resource, float]]


@dataclass(frozen=True, slots=True)
class Part:
    """One resource of a service against what it may be."""

    resource: Resource
    verdict: Verdict
    text: str
    share: float | None = None


def judge_ceilings(asked: Wanted, measured: Measured, *, obstacle: str) -> list[Finding]:
    """A finding per service that has a ceiling; `obstacle` says why the load is no basis, or is empty."""
    return [
        _finding(f"{CEILINGS}.{service}", [_ceiling(service, *each, measured) for each in wanted.items()], obstacle)
        for service, wanted in asked.items()
    ]


def judge_slopes(asked: Wanted, measured: Measured, *, obstacle: str) -> list[Finding]:
    """As `judge_ceilings`, of how fast the use grows per hour."""
    return [
        _finding(f"{SLOPES}.{service}", [_slope(service, *each, measured) for each in wanted.items()], obstacle)
        for service, wanted in asked.items()
    ]


def for_each(asked: Wanted, services: Sequence[str], everywhere: str) -> dict[str, dict[Resource, float]]:
    """What is asked of each service: its own over what is asked `everywhere`."""
    merged = {service: {**asked.get(everywhere, {}), **asked.get(service, {})} for service in services}
    return {service: wanted for service, wanted in merged.items() if wanted}


def _finding(name: str, parts: Sequence[Part], obstacle: str) -> Finding:
    if obstacle:
        return Finding(name, Verdict.INCONCLUSIVE, obstacle)
    verdict = worst_of(part.verdict for part in parts)
    deciding = [part for part in parts if part.verdict is verdict]
    nearest = max((part.share for part in deciding if part.share is not None), default=None)
    return Finding(name, verdict, "; ".join(part.text for part in deciding), nearest, limit=1.0, unit=UNIT)


def _ceiling(service: str, resource: Resource, ceiling: float, measured: Measured) -> Part:
    points = measured.points(service, resource)
    parts = [_used(resource, ceiling, instance, found, measured) for instance, found in points.items() if found.size]
    return _missing(resource, points, measured) or _worst(parts)


def _used(resource: Resource, ceiling: float, instance: str, points: Points, measured: Measured) -> Part:
    seconds, values = points
    if resource not in MEANS:
        most = float(values.max())
        return _part(resource, Interval(most, most, most, values.size), ceiling, f"at {instance}")
    _, block = np.unique(measured.judged.block_of(np.floor(seconds).astype(np.int64)), return_inverse=True)
    means = np.bincount(block, weights=values) / np.bincount(block)
    if means.size < FEWEST_BLOCKS:
        text = f"{resource}: {means.size} windows of {instance} are too few, an interval needs {FEWEST_BLOCKS}"
        return Part(resource, Verdict.INCONCLUSIVE, text)
    random = np.random.default_rng([measured.judged.seed, zlib.crc32(f"{instance} {resource}".encode())])
    return _part(resource, mean_interval(means, random), ceiling, f"on average at {instance}")


def _slope(service: str, resource: Resource, ceiling: float, measured: Measured) -> Part:
    points = measured.points(service, resource)
    parts = [
        _part(resource, _growth(found), ceiling, f"an hour at {instance}")
        for instance, found in points.items()
        if found.size
    ]
    return _missing(resource, points, measured) or _worst(parts)


def _worst(parts: Sequence[Part]) -> Part:
    """The replica whose verdict is worst; among those the one that uses most."""
    verdict = worst_of(part.verdict for part in parts)
    return max((part for part in parts if part.verdict is verdict), key=lambda part: part.share or 0.0)


def _part(resource: Resource, interval: Interval, ceiling: float, where: str) -> Part:
    verdict, unit = at_most(interval, ceiling), resource.unit
    text = f"{resource} {figure(interval.value, unit)} of {figure(ceiling, unit)} {where}"
    if verdict is not Verdict.PASS and interval.low != interval.high:
        low, high = (figure(bound, unit) or "unbounded" for bound in (interval.low, interval.high))
        text += f", 95 % interval {low} to {high}"
    return Part(resource, verdict, text, interval.value / ceiling)


def _growth(points: Points) -> Interval:
    """Per hour, from the medians of whole minutes."""
    seconds, values = points
    minutes = np.floor(seconds / SLOPE_BLOCK_SECONDS)
    kept = np.unique(minutes)
    medians = np.asarray([np.median(values[minutes == minute]) for minute in kept])
    return sen_slope(kept * SLOPE_BLOCK_SECONDS / HOUR, medians)


def _missing(resource: Resource, points: Mapping[str, Points], measured: Measured) -> Part | None:
    """Asked for, and no data: never PASS."""
    if measured.obstacle:
        return Part(resource, Verdict.INCONCLUSIVE, f"{resource}: {measured.obstacle}")
    without = [instance for instance, found in points.items() if not found.size]
    if points and not without:
        return None
    whose = ", ".join(without) or "any replica"
    return Part(resource, Verdict.INCONCLUSIVE, f"{resource}: Prometheus stored nothing of {whose} in judged load")
