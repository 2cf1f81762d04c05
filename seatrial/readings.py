"""Readings: every replica's raw metrics and log size at one moment, taken when the fleet is quiet.

Owns taking, saving and loading them, and the rule of quiet: no request active, no work pending, and two readings
at least a second apart that are equal. Leaves what the counters mean to seatrial.counting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import requests

from seatrial.backends.errors import NotExposition
from seatrial.backends.exposition import Samples, Series, parse_exposition
from seatrial.backends.log_files import LogFile, files_of, slices_between
from seatrial.backends.logs import tells_of_probes_only
from seatrial.project.telemetry import Telemetry
from seatrial.run_folder import read_json, write_json
from seatrial.stacks.protocol import Replica

SCHEMA = 2
APART_SECONDS = 1.0
PATIENCE_SECONDS = 20.0
TIMEOUT_SECONDS = 5.0
SHOWN = 5


class Http(Protocol):
    """As much of requests.Session as is used."""

    def get(self, url: str, *, timeout: float) -> requests.Response:
        """Fetch."""


@dataclass(frozen=True, slots=True)
class TargetReading:
    """One replica. `status` and `body` are None when nobody answered, and `error` says why.

    `offered` is whether it has metrics at all, `log_file` None where its log is out of reach; `log_files` are its files.
    """

    service: str
    instance: str
    status: int | None
    body: str | None
    error: str
    log_file: str | None
    log_files: tuple[LogFile, ...] = ()
    offered: bool = True

    def samples(self) -> Samples:
        """The series. Raises NotExposition for rubbish, an error status, or no answer."""
        if not self.offered:
            raise NotExposition("it has no metrics")
        if self.body is None:
            raise NotExposition(f"no answer: {self.error}")
        if self.status != requests.codes.ok:
            raise NotExposition(f"status {self.status} instead of an exposition")
        return parse_exposition(self.body)


@dataclass(frozen=True, slots=True)
class Reading:
    """All replicas. `at` is when the last of them was read, in epoch seconds; `moved` is empty when all was quiet."""

    at: float
    targets: tuple[TargetReading, ...]
    moved: tuple[str, ...] = ()

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        write_json(path, {"schema": SCHEMA, **asdict(self)})


def load_reading(path: Path) -> Reading | None:
    """The saved reading, or None when there is no such file."""
    document = read_json(path)
    if document is None:
        return None
    targets = tuple(
        TargetReading(**{**target, "log_files": tuple(map(LogFile.read, target["log_files"]))})
        for target in document["targets"]
    )
    return Reading(document["at"], targets, tuple(document["moved"]))


@dataclass(frozen=True, slots=True)
class Counters:
    """Which series of a service only ever count, by the contract; those of ignored routes are none of anybody's."""

    names: frozenset[str]
    ignored: frozenset[str] = frozenset()

    def __contains__(self, series: Series) -> bool:
        return series.name in self.names and not series.has(self.ignored)


def take_reading(replicas: Iterable[Replica], http: Http, *, clock: Callable[[], float] = time.time) -> Reading:
    """Read the metrics of every replica that has any, whatever comes back."""
    targets = tuple(_read(replica, http) for replica in replicas)
    return Reading(clock(), targets)


def read_when_quiet(
    read: Callable[[], Reading],
    telemetry: Telemetry,
    *,
    patience: float = PATIENCE_SECONDS,
    sleep: Callable[[float], object] = time.sleep,
) -> Reading:
    """The second of two equal readings; after `patience` seconds the last one, saying what moved."""
    last = read()
    until = last.at + patience
    while True:
        sleep(APART_SECONDS)
        now = read()
        moved = [*busy(now, telemetry), *changes(last, now, telemetry)]
        if not moved or now.at >= until:
            return replace(now, moved=tuple(moved))
        last = now


def busy(reading: Reading, telemetry: Telemetry) -> list[str]:
    """What is still being done, by the gauges that say so; a replica that cannot be read does not count as busy."""
    found = []
    for service, instance, samples in _read_well(reading):
        roles = telemetry.roles_of(service)
        gauges = {name for name in (roles.active_requests, *roles.pending_work) if name}
        moving = ((series, value) for series, value in samples.items() if series.name in gauges and value)
        found += [f"{instance}: {series.name} is {value:g}" for series, value in moving]
    return found


