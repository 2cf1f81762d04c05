"""How busy each replica was through the run, scrape by scrape, as resources with units: from what Prometheus stored.

Owns turning gauges and counters into resources, and metrics/timeline.json, so that nobody needs Prometheus afterwards.
Leaves judging to seatrial.checks.ceilings and drawing to seatrial.report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from seatrial.backends.prometheus import Prometheus, SeriesPoints
from seatrial.checks.inputs import Points, Track
from seatrial.checks.quantities import Resource
from seatrial.project.telemetry import Bounded, Roles, Telemetry
from seatrial.run_folder import read_json, write_json

SCHEMA = 1
# Of the shipper's metrics, those that are drawn.
QUEUE, ACKNOWLEDGED = "seatrial_ship_queue_bytes", "seatrial_ship_lines_acknowledged_total"
SHIPPED = (QUEUE, ACKNOWLEDGED)
Ask = Callable[[str | None], list[SeriesPoints]]


@dataclass(frozen=True, slots=True)
class Timeline:
    """All tracks of a run, and `up` by instance: whether each scrape was answered. Times are epoch seconds.

    `pipeline` has, of SHIPPED, what the shipper told of itself; empty without one.
    """

    tracks: tuple[Track, ...] = ()
    up: Mapping[str, Points] = field(default_factory=dict)
    pipeline: Mapping[str, Points] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        write_json(path, {"schema": SCHEMA, **asdict(self)})

    def within(self, begin: float, end: float) -> Timeline:
        """What was measured between two moments."""
        return replace(self, tracks=tuple(track.within(begin, end) for track in self.tracks))

    def of(self, service: str, resource: Resource) -> list[Track]:
        """A track per replica that has one."""
        return [track for track in self.tracks if track.service == service and track.resource is resource]


def load_timeline(path: Path) -> Timeline:
    """The saved timeline; empty when there is no such file."""
    document = read_json(path)
    if document is None:
        return Timeline()
    tracks = (
        Track(each["service"], each["instance"], Resource(each["resource"]), _points(each["points"]), each["limit"])
        for each in document["tracks"]
    )
    up, pipeline = (
        {name: _points(points) for name, points in document.get(part, {}).items()} for part in ("up", "pipeline")
    )
    return Timeline(tuple(tracks), up, pipeline)


def read_timeline(
    prometheus: Prometheus, telemetry: Telemetry, services: Iterable[str], begin: float, end: float
) -> Timeline:
    """Everything that each service's roles name, between two moments. Raises BackendError."""
    known: dict[str, list[SeriesPoints]] = {}

    def ask(metric: str | None) -> list[SeriesPoints]:
        if metric is None:
            return []
        if metric not in known:
            known[metric] = prometheus.stored(metric, begin, end)
        return known[metric]

    found = ((service, _of_roles(telemetry.roles_of(service), ask)) for service in services)
    tracks = tuple(track for service, all_tracks in found for track in all_tracks if track.service == service)
    up = {each.labels.get("instance", ""): tuple(each.points) for each in ask("up")}
    pipeline = {name: tuple(each.points) for name in SHIPPED for each in ask(name)[:1]}
    return Timeline(tracks, up, pipeline)


def _of_roles(roles: Roles, ask: Ask) -> Iterator[Track]:
    """The tracks of whoever has these roles."""
    yield from _gauges(Resource.THREADS, roles.busy, ask, share=True)
    yield from _rates(Resource.CPU, ask(roles.cpu_seconds))
    yield from _tracks(Resource.MEMORY, ask(roles.resident_bytes))
    yield from _gauges(Resource.DESCRIPTORS, roles.descriptors, ask)
    yield from _rates(Resource.STORE_WAIT, _summed(roles.store_wait, ask))


def _summed(metric: str | None, ask: Ask) -> list[SeriesPoints]:
    """A histogram's sum, or the counter itself."""
    return (ask(f"{metric}_sum") or ask(metric)) if metric else []


def _tracks(resource: Resource, found: Iterable[SeriesPoints]) -> Iterator[Track]:
    """The series of one replica, which may differ in other labels, are summed scrape by scrape."""
    replicas: dict[tuple[str, str], dict[float, float]] = {}
    for each in found:
        sums = replicas.setdefault((each.labels.get("job", ""), each.labels.get("instance", "")), {})
        for at, value in each.points:
            sums[at] = sums.get(at, 0.0) + value
    for (service, instance), sums in replicas.items():
        yield Track(service, instance, resource, tuple(sorted(sums.items())))


def _gauges(resource: Resource, role: Bounded | None, ask: Ask, *, share: bool = False) -> Iterator[Track]:
    """With the limit that the replica itself tells; `share` divides by it."""
    if role is None:
        return
    limits = {track.instance: track.points[-1][1] for track in _tracks(resource, ask(role.limit)) if track.points}
    for track in _tracks(resource, ask(role.metric)):
        limit = limits.get(track.instance) or None
        if not share:
            yield Track(track.service, track.instance, resource, track.points, limit)
        elif limit is not None:
            points = tuple((at, value / limit) for at, value in track.points)
            yield Track(track.service, track.instance, resource, points, 1.0)


def _rates(resource: Resource, found: Iterable[SeriesPoints]) -> Iterator[Track]:
    """The gain per second between neighbouring scrapes, at the later one; a restart makes a counter fall: no point then."""
    for track in _tracks(resource, found):
        rises = (
            (late, (after - before) / (late - early))
            for (early, before), (late, after) in pairwise(track.points)
            if late > early and after >= before
        )
        yield Track(track.service, track.instance, resource, tuple(rises))


def _points(points: Sequence[Sequence[float]]) -> Points:
    return tuple((at, value) for at, value in points)
