"""drills.yml: for each alert, what makes it fire. The table that proves alerts, as data.

Owns the file's shape. Leaves doing it to seatrial.drilling.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, PositiveInt, model_validator

from seatrial.alerts.spec import AlertName, AlertsFile
from seatrial.faults import parse_fault
from seatrial.objectives.objective import Objective
from seatrial.project.fleet import Command
from seatrial.project.yaml_source import FileModel, Problem, load_yaml, validate

ACTIONS = ("fault", "kill", "freeze", "forget", "restart", "run")


class Drill(FileModel):
    """One alert and what makes it fire: exactly one of the actions."""

    alert: AlertName = Field(description="Which alert it proves.")
    service: str = Field(default="", description="Where it must land; any service when it is not said.")
    fault: list[str] = Field(default_factory=list, description="As `seatrial trial --fault`; lifted at the end.")
    kill: str = Field(default="", description="A service: its first replica is killed, and restarted at the end.")
    freeze: str = Field(
        default="", description="A service, or a component, that is stopped (SIGSTOP), and goes on at the end."
    )
    forget: str = Field(default="", description="A service that Prometheus is told no more of, until the end.")
    restart: str = Field(default="", description="A service that is restarted `times`, as planned.")
    times: PositiveInt = Field(default=1, description="How often.")
    run: Command | None = Field(default=None, description="A command that is run as a hook, again and again.")
    also: list[str] = Field(
        default_factory=list, description="Other alerts that may follow; `*` stands for any part of a name."
    )
    ceases: bool = Field(default=False, description="It is proven by its notifications' ceasing: a dead man's switch.")
    needs: str = Field(default="", description="`elasticsearch`: only with a log pipeline.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        chosen = [name for name in ACTIONS if getattr(self, name)]
        if len(chosen) != 1:
            raise ValueError(f"write exactly one of {', '.join(ACTIONS)}")
        return self

    @property
    def deed(self) -> str:
        """What is done, in few words."""
        if self.fault:
            return ", ".join(self.fault)
        if self.run is not None:
            return " ".join(self.run)
        name = next(name for name in ("kill", "freeze", "forget", "restart") if getattr(self, name))
        times = f", {self.times} times" if self.times > 1 else ""
        return f"{name} {getattr(self, name)}{times}"

    def expects(self, alert: str) -> bool:
        """Whether an alert that fires meanwhile is no surprise."""
        return any(fnmatch(alert, each) for each in (self.alert, *self.also))


class DrillsFile(FileModel):
    """All drills."""

    profile: str = Field(description="The load meanwhile: a light one.")
    drills: Annotated[list[Drill], Field(min_length=1)] = Field(description="One for each alert.")


def load_drills(
    file: Path, alerts: AlertsFile | None, objectives: Iterable[Objective], services: Collection[str]
) -> DrillsFile:
    """Read and check drills.yml. Raises ConfigError for what no drill proves, and for what is no alert."""
    source = load_yaml(file)
    found = validate(source, DrillsFile)
    known = {each.alert for each in objectives if each.page} | {
        each.alert for each in (alerts.alerts if alerts else ())
    }
    problems = list[Problem]()
    for index, drill in enumerate(found.drills):
        keys = ("drills", index)
        if drill.alert not in known:
            problems.append(
                Problem((*keys, "alert"), f"there is no alert {drill.alert}. Known are: {', '.join(sorted(known))}.")
            )
        for text in drill.fault:
            parse_fault(text, services)
    unproven = sorted(known - {drill.alert for drill in found.drills})
    if unproven:
        problems.append(Problem(("drills",), f"no drill proves {', '.join(unproven)}. Write one for each."))
    if problems:
        raise source.error(problems)
    return found
