from __future__ import annotations

from typing import Any

import pytest

from seatrial.report.events import Event, ProcessLost, ReplicaReady, ReplicaRestarted, StepFinished, StepStarted
from seatrial.report.stack_events import event_of_stack


@pytest.mark.parametrize(
    "kind, data, event",
    [
        ("step-started", {"step": "migrate"}, StepStarted("migrate")),
        ("step-finished", {"step": "migrate", "seconds": 1.2}, StepFinished("migrate", 1.2)),
        ("ready", {"name": "a-1", "seconds": 0.5}, ReplicaReady("a-1", 0.5)),
        ("restarted", {"service": "a", "instance": "a-1", "seconds": 2.0}, ReplicaRestarted("a-1", 2.0)),
        ("unplanned-exit", {"name": "a-1", "pid": 7, "returncode": 1}, ProcessLost("a-1", 7, 1)),
        ("something-new", {}, None),
    ],
)
def test_what_a_stack_tells_has_its_event(kind: str, data: dict[str, Any], event: Event | None) -> None:
    assert event_of_stack(kind, data) == event
