"""The one vocabulary in which a run speaks; renderers decide how it looks, and nothing else prints.

Times are seconds. An event is a value: whoever makes it knows no terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from seatrial.checks.finding import Finding, Verdict
from seatrial.load.course import LoadSecond


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The first event: which run, of which profile and seed, leaving its files where."""

    run: str
    profile: str
    seed: int
    run_dir: str


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step of the run has begun; `title` is what a person reads."""

    title: str


@dataclass(frozen=True, slots=True)
class StepFinished:
    """The step of that title has ended; `result` says in a few words what came of it."""

    title: str
    seconds: float
    result: str = ""
    ok: bool = True


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """Where the load stands, about once a second; counts and percentiles are of the load so far.

    `offered` is journeys per second planned now, `course` the seconds that have become whole since the last one.
    """

    elapsed: float
    total: float
    stage: str
    journeys: int
    requests: int
    failures: int
    shed: int
    in_flight: int
    p95: float | None = None
    lag_p99: float | None = None
    offered: int = 0
    p50: float | None = None
    p99: float | None = None
    course: tuple[LoadSecond, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """A service over its replicas, in the last seconds; None is not known.

    `ready` replicas say that they are, `scraped` ones answered Prometheus. Rates are per second, errors are 5xx answers,
    latencies estimates within a bucket, `busy` the share of request threads at work, `cpu` in cores.
    """

    service: str
    replicas: int
    ready: int | None = None
    scraped: int | None = None
    rate: float | None = None
    errors: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    busy: float | None = None
    cpu: float | None = None
    resident_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class CallSeen:
    """Attempts of calls from one service to another, as the caller counts them; errors are 5xx and no answer."""

    caller: str
    callee: str
    rate: float | None = None
    errors: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True)
class FleetSeen:
    """What the fleet's Prometheus showed of the `seconds` before `at` (epoch); `obstacle` says why it showed nothing."""

    at: float
    seconds: float
    services: tuple[ServiceSeen, ...]
    calls: tuple[CallSeen, ...]
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class StackReady:
    """All is up and filled; `document` is that of `seatrial status`."""

    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReplicaReady:
    """A process of the stack answers for the first time."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ReplicaRestarted:
    """A planned restart has ended, and the replica is ready again."""

    instance: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ProcessLost:
    """A process of the stack ended that nobody had asked to; a worker's code only its main learns."""

    name: str
    pid: int
    returncode: int | None


@dataclass(frozen=True, slots=True)
class FindingReached:
    """A check has come to its finding."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know: what was found, taken or left out."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class VerdictReached:
    """The last event. `document` is verdict.json; `files` are what the run leaves, by what each is."""

    verdict: Verdict
    document: dict[str, Any]
    files: dict[str, str]


Event = (
    RunStarted
    | StepStarted
    | StepFinished
    | LoadProgress
    | FleetSeen
    | StackReady
    | ReplicaReady
    | ReplicaRestarted
    | ProcessLost
    | FindingReached
    | Note
    | VerdictReached
)


class Renderer(Protocol):
    """Shows events. Use it in a `with`, so that a live line is taken down when the run is interrupted.

    `watches`: whether FleetSeen is shown, so that it is worth looking.
    """

    watches: bool

    def show(self, event: Event) -> None:
        """Show one event, at once."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End, leaving the cursor on a line of its own."""
