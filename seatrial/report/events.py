"""The one vocabulary in which a run speaks; renderers decide how it looks, and nothing else prints.

Times are seconds. An event is a value: whoever makes it knows no terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from seatrial.checks.finding import Finding, Verdict


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
    """Where the load stands, about once a second; counts and percentiles are of the load so far."""

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


Event = RunStarted | StepStarted | StepFinished | LoadProgress | FindingReached | Note | VerdictReached


class Renderer(Protocol):
    """Shows events. Use it in a `with`, so that a live line is taken down when the run is interrupted."""

    def show(self, event: Event) -> None:
        """Show one event, at once."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End, leaving the cursor on a line of its own."""
