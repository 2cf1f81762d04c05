"""Readings: every replica's raw metrics and log size at one moment, taken when the fleet is quiet.

Owns taking, saving and loading them, and the rule of quiet: no request active, no work pending, and two readings
at least a second apart that are equal. Leaves what the counters mean to seatrial.counting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import requests

from seatrial.backends.errors import NotExposition
from seatrial.backends.exposition import Samples, parse_exposition
from seatrial.project.telemetry import Telemetry
from seatrial.run_folder import read_json, write_json
from seatrial.stacks.protocol import Replica

SCHEMA = 1
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
    """One replica. `status` and `body` are None when nobody answered, and `error` says why; `log_bytes` is a size."""

    service: str
    instance: str
    status: int | None
    body: str | None
    error: str
    log_file: str
    log_bytes: int

    def samples(self) -> Samples:
        """The series. Raises NotExposition for rubbish, an error status, or no answer."""
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
    targets = tuple(TargetReading(**target) for target in document["targets"])
    return Reading(document["at"], targets, tuple(document["moved"]))


def take_reading(
    replicas: Iterable[Replica], path: str, http: Http, *, clock: Callable[[], float] = time.time
) -> Reading:
    """Read every replica's metrics at `path` of its admin address, whatever comes back."""
    targets = tuple(_read(replica, path, http) for replica in replicas)
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
    roles = telemetry.roles
    gauges = {name for name in (roles.active_requests, *roles.pending_work) if name}
    return [
        f"{instance}: {series.name} is {value:g}"
        for instance, samples in readable(reading).items()
        for series, value in samples.items()
        if series.name in gauges and value
    ]


def changes(before: Reading, after: Reading, telemetry: Telemetry) -> list[str]:
    """What differs between two readings in counters of the contract, in log sizes and in who could be read."""
    then, now = _moving_parts(before, telemetry), _moving_parts(after, telemetry)
    keys = [key for key in {**then, **now} if then.get(key) != now.get(key)]
    shown = [f"{key}: {_figure(then.get(key))} to {_figure(now.get(key))}" for key in keys[:SHOWN]]
    return shown + ([f"and {len(keys) - SHOWN} more"] if len(keys) > SHOWN else [])


def readable(reading: Reading) -> dict[str, Samples]:
    """The series of each instance that gave an exposition."""
    found = {}
    for target in reading.targets:
        try:
            found[target.instance] = target.samples()
        except NotExposition:
            continue
    return found


def counter_names(telemetry: Telemetry) -> set[str]:
    """Names of all series of the contract that only ever count; the process's CPU time is left out, it never rests."""
    names: set[str] = set()
    for name, metric in telemetry.metrics.items():
        if metric.type == "histogram":
            names |= {f"{name}_count", f"{name}_sum", f"{name}_bucket"}
        elif metric.type == "counter" and name != telemetry.roles.cpu_seconds:
            names.add(name)
    return names


def _moving_parts(reading: Reading, telemetry: Telemetry) -> dict[str, float | str]:
    counters = counter_names(telemetry)
    parts: dict[str, float | str] = {}
    samples = readable(reading)
    for target in reading.targets:
        parts[f"{target.instance}: log bytes"] = target.log_bytes
        parts[f"{target.instance}: metrics"] = "read" if target.instance in samples else "not readable"
    for instance, series in samples.items():
        parts |= {f"{instance}: {key}": value for key, value in series.items() if key.name in counters}
    return parts


def _figure(value: float | str | None) -> str:
    return "absent" if value is None else value if isinstance(value, str) else f"{value:g}"


def _read(replica: Replica, path: str, http: Http) -> TargetReading:
    answer: dict[str, Any]
    try:
        response = http.get(f"{replica.admin_url}{path}", timeout=TIMEOUT_SECONDS)
        answer = {"status": response.status_code, "body": response.text, "error": ""}
    except requests.RequestException as error:
        answer = {"status": None, "body": None, "error": _cause(error)}
    return TargetReading(
        service=replica.service,
        instance=replica.instance,
        **answer,
        log_file=str(replica.log_file),
        log_bytes=_size(replica.log_file),
    )


def _cause(error: requests.RequestException) -> str:
    """The innermost cause: what wraps it repeats the address and the names of pools."""
    return f"{type(error).__name__}, {str(error).rsplit(': ', 1)[-1].strip(')>')}"


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def quiet_reading(replicas: Sequence[Replica], path: str, telemetry: Telemetry) -> Reading:
    """Read over HTTP until quiet; the usual composition of the above."""
    with requests.Session() as http:
        http.trust_env = False
        return read_when_quiet(lambda: take_reading(replicas, path, http), telemetry)
