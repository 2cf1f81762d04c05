"""A load profile: how many journeys arrive when, and what is asked of their answers.

Owns the file's shape and its refusals by line. Leaves to `plan` whether the load can reach what the limits need.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from seatrial.checks.figures import MEGABYTE
from seatrial.checks.quantities import PERCENTILES, Resource, share_of
from seatrial.errors import UsageError
from seatrial.project.yaml_source import FileModel, YamlSource, load_yaml, validate

ALL = "all"
SLOPE_SECONDS = 600
Ratio = Annotated[float, Field(gt=0, lt=1)]


class Stage(FileModel):
    """`rate` journeys per second for `seconds`; a `ramp` climbs there in whole one-second steps."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")] = Field(description="What its rows are marked with.")
    rate: NonNegativeInt = Field(description="Journeys per second.")
    seconds: PositiveInt = Field(description="How long.")
    ramp: bool = Field(
        default=False, description="Climb to the rate in one-second steps from that of the stage before."
    )
    judge: bool = Field(default=False, description="Whether limits are judged on it.")

    def rates(self, former: int) -> list[int]:
        """The rate of each second; a ramp is linear, rounded half up, and ends at `rate`."""
        if not self.ramp:
            return [self.rate] * self.seconds
        climb = (self.rate - former) / self.seconds
        return [math.floor(former + climb * (second + 1) + 0.5) for second in range(self.seconds)]


class Think(FileModel):
    """Bounds of the uniform think time between two requests, in seconds."""

    min: NonNegativeFloat = Field(default=0.1, description="The shortest.")
    max: NonNegativeFloat = Field(default=0.3, description="The longest.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}. Swap them")
        return self


class Timeouts(FileModel):
    """When the client gives up, in seconds."""

    connect: PositiveFloat = Field(default=1.0, description="Of a connection.")
    read: PositiveFloat = Field(default=5.0, description="From the start of the request to the end of the answer.")


class Limits(FileModel):
    """What is asked of one step, or of all: latencies in seconds from the intended start."""

    p50: PositiveFloat | None = Field(default=None, description="Needs 40 requests of the step.")
    p75: PositiveFloat | None = Field(default=None, description="Needs 80.")
    p90: PositiveFloat | None = Field(default=None, description="Needs 200.")
    p95: PositiveFloat | None = Field(default=None, description="Needs 400.")
    p99: PositiveFloat | None = Field(default=None, description="Needs 2000.")
    p995: PositiveFloat | None = Field(default=None, description="Needs 4000.")
    p999: PositiveFloat | None = Field(default=None, description="Needs 20000.")
    error_ratio: Ratio | None = Field(
        default=None, description="Share of requests that may fail; needs 3 / limit requests."
    )
    rate_min: PositiveFloat | None = Field(default=None, description="Successful requests per second, at least.")

    def by_kind(self) -> dict[str, float]:
        """Limit by its name, for those that are asked."""
        return self.model_dump(exclude_none=True)

    def percentiles(self) -> dict[float, float]:
        """Percentile (as a share) to limit in seconds, for those that are asked."""
        asked = {share_of(name): getattr(self, name) for name in PERCENTILES}
        return {share: limit for share, limit in asked.items() if limit is not None}


class Telemetry(FileModel):
    """What is asked of the log pipeline, when there is one: seconds from a line's being written until a search finds it."""

    lag_p50: PositiveFloat | None = Field(default=None, description="Needs 40 probes.")
    lag_p95: PositiveFloat | None = Field(default=None, description="Needs 400.")
    lag_p99: PositiveFloat | None = Field(default=None, description="Needs 2000.")
    catch_up_seconds: PositiveFloat = Field(
        default=60.0, description="What the pipeline gets after the load, until every line must be there."
    )

    def percentiles(self) -> dict[str, float]:
        """Percentile by name to limit in seconds, for those that are asked."""
        asked = {"p50": self.lag_p50, "p95": self.lag_p95, "p99": self.lag_p99}
        return {name: limit for name, limit in asked.items() if limit is not None}


