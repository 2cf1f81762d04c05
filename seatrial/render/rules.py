"""All of a project's rule files for Prometheus, with the windows of a schedule: production's are committed, a stack has a trial's."""

from __future__ import annotations

from seatrial.alerts.rules import alert_file
from seatrial.objectives.rules import Links, rule_file
from seatrial.objectives.windows import Schedule
from seatrial.project.project import Project

OBJECTIVES, ALERTS = "slo.yml", "alerts.yml"


def rule_files(project: Project, schedule: Schedule) -> dict[str, str]:
    """Text by file name; none of what the project does not have."""
    found, alerts = dict[str, str](), project.alerts
    if project.objectives:
        links = Links(alerts.runbooks, alerts.dashboard_url) if alerts else Links()
        found[OBJECTIVES] = rule_file(project.objectives, schedule, OBJECTIVES, links)
    if alerts is not None:
        found[ALERTS] = alert_file(alerts, schedule, ALERTS)
    return found
