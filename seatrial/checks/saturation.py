"""What the replicas used of what they can run out of, within judged load, and who was nearest its limit.

Owns picking samples by replica and second. Leaves what is too much to `ceilings`, and where samples come from to
seatrial.timeline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.checks.figures import figure
from seatrial.checks.inputs import Track
from seatrial.checks.limits import Judged
from seatrial.checks.quantities import Resource

Points = NDArray[np.float64]
WORDS = {
    Resource.THREADS: "request threads busy",
    Resource.CPU: "CPU",
    Resource.MEMORY: "memory",
    Resource.DESCRIPTORS: "open files",
    Resource.STORE_WAIT: "waiting for the store",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """The tracks of a run, the instances of each service, and the judged load that began at `at` (epoch seconds)."""

    tracks: Sequence[Track]
    replicas: Mapping[str, Sequence[str]]
    judged: Judged
    at: float
    obstacle: str = ""

    def points(self, service: str, resource: Resource) -> dict[str, Points]:
        """By instance the samples within judged load: seconds since it began, and values; shape (2, n)."""
        found = {
            track.instance: self._judged(np.asarray(track.points, dtype=np.float64).reshape(-1, 2))
            for track in self.tracks
            if track.service == service and track.resource is resource
        }
        return {instance: found.get(instance, np.empty((2, 0))) for instance in self.replicas.get(service, ())}

    def _judged(self, points: Points) -> Points:
        seconds = points[:, 0] - self.at
        chosen = np.isin(np.floor(seconds), np.asarray(self.judged.seconds))
        return np.stack([seconds[chosen], points[chosen, 1]])


@dataclass(frozen=True, slots=True)
class Nearest:
    """Who was nearest its limit: the share of it that was used, on average and at most, over judged load."""

    service: str
    instance: str
    resource: Resource
    share: float
    peak: float
    reason: str


def nearest_limit(measured: Measured, limits: Mapping[Resource, float]) -> Nearest | None:
    """By the mean share over judged load, of everything whose limit is known: from its own gauge, or from `limits`."""
    return max(_shares(measured, limits), key=lambda each: each.share, default=None)


def _shares(measured: Measured, limits: Mapping[Resource, float]) -> Iterator[Nearest]:
    for track in measured.tracks:
        limit = track.limit or limits.get(track.resource)
        points = measured.points(track.service, track.resource).get(track.instance)
        if not limit or points is None or not points.size:
            continue
        mean, peak = float(points[1].mean()), float(points[1].max())
        unit = track.resource.unit
        reason = (
            f"{track.instance}: {WORDS[track.resource]} {figure(mean, unit)} of {figure(limit, unit)} on average, "
            f"{figure(peak, unit)} at most, over {len(measured.judged.seconds)} s of judged load"
        )
        yield Nearest(track.service, track.instance, track.resource, mean / limit, peak / limit, reason)
