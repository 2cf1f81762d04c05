"""How a load is going, read from the growing files of its generator while it runs."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.load.course import Course, LoadSecond
from seatrial.load.profile import Profile

if TYPE_CHECKING:  # who shows nothing to Prometheus needs no client of it
    from seatrial.load.gauges import Gauges


@dataclass(frozen=True, slots=True)
class Progress:
    """Times in seconds; `lag_p99` and latencies over all rows so far, None before there are any.

    `offered` is journeys per second planned now, `course` the seconds that have become whole since the last look.
    """

    elapsed: float
    stage: str
    planned_seconds: int
    journeys_started: int
    requests: int
    failures: int
    shed: int
    in_flight: int
    lag_p99: float | None
    p95: float | None
    p50: float | None = None
    p99: float | None = None
    offered: int = 0
    course: tuple[LoadSecond, ...] = ()


class Sketch:
    """Percentiles of a stream in bounded memory: values rounded to three digits and counted."""

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()

    def add(self, value: float) -> None:
        """Count one value."""
        self._counts[float(f"{value:.2e}")] += 1

    def percentile(self, share: float) -> float | None:
        """The nearest-rank percentile, exact to three digits."""
        beyond = self._counts.total() * (1 - share)
        for value in sorted(self._counts, reverse=True):
            beyond -= self._counts[value]
            if beyond < 0:
                return value
        return None


class Follower:
    """Reads what is new in `samples` at each look; rows still being written wait for the next. `gauges` are told all of it."""

    def __init__(self, samples: Path, profile: Profile, gauges: Gauges | None = None) -> None:
        self._gauges = gauges
        self._samples, self._profile, self._rates = samples, profile, profile.rates()
        self._offsets: dict[Path, int] = {}
        self._headers: dict[Path, list[str]] = {}
        self._latency, self._lag = Sketch(), Sketch()
        self._course = Course(self._rates)
        self._requests = self._failures = 0

    def look(self) -> Progress:
        """Where the load stands now. Accounts come before rows: what they speak of is then among the rows."""
        accounts = [account for account in map(_account, self._samples.glob("generator-*.json")) if account]
        self._course.begin(accounts)
        self._read_rows()
        elapsed = max((float(account["wall_seconds"]) for account in accounts), default=0.0)
        stage, offered = self._stage(elapsed), self._rates[int(elapsed)] if elapsed < len(self._rates) else 0
        if self._gauges is not None:
            self._gauges.stands(stage, offered, accounts)
        return Progress(
            elapsed=min(elapsed, float(self._profile.seconds)),
            stage=stage,
            planned_seconds=self._profile.seconds,
            requests=self._requests,
            failures=self._failures,
            lag_p99=self._lag.percentile(0.99),
            offered=offered,
            course=self._course.whole(accounts),
            p50=self._latency.percentile(0.5),
            p95=self._latency.percentile(0.95),
            p99=self._latency.percentile(0.99),
            **{
                name: sum(account[key] for account in accounts)
                for name, key in (("journeys_started", "started"), ("shed", "shed"), ("in_flight", "in_flight"))
            },
        )

    def _read_rows(self) -> None:
        for row in self._new("requests"):
            ended, ok = float(row["start"]) + float(row["duration"]), row["outcome"] == "ok"
            latency = ended - float(row["intended_start"])
            self._requests += 1
            self._failures += not ok
            self._latency.add(latency)
            self._course.request(ended, latency, ok=ok)
            if self._gauges is not None:
                self._gauges.request(row, latency)
        for row in self._new("journeys"):
            if row["started"]:
                self._lag.add(float(row["started"]) - float(row["scheduled"]))
            if row.get("finished"):
                self._course.journey(float(row["finished"]))
            if self._gauges is not None:
                self._gauges.journey(row)

    def _stage(self, elapsed: float) -> str:
        for stage in self._profile.stages:
            if elapsed < stage.seconds:
                return stage.name
            elapsed -= stage.seconds
        return "drain"

    def _new(self, kind: str) -> Iterator[dict[str, str]]:
        for path in sorted(self._samples.glob(f"{kind}-*.csv")):
            with path.open("rb") as file:
                file.seek(self._offsets.get(path, 0))
                whole, newline, _ = file.read().rpartition(b"\n")
            self._offsets[path] = self._offsets.get(path, 0) + len(whole) + len(newline)
            rows = csv.reader(whole.decode().splitlines())
            if path not in self._headers:
                header = next(rows, None)
                if header is None:
                    continue
                self._headers[path] = header
            yield from (dict(zip(self._headers[path], row, strict=True)) for row in rows)


def _account(path: Path) -> dict[str, Any] | None:
    try:
        account = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return account if isinstance(account, dict) else None
