"""What Prometheus kept of a run: the last counters, every scrape, and how busy each service was.

Owns waiting for a scrape later than the last reading, and turning stored samples into the checks' inputs. Where
Prometheus cannot be asked, usage falls back on the two readings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from seatrial.backends.errors import BackendError
from seatrial.backends.exposition import Samples, Series
from seatrial.backends.prometheus import Prometheus, SeriesPoints
from seatrial.checks.reconcile_prometheus import Stored
from seatrial.checks.scrapes import Scrapes
from seatrial.project.project import Project
from seatrial.project.telemetry import Roles, Telemetry
from seatrial.readings import Counters, Reading, readable

SCRAPES_TO_WAIT = 5
# Stored times are whole milliseconds.
HALF_MILLISECOND = 0.0005
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Usage:
    """A service over its replicas: mean share of busy threads, CPU cores, and bytes at most; None is not known."""

    service: str
    busy: float | None = None
    cpu: float | None = None
    rss_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What was stored. `notes` are names of figures and where they had to be taken from."""

    stored: Stored
    scrapes: Scrapes
    usage: Sequence[Usage] = ()
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
        up = {each.labels.get("instance", ""): each.points for each in prometheus.stored("up", before.at, after.at)}
        usage = [_usage(prometheus, service, span, telemetry.roles_of(service)) for service in _services(after)]
    except BackendError as error:
        lost = Scrapes(before.at, after.at, interval, obstacle=str(error))
        note = ("services.busy", f"not known, and cpu and rss_bytes from the two readings: {error}")
        return Observed(Stored(obstacle=str(error)), lost, usage_of_readings(before, after, telemetry), [note])
    return Observed(stored, Scrapes(before.at, after.at, interval, up), usage)


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


def duration(text: str) -> float:
    """Prometheus's durations, as `500ms` or `1m30s`, in seconds."""
    parts = re.findall(r"(\d+)(ms|[smh])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise BackendError(f"{text!r} is no duration; write 500ms, 1s or 1m")
    return sum(int(number) * UNITS[unit] for number, unit in parts)


def usage_of_readings(before: Reading, after: Reading, telemetry: Telemetry) -> list[Usage]:
    """CPU between the readings and memory at the second; how busy a service was, two quiet moments cannot tell."""
    first, last = readable(before), readable(after)
    seconds = max(after.at - before.at, 1e-9)
    found = []
    for service in _services(after):
        roles = telemetry.roles_of(service)
        instances = [target.instance for target in after.targets if target.service == service]
        cpu = [_gain(first.get(name, {}), last.get(name, {}), roles.cpu_seconds) for name in instances]
        memory = [_value(last.get(name, {}), roles.resident_bytes) for name in instances]
        found.append(Usage(service, None, _total(each and each / seconds for each in cpu), _total(memory)))
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


def _usage(prometheus: Prometheus, service: str, span: tuple[float, float], roles: Roles) -> Usage:
    def ask(metric: str | None) -> dict[str, list[tuple[float, float]]]:
        if metric is None:
            return {}
        found = prometheus.stored(f'{metric}{{job="{service}"}}', *span)
        return {each.labels.get("instance", ""): each.points for each in found if each.points}

    cpu = [_slope(points) for points in ask(roles.cpu_seconds).values()]
    memory = [max(value for _, value in points) for points in ask(roles.resident_bytes).values()]
    busy = _share(ask(roles.busy.metric), ask(roles.busy.limit)) if roles.busy else None
    return Usage(service, busy, _total(cpu), _total(memory))


def _slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Gain per second; a restart in between makes it fall, and then it is not known."""
    (begin, first), (end, last) = points[0], points[-1]
    return (last - first) / (end - begin) if end > begin and last >= first else None


def _share(
    busy: Mapping[str, Sequence[tuple[float, float]]], limit: Mapping[str, Sequence[tuple[float, float]]]
) -> float | None:
    """The mean, over scrapes and replicas, of busy threads to all threads."""
    shares = [
        value / limit[instance][-1][1]
        for instance, points in busy.items()
        if limit.get(instance) and limit[instance][-1][1]
        for _, value in points
    ]
    return sum(shares) / len(shares) if shares else None


def _value(samples: Samples, name: str | None) -> float | None:
    return next((value for series, value in samples.items() if series.name == name), None)


def _gain(first: Samples, last: Samples, name: str | None) -> float | None:
    begin, end = _value(first, name), _value(last, name)
    return end - begin if begin is not None and end is not None and end >= begin else None


def _total(parts: Iterable[float | None]) -> float | None:
    """The sum, not known when a part is not."""
    known = list(parts)
    return None if not known or None in known else sum(part for part in known if part is not None)
