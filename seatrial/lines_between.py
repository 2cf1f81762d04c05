"""What the services logged between two readings: which bytes of which files, and what the checks ask of them.

Leaves reading lines to seatrial.backends.logs, and their documents to seatrial.piped.
"""

from __future__ import annotations

from collections.abc import Collection

from seatrial.backends.log_files import slices_between
from seatrial.backends.logs import LogEvidence, LogSlice, read_logs
from seatrial.checks.pipeline import Shipped
from seatrial.checks.traces import Chosen
from seatrial.piped import collect_shipped, shipped_roles
from seatrial.project.project import Project
from seatrial.readings import Reading
from seatrial.ship.following import sources_of
from seatrial.stacks.pipeline import Pipeline


def log_slices(before: Reading, after: Reading) -> list[LogSlice]:
    """What each log gained between the readings. Raises ValueError and OSError when a file is not what it was."""
    then = {target.instance: target.log_files for target in before.targets}
    return [
        part
        for target in after.targets
        for part in slices_between(target.service, then.get(target.instance, ()), target.log_files)
    ]


def lines_said(
    before: Reading, after: Reading, project: Project, logged: Collection[str], chosen: Chosen, told: Collection[str]
) -> tuple[LogEvidence | None, str]:
    """What the lines of the services in `logged` say, and why it cannot be had; neither without a log.

    Of the traces in `told` all lines are given.
    """
    services = dict.fromkeys(target.service for target in after.targets if target.log_file and target.service in logged)
    if not services:
        return None, ""
    roles = {each: project.telemetry.roles_of(each) for each in services}
    sampled, failed = ([row.trace for row in rows] for rows in (chosen.sampled, chosen.failed))
    try:
        slices = [part for part in log_slices(before, after) if part.service in services]
        return read_logs(slices, roles, entry=project.fleet.entry, sampled=sampled, failed=failed, told=told), ""
    except (OSError, ValueError) as error:  # a file that vanished or shrank
        return None, f"the logs cannot be read: {error}"


def lines_shipped(before: Reading, after: Reading, project: Project, chosen: Chosen, pipeline: Pipeline) -> Shipped:
    """What the pipeline made of all lines of the run, and of these in particular."""
    logs = ((target.service, target.instance, target.log_file) for target in after.targets)
    sources = sources_of(logs, shipped_roles(project))
    try:
        slices = log_slices(before, after)
    except (OSError, ValueError) as error:
        return Shipped(obstacle=f"the logs cannot be read: {error}")
    traces = [row.trace for row in (*chosen.sampled, *chosen.failed)]
    return collect_shipped(pipeline, project, sources, slices, traces)
