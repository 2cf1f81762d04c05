"""seatrial.yml: which fleet, contract, load and hooks Seatrial is pointed at.

Owns reading the file and everything it names, as one frozen Project. Leaves profiles to seatrial.load.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seatrial.project.fleet import Command, Fleet, load_fleet
from seatrial.project.telemetry import Telemetry, load_telemetry
from seatrial.project.yaml_source import FileModel, Problem, YamlSource, load_yaml, validate


class Load(FileModel):
    """Where the load is written down."""

    locustfile: Path
    profiles: Path


class Hooks(FileModel):
    """Commands that know the fleet's content; what needs an absent one is not done."""

    populate: Command | None = None
    invariants: Command | None = None
    fault: Command | None = None


class ProjectFile(FileModel):
    """seatrial.yml as written; every path is relative to it."""

    fleet: Path
    telemetry: Path
    slo: Path | None = None
    prometheus: Path | None = None
    load: Load | None = None
    hooks: Hooks = Hooks()


@dataclass(frozen=True, slots=True)
class Project:
    """All paths are absolute. `prometheus` is a folder that holds prometheus.yml, or None for a fleet without one."""

    file: Path
    fleet: Fleet
    telemetry: Telemetry
    hooks: Hooks
    load: Load | None = None
    prometheus: Path | None = None
    slo: Path | None = None

    @property
    def root(self) -> Path:
        """The folder of seatrial.yml; hooks and services run in it."""
        return self.file.parent


def load_project(file: Path) -> Project:
    """Read seatrial.yml and all it names. Raises ConfigError."""
    source = load_yaml(file.absolute())
    written = validate(source, ProjectFile)
    root = source.file.parent
    problems = list(_absent(written, root))
    if problems:
        raise source.error(problems)
    return Project(
        file=source.file,
        fleet=load_fleet(root / written.fleet),
        telemetry=load_telemetry(root / written.telemetry),
        hooks=written.hooks,
        load=_beneath(written.load, root),
        prometheus=_prometheus(written, source),
        slo=root / written.slo if written.slo else None,
    )


def _absent(written: ProjectFile, root: Path) -> Iterator[Problem]:
    """Of the load nothing is asked here: a fleet is worth starting before there is any."""
    for key, path in (("fleet", written.fleet), ("telemetry", written.telemetry), ("slo", written.slo)):
        if path is not None and not (root / path).is_file():
            yield Problem((key,), f"{key} names {path}, which does not exist. Correct the path.")


def _beneath(load: Load | None, root: Path) -> Load | None:
    return load and Load(locustfile=root / load.locustfile, profiles=root / load.profiles)


def _prometheus(written: ProjectFile, source: YamlSource) -> Path | None:
    if written.prometheus is None:
        return None
    folder = source.file.parent / written.prometheus
    if not (folder / "prometheus.yml").is_file():
        message = f"prometheus names {written.prometheus}, which holds no prometheus.yml. Correct the path."
        raise source.error([Problem(("prometheus",), message)])
    return folder
