"""What Prometheus kept of a run: the last counters, every scrape, and how busy each service was.

Owns waiting for a scrape later than the last reading, and turning stored samples into the checks' inputs. Where
Prometheus cannot be asked, usage falls back on the two readings. Leaves resources through time to seatrial.timeline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import yaml

from seatrial.backends.errors import BackendError
from seatrial.backends.exposition import Samples, Series
from seatrial.backends.prometheus import Prometheus, SeriesPoints
from seatrial.checks.quantities import Resource
from seatrial.checks.reconcile_prometheus import Stored
from seatrial.checks.scrapes import Scrapes
from seatrial.durations import duration
from seatrial.project.project import Project
from seatrial.project.telemetry import Telemetry
from seatrial.readings import Counters, Reading, readable
from seatrial.timeline import Timeline, read_timeline

SCRAPES_TO_WAIT = 5
# Stored times are whole milliseconds.
HALF_MILLISECOND = 0.0005
EMPTY = Timeline()


@dataclass(frozen=True, slots=True)
class Usage:
    """A service over its replicas: mean share of busy threads, CPU cores, bytes and open files at most, and mean seconds
    waited for the store per second; None is not known.
    """

    service: str
    busy: float | None = None
    cpu: float | None = None
    rss_bytes: float | None = None
    descriptors: float | None = None
    store_wait: float | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What was stored. `notes` are names of figures and where they had to be taken from."""

    stored: Stored
    scrapes: Scrapes
    usage: Sequence[Usage] = ()
    timeline: Timeline = EMPTY
    notes: Sequence[tuple[str, str]] = ()


def observe(
    prometheus: Prometheus | None,
    before: Reading,
    after: Reading,
    project: Project,
    counters: Mapping[str, Counters],
    span: tuple[float, float],
) -> Observed:
    """Ask everything at once, so that one dead Prometheus is one obstacle; `span` is when the load ran.

    `counters` are those of each service.
    """
    interval = scrape_interval(project.prometheus)
    telemetry = project.telemetry
    try:
        prometheus = _present(prometheus)
        stored = _stored(prometheus, after, counters, interval)
        timeline = read_timeline(prometheus, telemetry, _services(after), before.at, after.at)
    except BackendError as error:
        lost = Scrapes(before.at, after.at, interval, obstacle=str(error))
        note = ("services.busy", f"not known, and cpu and rss_bytes from the two readings: {error}")
        usage = usage_of_readings(before, after, telemetry)
        return Observed(Stored(obstacle=str(error)), lost, usage, notes=[note])
    loaded = timeline.within(*span)
    scrapes = Scrapes(before.at, after.at, interval, timeline.up)
    return Observed(stored, scrapes, [_usage(loaded, service) for service in _services(after)], timeline)


def _present(prometheus: Prometheus | None) -> Prometheus:
    if prometheus is None:
        raise BackendError("there is no Prometheus to ask")
    return prometheus


def scrape_interval(folder: Path | None) -> float:
    """Seconds between scrapes by prometheus.yml; Prometheus's own default where it says nothing."""
    if folder is None:
        return 1.0
    document = yaml.safe_load((folder / "prometheus.yml").read_text(encoding="utf-8")) or {}
    return duration(str((document.get("global") or {}).get("scrape_interval", "1m")))


def usage_of_readings(before: Reading, after: Reading, telemetry: Telemetry) -> list[Usage]:
    """CPU between the readings, memory and open files at the second; how busy a service was, two quiet moments cannot tell."""
    first, last = readable(before), readable(after)
    seconds = max(after.at - before.at, 1e-9)
    found = []
    for service in _services(after):
        roles = telemetry.roles_of(service)
        instances = [target.instance for target in after.targets if target.service == service]
        cpu = [_gain(first.get(name, {}), last.get(name, {}), roles.cpu_seconds) for name in instances]
        memory = [_value(last.get(name, {}), roles.resident_bytes) for name in instances]
        files = [
            _value(last.get(name, {}), roles.descriptors.metric if roles.descriptors else None) for name in instances
        ]
        cores = _total(each and each / seconds for each in cpu)
        found.append(Usage(service, cpu=cores, rss_bytes=_total(memory), descriptors=_total(files)))
    return found


def _services(reading: Reading) -> list[str]:
    return list(dict.fromkeys(target.service for target in reading.targets))


def _stored(prometheus: Prometheus, after: Reading, counters: Mapping[str, Counters], interval: float) -> Stored:
    services = {target.instance: target.service for target in after.targets if target.offered}
    instances = list(services)
    times = prometheus.wait_for_scrapes(instances, after.at, patience=SCRAPES_TO_WAIT * interval)
    series = {
        instance: _kept(
            prometheus.stored(f'{{instance="{instance}"}}', at - HALF_MILLISECOND, at), counters[services[instance]]
        )
        for instance, at in times.items()
    }
    return Stored(series, tuple(instance for instance in instances if instance not in series))


def _kept(found: Sequence[SeriesPoints], counters: Counters) -> Samples:
    """Without the labels that the scrape added."""
    kept: Samples = {}
    for each in found:
        labels = {key: value for key, value in each.labels.items() if key not in {"__name__", "job", "instance"}}
        series = Series.of(each.labels.get("__name__", ""), labels)
        if series in counters and each.points:
            kept[series] = each.points[-1][1]
    return kept


def _usage(timeline: Timeline, service: str) -> Usage:
    def over(resource: Resource, of_replica: Callable[[Sequence[float]], float]) -> list[float | None]:
        values = ([value for _, value in track.points] for track in timeline.of(service, resource))
        return [of_replica(each) if each else None for each in values]

    threads = over(Resource.THREADS, fmean)
    return Usage(
        service,
        busy=_total(each and each / len(threads) for each in threads),
        cpu=_total(over(Resource.CPU, fmean)),
        rss_bytes=_total(over(Resource.MEMORY, max)),
        descriptors=_total(over(Resource.DESCRIPTORS, max)),
        store_wait=_total(over(Resource.STORE_WAIT, fmean)),
    )


def _value(samples: Samples, name: str | None) -> float | None:
    return next((value for series, value in samples.items() if series.name == name), None)


def _gain(first: Samples, last: Samples, name: str | None) -> float | None:
    begin, end = _value(first, name), _value(last, name)
    return end - begin if begin is not None and end is not None and end >= begin else None


def _total(parts: Iterable[float | None]) -> float | None:
    """The sum, not known when a part is not."""
    known = list(parts)
    return None if not known or None in known else sum(part for part in known if part is not None)
