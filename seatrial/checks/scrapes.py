"""scrapes.continuous: Prometheus scraped every target, from the first reading to the last, without a hole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from seatrial.checks.finding import Finding, Verdict

NAME = "scrapes.continuous"
# Two scrapes in a row may be late or missed on a busy machine; beyond that a rate over five scrapes is no longer sound.
LONGEST_GAP = 3.0


@dataclass(frozen=True, slots=True)
class Outage:
    """A planned absence of an instance, in epoch seconds."""

    instance: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Scrapes:
    """`up` by instance: times in epoch seconds and values, as stored. `obstacle` is why Prometheus was not asked."""

    begin: float
    end: float
    interval: float
    up: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    obstacle: str = ""


def scrapes_continuous(instances: Sequence[str], scrapes: Scrapes, planned: Sequence[Outage] = ()) -> Finding:
    """FAIL when a scrape failed outside planned outages; INCONCLUSIVE when scrapes are missing or cannot be had."""
    if scrapes.obstacle or not instances:
        return Finding(NAME, Verdict.INCONCLUSIVE, scrapes.obstacle or "there is no target to scrape")
    failed, holes, samples = [], [], 0
    for instance in instances:
        outages = [outage for outage in planned if outage.instance == instance]
        points = scrapes.up.get(instance, ())
        samples += len(points)
        down = [at for at, value in points if not value and not _planned(at, at, outages)]
        if down:
            failed.append(
                f"{instance}: {len(down)} of {len(points)} scrapes failed, the first {_after(down[0], scrapes)}"
            )
        holes += _holes(instance, [at for at, _ in points], scrapes, outages)
    if failed:
        return Finding(NAME, Verdict.FAIL, "; ".join(failed), samples=samples)
    if holes:
        return Finding(NAME, Verdict.INCONCLUSIVE, "; ".join(holes), samples=samples)
    return Finding(NAME, Verdict.PASS, f"{len(instances)} targets, {samples} scrapes, no hole", samples=samples)


def _holes(instance: str, times: Sequence[float], scrapes: Scrapes, outages: Sequence[Outage]) -> list[str]:
    if not times:
        return [f"{instance} was never scraped"]
    edges = [scrapes.begin, *times, scrapes.end]
    return [
        f"{instance}: no scrape for {late - early:.1f} s, {_after(early, scrapes)}"
        for early, late in pairwise(edges)
        if late - early > LONGEST_GAP * scrapes.interval and not _planned(early, late, outages)
    ][:1]


def _planned(begin: float, end: float, outages: Sequence[Outage]) -> bool:
    return any(outage.begin <= end and begin <= outage.end for outage in outages)


def _after(at: float, scrapes: Scrapes) -> str:
    return f"{max(0.0, at - scrapes.begin):.0f} s after the first reading"
