"""How a run asks `docker compose` for its containers: project, files, variables, and volumes that are folders of the run.

Owns the file of the run's own that is laid over the project's. Leaves what is asked for to compose.py.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.errors import UsageError
from seatrial.project.compose import OVERRIDE, Compose
from seatrial.project.project import Project
from seatrial.run_folder import RunFolder, write_json
from seatrial.settings import child_environment
from seatrial.stacks.guardian import COMPOSE_FILE


@dataclass(frozen=True, slots=True)
class ComposeProject:
    """One run's. `root` is where seatrial.yml lies."""

    compose: Compose
    root: Path
    run: RunFolder
    faults: bool

    @property
    def name(self) -> str:
        """By it, as a label, its containers, networks and volumes are known."""
        return f"seatrial-{self.run.id}".lower()

    def command(self, *arguments: str) -> list[str]:
        """`docker compose ARGUMENTS` for this run."""
        files = [self.root / each for each in self.compose.files]
        override = files[0].with_name(OVERRIDE)
        if override.is_file() and override not in files:
            files.append(override)
        named = [part for file in (*files, self._own_file) for part in ("--file", str(file))]
        return ["docker", "compose", "--progress", "plain", "--project-name", self.name, *named, *arguments]

    def environment(self) -> dict[str, str]:
        """What it is told."""
        values = {"faults": "1" if self.faults else "0", "user": whom(self.compose)}
        told = {name: text.format_map(values) for name, text in self.compose.environment.items()}
        return child_environment(self.run.id, told)

    def hand_over(self) -> None:
        """Folders of the run become volumes; who writes there must be allowed to."""
        shared = [(self.compose.run, self.run.path), (self.compose.logs, self.run.logs)]
        volumes = {
            each.volume: {"driver": "local", "driver_opts": {"type": "none", "o": "bind", "device": str(folder)}}
            for each, folder in shared
            if each is not None
        }
        # JSON is YAML. By the name in it the guardian knows which containers are this run's.
        write_json(self._own_file, {"name": self.name, "volumes": volumes})
        if os.geteuid() == 0:
            user, group = map(int, whom(self.compose).split(":"))
            for each, folder in shared:
                if each is not None:
                    os.chown(folder, user, group)

    @property
    def _own_file(self) -> Path:
        return self.run.path / COMPOSE_FILE


def refuse_without_compose(project: Project) -> Compose:
    """What seatrial.yml says of containers. Raises UsageError when it says nothing, or names a file that is not there."""
    if project.compose is None:
        raise UsageError(f"--on compose needs a compose file, and {project.file} names none. Add `compose`.")
    for file in project.compose.files:
        if not (project.root / file).is_file():
            raise UsageError(f"{project.file}: compose names {file}, which does not exist. Correct the path.")
    return project.compose


def whom(compose: Compose) -> str:
    """Whom containers run as: as who runs this, so that both can read what the other wrote; never as root."""
    return compose.user if os.geteuid() == 0 else f"{os.geteuid()}:{os.getegid()}"


def inside(document: Any, folder: str, path: str) -> Any:
    """The document with every path in `folder` as it is found in a container that has the folder at `path`."""
    match document:
        case dict():
            return {key: inside(value, folder, path) for key, value in document.items()}
        case list():
            return [inside(value, folder, path) for value in document]
        case str() if document == folder or document.startswith(f"{folder}/"):
            return path + document.removeprefix(folder)
        case _:
            return document
