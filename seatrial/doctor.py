"""Looks at what a run needs before it needs it, and says the remedy for each thing amiss.

Owns the examinations; each is a function of what it is given. Leaves printing to the command.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from seatrial.errors import ConfigError, SeatrialError
from seatrial.project.project import Project, load_project
from seatrial.run_folder import run_ids
from seatrial.settings import Settings
from seatrial.stacks.alertmanager import find_alertmanager
from seatrial.stacks.elasticsearch import find_elasticsearch
from seatrial.stacks.guardian import processes_of
from seatrial.stacks.observation import read_stack
from seatrial.stacks.ports import PortLocks, stale_locks
from seatrial.stacks.processes import is_same
from seatrial.stacks.prometheus import REMEDY, find_prometheus

OLDEST_PYTHON = (3, 11)
DISK_BYTES = 1_000_000_000
MEMORY_BYTES = 1_200_000_000
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Examination:
    """What was looked at and found. `remedy` is empty when all is well; `vital` when no run can do without."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    vital: bool = True


def examine(file: Path, runs: Path, settings: Settings) -> Iterator[Examination]:
    """Every examination, one by one; `file` is the seatrial.yml."""
    yield system(sys.platform)
    yield python((sys.version_info.major, sys.version_info.minor))
    project = read(file)
    yield project if isinstance(project, Examination) else Examination("project", ok=True, found=str(file))
    yield prometheus(settings.cache_dir, wanted=isinstance(project, Examination) or project.prometheus is not None)
    yield alertmanager(settings.cache_dir)
    yield elasticsearch(settings)
    yield ports(settings.runtime_dir / "ports")
    for name, folder in (("runs", runs), ("cache", settings.cache_dir), ("locks", settings.runtime_dir)):
        yield writable(name, folder)
    yield disk(shutil.disk_usage(existing(runs)).free)
    yield memory(psutil.virtual_memory().available)
    yield leftovers(runs)
    yield locks(settings.runtime_dir / "ports")


def system(platform: str) -> Examination:
    """Linux and macOS have the process groups and file locks that a stack stands on."""
    ok = platform in {"linux", "darwin"}
    return Examination("system", ok, platform, "" if ok else "Run Seatrial on Linux or macOS (or in WSL).")


def python(version: tuple[int, int]) -> Examination:
    """The interpreter that runs this."""
    ok = version >= OLDEST_PYTHON
    found = ".".join(map(str, version))
    return Examination("python", ok, found, "" if ok else "Install Python 3.11 or newer, then `make setup`.")


def read(file: Path) -> Project | Examination:
    """The project, or what is wrong with its files."""
    try:
        return load_project(file)
    except ConfigError as error:
        return Examination("project", ok=False, found=str(error), remedy=f"Correct {error.file}.")


def prometheus(cache_dir: Path, *, wanted: bool) -> Examination:
    """On PATH or in the cache."""
    found = find_prometheus(cache_dir)
    if found:
        return Examination("prometheus", ok=True, found=f"{found.version} ({found.binary})")
    return Examination("prometheus", ok=not wanted, found="none that will do", remedy=REMEDY if wanted else "")


def alertmanager(cache_dir: Path) -> Examination:
    """Without it alerts fire, and nobody is told."""
    found = find_alertmanager(cache_dir)
    said = f"{found.version} ({found.binary})" if found else "none; `seatrial drill` needs one"
    return Examination("alertmanager", ok=True, found=said, vital=False)


def elasticsearch(settings: Settings) -> Examination:
    """Only a trial that asks for it needs one."""
    try:
        found = find_elasticsearch(settings.cache_dir, settings.es_home, settings.java_home)
    except SeatrialError as error:
        return Examination("elasticsearch", ok=False, found=str(error), remedy="Correct or unset ES_HOME.", vital=False)
    said = f"{found.version} ({found.home}, Java {found.java})" if found else "none; `--with elasticsearch` needs one"
    return Examination("elasticsearch", ok=True, found=said, vital=False)


def ports(folder: Path) -> Examination:
    """Whether a port can be locked and taken."""
    locks = PortLocks(folder, "doctor")
    try:
        port = locks.take()
    except (SeatrialError, OSError) as error:
        return Examination("ports", ok=False, found=str(error), remedy=f"Make {folder} writable, or end what listens.")
    locks.release()
    return Examination("ports", ok=True, found=f"free, for example {port}")


def writable(name: str, folder: Path) -> Examination:
    """Whether files can be made there, or where it would be made."""
    try:
        with tempfile.TemporaryFile(dir=existing(folder)):
            return Examination(f"{name} folder", ok=True, found=str(folder))
    except OSError as error:
        remedy = f"Make it writable, or name another: SEATRIAL_{FOLDER_VARIABLES[name]}."
        return Examination(f"{name} folder", ok=False, found=f"{folder}: {error.strerror}", remedy=remedy)


FOLDER_VARIABLES = {"runs": "RUNS_DIR", "cache": "CACHE_DIR", "locks": "RUNTIME_DIR"}


def existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def disk(free: int) -> Examination:
    """A run leaves logs, samples and Prometheus's data: tens of megabytes a minute under load."""
    ok = free >= DISK_BYTES
    remedy = "" if ok else "Free some space, for example by removing old folders under runs/."
    return Examination("disk", ok, f"{free / MEGABYTE:.0f} MB free", remedy)


def memory(available: int) -> Examination:
    """What a fleet of seven services with Prometheus may take."""
    ok = available >= MEMORY_BYTES
    remedy = "" if ok else "End other programs; swapping makes every latency a lie."
    return Examination("memory", ok, f"{available / MEGABYTE:.0f} MB available", remedy, vital=False)


def leftovers(runs: Path) -> Examination:
    """Processes of runs whose owner is gone, and whose guardian must have been killed too."""
    stray = []
    for run_id in run_ids(runs):
        stack = read_stack(runs / run_id)
        if stack and not is_same(stack["owner_pid"], stack["owner_started"]) and processes_of(run_id):
            stray.append(run_id)
    remedy = " ".join(f"Run `seatrial down {run_id}`." for run_id in stray)
    return Examination("leftover stacks", not stray, ", ".join(stray) or "none", remedy, vital=False)


def locks(folder: Path) -> Examination:
    """Lock files that nobody holds; they do no harm but tell that something was killed hard."""
    stale = stale_locks(folder)
    remedy = f"Remove {' '.join(map(str, stale))}." if stale else ""
    return Examination("port locks", not stale, f"{len(stale)} stale" if stale else "none stale", remedy, vital=False)
