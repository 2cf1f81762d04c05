"""alerts.yml: what somebody is told of, with the numbers for production and for stacks that live for minutes.

Owns the file's shape and its refusals by line. Leaves rules to `rules`, and proof to `drills`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from seatrial.alerts.components import with_components
from seatrial.objectives.contract import query_faults
from seatrial.objectives.objective import Objective
from seatrial.objectives.windows import PRODUCTION, TRIAL
from seatrial.project.fleet import Fleet
from seatrial.project.telemetry import Telemetry
from seatrial.project.yaml_source import FileModel, Problem, load_yaml, validate

AlertName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]*$")]
Numbers = dict[Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")], float | str]
PLACEHOLDER = re.compile(r"\{\{\.([a-z_]+)\}\}")
FOR, SERVICE = "for", "{{.service}}"


class Scaled(FileModel):
    """What stands for `{{.name}}` in an expression, and `for`, how long it must hold before somebody is told."""

    production: Numbers = Field(default_factory=dict, description="In the committed rules.")
    trial: Numbers = Field(default_factory=dict, description="In stacks of `up`, `trial` and `drill`.")

    def of(self, schedule: str) -> Numbers:
        """By the schedule's name."""
        return self.trial if schedule == TRIAL.name else self.production


class Alert(FileModel):
    """One alert. It lands with the service that its series' label `job` names, unless `service` says another."""

    alert: AlertName = Field(description="Its name, and that of its runbook.")
    severity: Literal["page", "ticket", "none"] = Field(
        description="`page` wakes somebody, `ticket` is for working hours, `none` is for machines."
    )
    expr: str = Field(description="PromQL that has a series while there is something to tell.")
    summary: str = Field(description="One line, with `{{ $labels.job }}` where there are several.")
    description: str = Field(description="What is so, with its value.")
    service: str = Field(default="{{ $labels.job }}", description="Where it lands.")
    dashboard: str | None = Field(default=None, description="Instead of the file's.")
    values: Scaled = Field(default=Scaled(), description="Instead of the file's.")


class AlertsFile(FileModel):
    """All alerts of a project beside those of its objectives."""

    runbooks: str = Field(description="Where runbooks are: a folder or address; each alert's is NAME.md there.")
    dashboard: str = Field(
        default="",
        description="The address of a dashboard to look at, with `{{.service}}` where the alert's service belongs.",
    )
    values: Scaled = Field(default=Scaled(), description="For all alerts.")
    alerts: Annotated[list[Alert], Field(min_length=1)] = Field(description="Each by a name of its own.")

    def dashboard_url(self, service: str, own: str | None = None) -> str:
        """Where somebody who is told sees it; `own` is the alert's. Empty where there is no dashboard."""
        return (self.dashboard if own is None else own).replace(SERVICE, service)

    def numbers(self, alert: Alert, schedule: str) -> Numbers:
        """What stands for the placeholders of one alert."""
        return {**self.values.of(schedule), **alert.values.of(schedule)}

    def expression(self, alert: Alert, schedule: str) -> str:
        """The alert's PromQL with its numbers."""
        numbers = self.numbers(alert, schedule)
        return PLACEHOLDER.sub(lambda found: _text(numbers[found[1]]), alert.expr)


def load_alerts(file: Path, telemetry: Telemetry, fleet: Fleet, objectives: Sequence[Objective]) -> AlertsFile:
    """Read and check alerts.yml. Raises ConfigError."""
    source = load_yaml(file)
    found = validate(source, AlertsFile)
    taken = {objective.alert for objective in objectives}
    whole, jobs = with_components(telemetry, fleet.services)
    problems = list[Problem]()
    for index, alert in enumerate(found.alerts):
        keys = ("alerts", index)
        if alert.alert in taken:
            problems.append(Problem((*keys, "alert"), f"two alerts are called {alert.alert}. Give each its own name."))
        taken.add(alert.alert)
        problems += [Problem((*keys, "expr"), fault) for fault in _faults(found, alert, whole, jobs)]
    if problems:
        raise source.error(problems)
    return found


def _faults(file: AlertsFile, alert: Alert, telemetry: Telemetry, jobs: Collection[str]) -> Iterator[str]:
    for schedule in (PRODUCTION.name, TRIAL.name):
        lacking = {*PLACEHOLDER.findall(alert.expr), FOR} - set(file.numbers(alert, schedule))
        if lacking:
            yield f"{alert.alert} has no {schedule} value for {', '.join(sorted(lacking))}. Write it under values."
            return
        yield from query_faults(file.expression(alert, schedule), alert.alert, telemetry, jobs)


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.9g}"
