"""What every verb is given: the project that was named or found, the settings, and where runs lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from seatrial.settings import Settings, read_settings


@dataclass(frozen=True)
class Invocation:
    """One call of the command. `project_file` is None to look for seatrial.yml from the working folder upwards."""

    project_file: Path | None = None
    settings: Settings = field(default_factory=read_settings)

    @cached_property
    def file(self) -> Path:
        """The seatrial.yml. Raises UsageError."""
        from seatrial.project.find import find_project

        return self.project_file.absolute() if self.project_file else find_project(Path.cwd())

    @cached_property
    def runs(self) -> Path:
        """The folder of all runs of this project."""
        return self.settings.runs_dir or self.file.parent / "runs"
