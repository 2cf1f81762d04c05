"""What the services logged between two readings: which bytes of which files, and what the checks ask of them.

Leaves reading lines to seatrial.backends.logs, and their documents to seatrial.piped.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from seatrial.backends.logs import LogEvidence, LogSlice, read_logs
from seatrial.checks.pipeline import Shipped
from seatrial.checks.traces import Chosen
from seatrial.piped import collect_shipped, shipped_roles
from seatrial.project.project import Project
from seatrial.readings import Reading
from seatrial.ship.following import Source
from seatrial.stacks.pipeline import Pipeline


def log_slices(before: Reading, after: Reading) -> list[LogSlice]:
    """What each log gained between the readings."""
    begin = {target.instance: target.log_bytes for target in before.targets}
    return [
        LogSlice(target.service, Path(target.log_file), begin.get(target.instance, 0), target.log_bytes)
        for target in after.targets
        if target.log_file is not None
    ]


def lines_said(
    slices: Sequence[LogSlice], project: Project, chosen: Chosen, told: Collection[str]
) -> tuple[LogEvidence | None, str]:
    """What the lines say, and why it cannot be had; neither without a line's file. Of the traces in `told` all lines are given."""
    if not slices:
        return None, ""
    roles = {each.service: project.telemetry.roles_of(each.service) for each in slices}
    sampled, failed = ([row.trace for row in rows] for rows in (chosen.sampled, chosen.failed))
    try:
        return read_logs(slices, roles, entry=project.fleet.entry, sampled=sampled, failed=failed, told=told), ""
    except (OSError, ValueError) as error:  # a file that vanished or shrank
        return None, f"the logs cannot be read: {error}"


def lines_shipped(
    slices: Sequence[LogSlice], after: Reading, project: Project, chosen: Chosen, pipeline: Pipeline
) -> Shipped:
    """What the pipeline made of all lines of the run, and of these in particular."""
    roles = shipped_roles(project)
    sources = [
        Source(target.service, target.instance, Path(target.log_file))
        for target in after.targets
        if target.log_file is not None and target.service in roles
    ]
    traces = [row.trace for row in (*chosen.sampled, *chosen.failed)]
    return collect_shipped(pipeline, project, sources, slices, traces)