def changes(before: Reading, after: Reading, telemetry: Telemetry) -> list[str]:
    """What differs between two readings in counters of the contract, in logs and in who could be read."""
    then, now = _moving_parts(before, telemetry), _moving_parts(after, telemetry)
    keys = [key for key in {**then, **now} if then.get(key) != now.get(key)]
    shown = [f"{key}: {_figure(then.get(key))} to {_figure(now.get(key))}" for key in keys]
    shown = [*_grown_logs(before, after, telemetry), *shown]
    return shown[:SHOWN] + ([f"and {len(shown) - SHOWN} more"] if len(shown) > SHOWN else [])


def readable(reading: Reading) -> dict[str, Samples]:
    """The series of each instance that gave an exposition."""
    found = {}
    for target in reading.targets:
        try:
            found[target.instance] = target.samples()
        except NotExposition:
            continue
    return found


def counters_of(telemetry: Telemetry, service: str) -> Counters:
    """All that only ever counts; the process's CPU time is left out, it never rests."""
    roles = telemetry.roles_of(service)
    names: set[str] = set()
    for name, metric in telemetry.metrics.items():
        if metric.type in {"histogram", "summary"}:
            names |= {f"{name}_count", f"{name}_sum"} | ({f"{name}_bucket"} if metric.type == "histogram" else set())
        elif metric.type == "counter" and name != roles.cpu_seconds:
            names.add(name)
    return Counters(frozenset(names), frozenset(roles.ignored_routes))


def _read_well(reading: Reading) -> Iterator[tuple[str, str, Samples]]:
    """Service, instance and series of each that gave an exposition."""
    samples = readable(reading)
    for target in reading.targets:
        if target.instance in samples:
            yield target.service, target.instance, samples[target.instance]


def _moving_parts(reading: Reading, telemetry: Telemetry) -> dict[str, float | str]:
    parts: dict[str, float | str] = {}
    samples = readable(reading)
    for target in reading.targets:
        if target.offered:
            parts[f"{target.instance}: metrics"] = "read" if target.instance in samples else "not readable"
    for service, instance, series in _read_well(reading):
        counters = counters_of(telemetry, service)
        parts |= {f"{instance}: {key}": value for key, value in series.items() if key in counters}
    return parts


def _grown_logs(before: Reading, after: Reading, telemetry: Telemetry) -> Iterator[str]:
    """Logs that tell of more than the probes that Prometheus and the readings themselves are."""
    then = {target.instance: target.log_files for target in before.targets}
    for target in after.targets:
        earlier, roles = then.get(target.instance, ()), telemetry.roles_of(target.service)
        if earlier == target.log_files:
            continue
        try:
            parts = slices_between(target.service, earlier, target.log_files)
        except (OSError, ValueError) as error:
            yield f"{target.instance}: {error}"
            continue
        if not all(tells_of_probes_only(part, roles) for part in parts):
            yield f"{target.instance}: log bytes: {_bytes(earlier)} to {_bytes(target.log_files)}"


def _bytes(files: Iterable[LogFile]) -> int:
    return sum(file.size for file in files)


def _figure(value: float | str | None) -> str:
    return "absent" if value is None else value if isinstance(value, str) else f"{value:g}"


def _read(replica: Replica, http: Http) -> TargetReading:
    answer: dict[str, Any] = {"status": None, "body": None, "error": ""}
    if replica.metrics_url is not None:
        try:
            response = http.get(replica.metrics_url, timeout=TIMEOUT_SECONDS)
            answer = {"status": response.status_code, "body": response.text, "error": ""}
        except requests.RequestException as error:
            answer["error"] = _cause(error)
    return TargetReading(
        service=replica.service,
        instance=replica.instance,
        **answer,
        log_file=str(replica.log_file) if replica.log_file else None,
        log_files=files_of(replica.log_file) if replica.log_file else (),
        offered=replica.metrics_url is not None,
    )


def _cause(error: requests.RequestException) -> str:
    """The innermost cause: what wraps it repeats the address and the names of pools."""
    return f"{type(error).__name__}, {str(error).rsplit(': ', 1)[-1].strip(')>')}"


def quiet_reading(replicas: Sequence[Replica], telemetry: Telemetry) -> Reading:
    """Read over HTTP until quiet; the usual composition of the above."""
    with requests.Session() as http:
        http.trust_env = False
        return read_when_quiet(lambda: take_reading(replicas, http), telemetry)
