"""Plain lines for pipes, logs and NO_COLOR: one event, one line or few, nothing is ever taken back. ASCII only."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TextIO

from seatrial.checks.figures import figure
from seatrial.report import wording
from seatrial.report.events import (
    Event,
    FindingReached,
    FleetSeen,
    LoadProgress,
    Note,
    ProcessLost,
    ReplicaReady,
    ReplicaRestarted,
    RunStarted,
    StackReady,
    StepFinished,
    StepStarted,
    VerdictReached,
)

# A log that is read afterwards wants the course of the load, not each second of it.
PROGRESS_SECONDS = 10.0


class PlainRenderer:
    """Writes to `stream`."""

    watches = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next_progress = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stream.flush()

    def show(self, event: Event) -> None:
        """Write the event's lines."""
        for line in self._lines(event):
            self._stream.write(line.encode("ascii", "replace").decode() + "\n")
        self._stream.flush()

    def _lines(self, event: Event) -> list[str]:
        match event:
            case StepStarted() | FindingReached() | FleetSeen():
                return []
            case LoadProgress():
                return self._progress(event)
            case StackReady():
                return stack_lines(event.document)
            case VerdictReached():
                return verdict_lines(event.document, event.files)
            case _:
                return [_line(event)]

    def _progress(self, event: LoadProgress) -> list[str]:
        if event.elapsed < self._next_progress:
            return []
        self._next_progress = event.elapsed + PROGRESS_SECONDS
        counts = f"{figure(event.requests)} requests, {figure(event.failures)} failed, {event.in_flight} in flight"
        p95 = f", p95 {figure(event.p95, 's')}" if event.p95 is not None else ""
        return [f"     {event.elapsed:.0f}/{event.total:.0f} s {event.stage}: {counts}{p95}"]


def _line(event: RunStarted | StepFinished | ReplicaReady | ReplicaRestarted | ProcessLost | Note) -> str:
    match event:
        case RunStarted():
            return f"seatrial: profile {event.profile}, seed {event.seed}, {event.run_dir}"
        case StepFinished():
            return f"{'ok  ' if event.ok else 'FAIL'} {event.title}  {event.seconds:.1f} s  {event.result}".rstrip()
        case ReplicaReady() | ReplicaRestarted():
            return f"     {wording.happened(event)}"
        case ProcessLost():
            return f"died {wording.happened(event)}"
        case Note():
            return f"{'warning' if event.warning else 'note'}: {event.text}"


def stack_lines(document: Mapping[str, Any]) -> list[str]:
    """Where everything is, and what one may do next."""
    lines = [f"{each['instance']:<16} {each['url']}  admin {each['admin_url']}" for each in document["services"]]
    if document["prometheus"]:
        lines.append(f"{'prometheus':<16} {document['prometheus']['url']}")
    if (told := document.get("alertmanager")) and told["url"]:
        lines.append(f"{'alertmanager':<16} {told['url']}")
    return [*lines, *(f"{title:<16} {command}" for title, command in wording.what_next(document["run"]))]


def verdict_lines(document: Mapping[str, Any], files: Mapping[str, str]) -> list[str]:
    """The whole verdict, its headline last."""
    lines = ["", *(f"{name:<11} {text}" for name, text in wording.facts(document)), ""]
    table = [("verdict", "check", "measured", "95 % interval", "limit", "n")]
    table += [(check["verdict"], *wording.row(check)) for check in wording.measured(document)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(table[0]))]
    lines += [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in table
    ]
    lines += [f"{verdict} {', '.join(names)}: {reason}" for verdict, names, reason in wording.reasons(document)]
    lines += ["", *(f"{check['verdict']} {check['name']}: {check['reason']}" for check in wording.stated(document)), ""]
    lines += [f"{name}: {path}" for name, path in files.items()]
    return [*lines, wording.headline(document)]
