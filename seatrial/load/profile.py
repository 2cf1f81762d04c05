"""A load profile: how many journeys arrive when, and what is asked of their answers.

Owns the file's shape and its refusals by line. Leaves to `plan` whether the load can reach what the limits need.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from seatrial.checks.figures import MEGABYTE
from seatrial.checks.inputs import Resource
from seatrial.errors import UsageError
from seatrial.project.yaml_source import FileModel, YamlSource, load_yaml, validate

ALL = "all"
SLOPE_SECONDS = 600
Ratio = Annotated[float, Field(gt=0, lt=1)]


class Stage(FileModel):
    """`rate` journeys per second for `seconds`; a `ramp` climbs there in whole one-second steps."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    rate: NonNegativeInt
    seconds: PositiveInt
    ramp: bool = False
    judge: bool = False

    def rates(self, former: int) -> list[int]:
        """The rate of each second; a ramp is linear, rounded half up, and ends at `rate`."""
        if not self.ramp:
            return [self.rate] * self.seconds
        climb = (self.rate - former) / self.seconds
        return [math.floor(former + climb * (second + 1) + 0.5) for second in range(self.seconds)]


class Think(FileModel):
    """Bounds of the uniform think time between two requests, in seconds."""

    min: NonNegativeFloat = 0.1
    max: NonNegativeFloat = 0.3

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}. Swap them")
        return self


class Timeouts(FileModel):
    """Seconds; `read` counts from the start of the request to the end of the answer."""

    connect: PositiveFloat = 1.0
    read: PositiveFloat = 5.0


class Limits(FileModel):
    """What is asked of one step, or of all: latencies in seconds from the intended start."""

    p50: PositiveFloat | None = None
    p90: PositiveFloat | None = None
    p95: PositiveFloat | None = None
    p99: PositiveFloat | None = None
    error_ratio: Ratio | None = None
    rate_min: PositiveFloat | None = None

    def percentiles(self) -> dict[float, float]:
        """Percentile (as a share) to limit in seconds, for those that are asked."""
        asked = {0.5: self.p50, 0.9: self.p90, 0.95: self.p95, 0.99: self.p99}
        return {share: limit for share, limit in asked.items() if limit is not None}


class Validity(FileModel):
    """When the load itself cannot be judged by: the generator was late, or started too few of its arrivals."""

    lag_p99_seconds: PositiveFloat = 0.025
    started_ratio: Annotated[float, Field(gt=0, le=1)] = 0.995


class Ceilings(FileModel):
    """What any replica of a service may use while load is judged: on average a share of its request `threads`, `cpu`
    in cores and `store_wait`, seconds waited for the store per second; at most `memory_mb` (10^6 bytes) and open files.
    """

    threads: Annotated[float, Field(gt=0, le=1)] | None = None
    cpu: PositiveFloat | None = None
    store_wait: PositiveFloat | None = None
    memory_mb: PositiveFloat | None = None
    descriptors: PositiveFloat | None = None

    def by_resource(self) -> dict[Resource, float]:
        """Those that are asked, in the units of Resource."""
        asked = {
            Resource.THREADS: self.threads,
            Resource.CPU: self.cpu,
            Resource.STORE_WAIT: self.store_wait,
            Resource.MEMORY: self.memory_mb and self.memory_mb * MEGABYTE,
            Resource.DESCRIPTORS: self.descriptors,
        }
        return {resource: ceiling for resource, ceiling in asked.items() if ceiling is not None}


class Slopes(FileModel):
    """How fast any replica's use may grow while load is judged: `memory_mb` (10^6 bytes) and open files, per hour."""

    memory_mb: PositiveFloat | None = None
    descriptors: PositiveFloat | None = None

    def by_resource(self) -> dict[Resource, float]:
        """Those that are asked, in the units of Resource."""
        return Ceilings(memory_mb=self.memory_mb, descriptors=self.descriptors).by_resource()


class Profile(FileModel):
    """One file of loadtests' profiles; `name` defaults to the file's."""

    name: str = ""
    description: str = ""
    seed: int = 0
    stages: Annotated[list[Stage], Field(min_length=1)]
    weights: dict[str, NonNegativeInt] = Field(default_factory=dict)
    think_seconds: Think = Think()
    timeouts: Timeouts = Timeouts()
    drain_seconds: PositiveFloat = 10.0
    in_flight: PositiveInt | None = None
    processes: PositiveInt = 1
    limits: dict[str, Limits] = Field(default_factory=dict)
    ceilings: dict[str, Ceilings] = Field(default_factory=dict)
    slopes: dict[str, Slopes] = Field(default_factory=dict)
    validity: Validity = Validity()

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        names = [stage.name for stage in self.stages]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two stages are called {', '.join(twice)}. Give each its own name")
        if self.weights and not any(self.weights.values()):
            raise ValueError("all weights are 0. Give a journey a weight")
        asked = [name for name in ("limits", "ceilings", "slopes") if getattr(self, name)]
        if asked and not any(stage.judge for stage in self.stages):
            raise ValueError(f"{' and '.join(asked)} are asked, but no stage says judge: true. Mark one")
        if self.slopes and len(self.judged_seconds()) < SLOPE_SECONDS:
            raise ValueError(
                f"slopes are asked of {len(self.judged_seconds())} judged seconds, but need {SLOPE_SECONDS}: what starts up"
                " grows too. Judge for longer, or drop them"
            )
        return self

    @property
    def seconds(self) -> int:
        """How long arrivals come."""
        return sum(stage.seconds for stage in self.stages)

    def rates(self) -> list[int]:
        """Journeys per second, for each second."""
        steps: list[int] = []
        for stage in self.stages:
            steps += stage.rates(steps[-1] if steps else 0)
        return steps

    def judged(self) -> frozenset[str]:
        """The names of the stages whose latency is judged."""
        return frozenset(stage.name for stage in self.stages if stage.judge)

    def judged_seconds(self) -> list[int]:
        """The seconds of the run that belong to judged stages, counted from 0."""
        owners = [stage for stage in self.stages for _ in range(stage.seconds)]
        return [second for second, stage in enumerate(owners) if stage.judge]

    def document(self) -> dict[str, Any]:
        """What the generator and the run folder are given."""
        return self.model_dump(mode="json", exclude_none=True)


def find_profile(asked: str, folder: Path | None) -> Path:
    """The file that `asked` names: a path, or a name in the project's folder of profiles. Raises UsageError."""
    if Path(asked).suffix in {".yml", ".yaml", ".json"}:
        return Path(asked)
    known = sorted(path.stem for path in folder.glob("*.yml")) if folder else []
    if folder is None or asked not in known:
        listed = f"Known here: {', '.join(known)}." if known else "There are none here."
        raise UsageError(f"there is no profile {asked!r}. {listed} Or give the path of a file.")
    return folder / f"{asked}.yml"


def read_profile(file: Path) -> tuple[Profile, YamlSource]:
    """The profile, and its source for further refusals by line. Raises ConfigError."""
    source = load_yaml(file)
    profile = validate(source, Profile)
    return (profile if profile.name else profile.model_copy(update={"name": file.stem})), source
