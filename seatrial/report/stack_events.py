"""What a stack and a load tell of themselves, in the one vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.load.progress import Progress
from seatrial.report.events import (
    Event,
    LoadProgress,
    ProcessLost,
    ReplicaReady,
    ReplicaRestarted,
    StepFinished,
    StepStarted,
)

# What a stack does on the way up and down; a trial has steps of its own for that.
STEPS = frozenset({"step-started", "step-finished", "ready"})


def event_of_stack(kind: str, data: Mapping[str, Any]) -> Event | None:
    """The event for what LocalStack's `on_event` is told; None for a kind that nobody shows."""
    match kind:
        case "step-started":
            return StepStarted(data["step"])
        case "step-finished":
            return StepFinished(data["step"], data["seconds"])
        case "ready":
            return ReplicaReady(data["name"], data["seconds"])
        case "restarted":
            return ReplicaRestarted(data["instance"], data["seconds"])
        case "unplanned-exit":
            return ProcessLost(data["name"], data["pid"], data["returncode"])
    return None


def event_of_load(seen: Progress) -> LoadProgress:
    """What is told of a load each second."""
    return LoadProgress(
        elapsed=seen.elapsed,
        total=float(seen.planned_seconds),
        stage=seen.stage,
        journeys=seen.journeys_started,
        requests=seen.requests,
        failures=seen.failures,
        shed=seen.shed,
        in_flight=seen.in_flight,
        p95=seen.p95,
        lag_p99=seen.lag_p99,
        offered=seen.offered,
        p50=seen.p50,
        p99=seen.p99,
        course=seen.course,
    )
