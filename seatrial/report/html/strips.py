"""What Prometheus saw, made ready to be drawn: resources per service and bin, scrapes, and the run's events.

Seconds count from the moment at which arrivals began.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from seatrial.checks.figures import MEGABYTE
from seatrial.checks.inputs import Track
from seatrial.checks.quantities import Resource
from seatrial.load.profile import Profile
from seatrial.statistics.percentiles import Floats
from seatrial.timeline import Timeline

# Two scrapes further apart than this many usual distances leave a gap.
GAP = 2.5


class Mark(NamedTuple):
    """An event, and what a person should know of it."""

    second: float
    text: str


class Period(NamedTuple):
    """From one second to another."""

    begin: float
    end: float


class Named(NamedTuple):
    """A service, and its place in the fleet's order, which gives it its colour."""

    name: str
    place: int


@dataclass(frozen=True, slots=True)
class Strip:
    """One resource of all services that have it; `values` holds an array per service, NaN where nothing is known."""

    resource: Resource
    seconds: Floats
    services: tuple[Named, ...]
    values: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class Scraped:
    """When an instance was scraped without a gap, and which scrapes failed."""

    instance: str
    answered: tuple[Period, ...]
    failed: tuple[float, ...]


def strips(timeline: Timeline, services: Sequence[str], began: float, width: float, end: float) -> Iterator[Strip]:
    """A strip per resource that is known of some service. Of replicas the one that uses most is drawn, bin by bin."""
    for resource in Resource:
        found = {
            Named(name, place): tracks for place, name in enumerate(services) if (tracks := timeline.of(name, resource))
        }
        binned = {named: _most([_binned(track, began, width) for track in tracks]) for named, tracks in found.items()}
        bins = range(-1, math.ceil(end / width) + 1)
        if found:
            scale = MEGABYTE if resource is Resource.MEMORY else 1
            values = tuple(
                np.asarray([known.get(at, np.nan) / scale for at in bins], dtype=np.float64)
                for known in binned.values()
            )
            yield Strip(resource, np.asarray(bins) * width, tuple(found), values)


def _binned(track: Track, began: float, width: float) -> dict[int, float]:
    sums: dict[int, list[float]] = {}
    for at, value in track.points:
        sums.setdefault(int((at - began) // width), []).append(value)
    return {bin_: sum(values) / len(values) for bin_, values in sums.items()}


def _most(replicas: Sequence[Mapping[int, float]]) -> dict[int, float]:
    return {
        bin_: max(each[bin_] for each in replicas if bin_ in each)
        for bin_ in sorted({at for each in replicas for at in each})
    }


def scrapes(timeline: Timeline, began: float) -> list[Scraped]:
    """Each instance's scrapes, in the order of their names."""
    return [_scraped(instance, timeline.up[instance], began) for instance in sorted(timeline.up)]


def _scraped(instance: str, points: Sequence[tuple[float, float]], began: float) -> Scraped:
    good = [at - began for at, value in points if value]
    usual = float(np.median([late - early for early, late in pairwise(good)])) if len(good) > 1 else 1.0
    answered: list[Period] = []
    for second in good:
        if answered and second - answered[-1].end <= GAP * usual:
            answered[-1] = Period(answered[-1].begin, second)
        else:
            answered.append(Period(second, second + usual / 2))
    return Scraped(instance, tuple(answered), tuple(at - began for at, value in points if not value))


def judged_periods(profile: Profile) -> list[Period]:
    """When load is judged, in whole seconds."""
    found: list[Period] = []
    for second in profile.judged_seconds():
        if found and found[-1].end == second:
            found[-1] = Period(found[-1].begin, second + 1.0)
        else:
            found.append(Period(float(second), second + 1.0))
    return found


def marks(events: Sequence[Mapping[str, Any]], began: float) -> list[Mark]:
    """What happened to the fleet: restarts, processes that died, faults; not the trial's own steps."""
    told = ((event["at"] - began, _text(event)) for event in events)
    return [Mark(second, text) for second, text in told if text]


def _text(event: Mapping[str, Any]) -> str:
    match event["kind"]:
        case "restart":
            return f"{event['instance']} was restarted, away for {event['down_seconds']:.1f} s"
        case "component-restart":
            return f"{event['name']} was restarted, in {event['seconds']:.1f} s"
        case "unplanned-exit":
            return f"{event['name']} ended by itself"
        case "fault":
            faults = ", ".join(f"{fault['name']} at {fault['service']}" for fault in event["faults"])
            return f"fault {'applied' if event['action'] == 'apply' else 'lifted'}: {faults}"
        case _:
            return ""


def fault_periods(events: Sequence[Mapping[str, Any]], began: float, end: float) -> list[Period]:
    """From the application of faults to their lifting, or to the end."""
    found: list[Period] = []
    since: float | None = None
    for event in events:
        if event["kind"] != "fault":
            continue
        if event["action"] == "apply":
            since = event["at"] - began
        elif since is not None:
            found.append(Period(since, event["at"] - began))
            since = None
    return found if since is None else [*found, Period(since, end)]