class Validity(FileModel):
    """When the load itself cannot be judged by: the generator was late, or started too few of its arrivals."""

    lag_p99_seconds: PositiveFloat = Field(
        default=0.025, description="From scheduled to started, in judged stages, at most."
    )
    started_ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.995, description="Share of the planned arrivals that were started, at least."
    )


class Ceilings(FileModel):
    """What any replica of a service may use while load is judged: on average a share of its request `threads`, `cpu`
    in cores and `store_wait`, seconds waited for the store per second; at most `memory_mb` (10^6 bytes) and open files.
    """

    threads: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="Share of its request threads at work, on average."
    )
    cpu: PositiveFloat | None = Field(default=None, description="Cores, on average.")
    store_wait: PositiveFloat | None = Field(
        default=None, description="Seconds waited for the store per second, on average."
    )
    memory_mb: PositiveFloat | None = Field(default=None, description="10^6 bytes, at most.")
    descriptors: PositiveFloat | None = Field(default=None, description="Open files, at most.")

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

    memory_mb: PositiveFloat | None = Field(default=None, description="10^6 bytes per hour.")
    descriptors: PositiveFloat | None = Field(default=None, description="Open files per hour.")

    def by_resource(self) -> dict[Resource, float]:
        """Those that are asked, in the units of Resource."""
        return Ceilings(memory_mb=self.memory_mb, descriptors=self.descriptors).by_resource()


class Profile(FileModel):
    """One file of loadtests' profiles; `name` defaults to the file's."""

    name: str = Field(default="", description="The file's name without its ending, unless given.")
    description: str = Field(default="", description="What it is for.")
    seed: int = Field(default=0, description="The same seed, and one process: the same gaps and the same journeys.")
    stages: Annotated[list[Stage], Field(min_length=1)] = Field(description="One after the other.")
    weights: dict[str, NonNegativeInt] = Field(
        default_factory=dict,
        description="How often each journey arrives, by its name; without, by the locustfile's weights.",
    )
    think_seconds: Think = Field(default=Think(), description="Between two requests of a journey.")
    timeouts: Timeouts = Field(default=Timeouts(), description="When the client gives up.")
    drain_seconds: PositiveFloat = Field(
        default=10.0, description="What journeys under way at the end get, in seconds."
    )
    in_flight: PositiveInt | None = Field(
        default=None,
        description="Journeys at a time; beyond it arrivals are shed. By default from rate, time-outs and steps.",
    )
    processes: PositiveInt = Field(default=1, description="Locust processes.")
    limits: dict[str, Limits] = Field(
        default_factory=dict,
        description="By step, or for `all`: what is asked of this load beside the objectives; what is in neither is not judged.",
    )
    objectives: bool = Field(
        default=True,
        description="Whether slo.yml's objectives are asked of it, as far as its judged stages bring the requests.",
    )
    alerts: bool = Field(
        default=True,
        description="Whether no alert may fire from judged load on; false of a load that is to be too much.",
    )
    ceilings: dict[str, Ceilings] = Field(default_factory=dict, description="By service: what a replica may use.")
    slopes: dict[str, Slopes] = Field(default_factory=dict, description="By service: how fast its use may grow.")
    telemetry: Telemetry = Field(default=Telemetry(), description="How late a log line may be found.")
    validity: Validity = Field(default=Validity(), description="When the load itself is no basis for a judgement.")

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        names = [stage.name for stage in self.stages]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two stages are called {', '.join(twice)}. Give each its own name")
        if self.weights and not any(self.weights.values()):
            raise ValueError("all weights are 0. Give a journey a weight")
        asked = [name for name in ("limits", "ceilings", "slopes") if getattr(self, name)]
        asked += ["telemetry"] if self.telemetry.percentiles() else []
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
