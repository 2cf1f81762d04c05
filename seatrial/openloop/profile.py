"""The load profile as the generator needs it: whole rates in one-second steps, and which stage an instant is in.

The parent has checked the file with line and remedy; here only what would break the run is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from seatrial.openloop.errors import SettingsError

# A person who types users into Locust's page has no stages; their rows say so.
FREE = "free"
# What a journey still asks after the last stage is judged by nobody.
AFTER = "after"
# A step of a journey that is answered at all is allowed this long when the in-flight bound is computed.
STEP_ALLOWANCE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Stage:
    """`rate` journeys per second for `seconds`; `ramp` climbs there from the former stage's rate."""

    name: str
    rate: int
    seconds: int
    ramp: bool = False
    judge: bool = False

    def rates(self, former: int) -> list[int]:
        """The rate of each second; a ramp is linear, rounded half up, and ends at `rate`."""
        if not self.ramp:
            return [self.rate] * self.seconds
        climb = (self.rate - former) / self.seconds
        return [math.floor(former + climb * (second + 1) + 0.5) for second in range(self.seconds)]


@dataclass(frozen=True, slots=True)
class Profile:
    """Times in seconds. Without stages Locust's own users, spawn rate and run time rule."""

    seed: int = 0
    stages: tuple[Stage, ...] = ()
    weights: Mapping[str, int] = field(default_factory=dict)
    think: tuple[float, float] = (0.1, 0.3)
    connect_timeout: float = 1.0
    read_timeout: float = 5.0
    drain_seconds: float = 10.0
    in_flight: int | None = None
    processes: int = 1

    def rates(self) -> list[int]:
        """Journeys per second, for each second of the run."""
        steps: list[int] = []
        for stage in self.stages:
            steps += stage.rates(steps[-1] if steps else 0)
        return steps

    @property
    def seconds(self) -> float:
        """How long arrivals come; without stages until Locust is told to stop."""
        return sum(stage.seconds for stage in self.stages) if self.stages else math.inf

    def stage_at(self, elapsed: float) -> str:
        """The name of the stage that `elapsed` seconds into the run falls in."""
        if not self.stages:
            return FREE
        for stage in self.stages:
            if elapsed < stage.seconds:
                return stage.name
            elapsed -= stage.seconds
        return AFTER

    def bound(self, users: int, steps: int) -> int:
        """In-flight bound of one process: 1.5 x peak rate x longest journey, or its share of the profile's own.

        A journey ends at its first unanswered request, so its longest is `steps` allowances and think times
        plus one time-out; the sum of all time-outs would never shed anything.
        """
        if self.in_flight is not None:
            return math.ceil(self.in_flight / self.processes)
        longest = self.connect_timeout + self.read_timeout + steps * (STEP_ALLOWANCE_SECONDS + self.think[1])
        peak = max([users, *(math.ceil(rate / self.processes) for rate in self.rates())])
        return math.ceil(1.5 * peak * longest)


def read_profile(path: Path) -> Profile:
    """Read YAML or JSON; raise SettingsError naming what is missing or of the wrong kind."""
    try:
        document = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(f"SEATRIAL_PROFILE={path} cannot be read as YAML ({error})") from error
    try:
        return profile_from(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"SEATRIAL_PROFILE={path} is no load profile ({error!r})") from error


def profile_from(document: Mapping[str, Any]) -> Profile:
    """The profile in `document`; raise KeyError, TypeError or ValueError for what cannot be run."""
    think, timeouts = document.get("think_seconds") or {}, document.get("timeouts") or {}
    limit = document.get("in_flight")
    return Profile(
        seed=int(document.get("seed", 0)),
        stages=tuple(_stage(entry) for entry in document["stages"]),
        weights={name: int(weight) for name, weight in (document.get("weights") or {}).items()},
        think=(float(think.get("min", 0.1)), float(think.get("max", 0.3))),
        connect_timeout=float(timeouts.get("connect", 1.0)),
        read_timeout=float(timeouts.get("read", 5.0)),
        drain_seconds=float(document.get("drain_seconds", 10.0)),
        in_flight=None if limit is None else int(limit),
        processes=int(document.get("processes", 1)),
    )


def _stage(entry: Mapping[str, Any]) -> Stage:
    rate, seconds = entry["rate"], entry["seconds"]
    if rate != int(rate) or seconds != int(seconds) or rate < 0 or seconds < 1:
        raise ValueError(f"stage {entry['name']}: rate and seconds are whole numbers, seconds at least 1")
    return Stage(entry["name"], int(rate), int(seconds), bool(entry.get("ramp")), bool(entry.get("judge")))
