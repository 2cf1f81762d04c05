"""All of a project's rule files for Prometheus, with the windows of a schedule: production's are committed, a stack has a trial's."""

from __future__ import annotations

from seatrial.objectives.rules import rule_file
from seatrial.objectives.windows import Schedule
from seatrial.project.project import Project

OBJECTIVES = "slo.yml"


def rule_files(project: Project, schedule: Schedule) -> dict[str, str]:
    """Text by file name; none of what the project does not have."""
    if not project.objectives or project.slo is None:
        return {}
    return {OBJECTIVES: rule_file(project.objectives, schedule, project.slo.name)}
