"""What a stack tells of itself, in the one vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.report.events import Event, ProcessLost, ReplicaReady, ReplicaRestarted, StepFinished, StepStarted

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
