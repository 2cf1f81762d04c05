"""The main job of `seatrial init`, as a list of steps: draft, look, conclude, render, write, read back.

Owns their order and the report of what was done. Leaves each step to the module of its name.
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.init.conclusions import Contract, Remark, conclude
from seatrial.init.dashboards import KEYS, dashboard_files
from seatrial.init.draft import draft_fleet
from seatrial.init.looking import Looked, Tell, look
from seatrial.init.probing import Http
from seatrial.init.project_files import path_of, project_files
from seatrial.init.rendering import starters
from seatrial.init.route import LeftOut, Route, kebab
from seatrial.init.wishes import Wishes
from seatrial.init.writing import refuse_occupied, write_files
from seatrial.load.plan import prepare, steps_file
from seatrial.project.project import BUILT_IN_PROMETHEUS, Project, load_project
from seatrial.settings import Settings

PROMETHEUS = "observability/prometheus/prometheus.yml"


@dataclass(frozen=True, slots=True)
class Done:
    """What was written and what was found; `commands` are what to do next, each with its reason."""

    files: tuple[str, ...]
    source: str
    routes: tuple[Route, ...]
    left_out: tuple[LeftOut, ...]
    remarks: tuple[Remark, ...]
    commands: tuple[tuple[str, str], ...]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "files": list(self.files),
            "source": self.source,
            "routes": [{"method": each.method, "route": each.template, "weight": each.weight} for each in self.routes],
            "left_out": [each._asdict() for each in self.left_out],
            "remarks": [each._asdict() for each in self.remarks],
            "next": [command for command, _ in self.commands],
        }


def make_project(
    wishes: Wishes, root: Path, settings: Settings, http: Http, tell: Tell, *, force: bool, dashboards: bool = False
) -> Done:
    """Look and write. Raises UsageError, ConfigError and StackError; then nothing was written."""
    fleet = draft_fleet(wishes, name_of(root))
    boards = dashboard_files() if dashboards else {}
    refuse_occupied(root, [*starters(), PROMETHEUS, *boards], force=force)
    looked = look(wishes, fleet, root, settings, http, tell)
    contracts = {name: conclude(probed) for name, probed in looked.probed.items()}
    scraped = dict(_metrics_paths(wishes, looked))
    texts = project_files(fleet, contracts, scraped, looked.routes, looked.told)
    if scraped:
        texts[PROMETHEUS] = (BUILT_IN_PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8")
    if boards:
        texts |= boards
        texts["seatrial.yml"] += KEYS
    with tempfile.TemporaryDirectory(prefix="seatrial-init-") as folder:
        write_files(Path(folder), texts)
        read_back(Path(folder))
    write_files(root, texts)
    return Done(
        files=tuple(texts),
        source=looked.told,
        routes=looked.routes,
        left_out=looked.left_out,
        remarks=tuple(_remarks(wishes, contracts)),
        commands=tuple(next_commands(wishes, root)),
    )


def name_of(root: Path) -> str:
    """The fleet's name: the folder's, as far as a name may be like it."""
    name = kebab(root.resolve().name)
    return name if name.partition("-")[0] not in {"", "get"} else "fleet"


def read_back(root: Path) -> Project:
    """Load what was written as a trial will. Raises ConfigError, which would be a fault of ours."""
    project = load_project(root / "seatrial.yml")
    for name in ("smoke", "trial"):
        if project.load:
            prepare(name, profiles=project.load.profiles, journeys=steps_file(project.load.locustfile))
    return project


def next_commands(wishes: Wishes, root: Path) -> Iterator[tuple[str, str]]:
    """What a person types, each with what it does."""
    where = "" if root == Path.cwd() else f"--project {shlex.quote(str(root / 'seatrial.yml'))} "
    on = "" if wishes.starts else " --on external"
    yield f"seatrial {where}doctor", "says what is missing here, as Prometheus"
    yield f"seatrial {where}trial smoke{on}", "a first verdict in half a minute"
    yield f"seatrial {where}trial{on}", "a better one, by loadtests/profiles/trial.yml"


def _metrics_paths(wishes: Wishes, looked: Looked) -> Iterator[tuple[str, str]]:
    """Found, or named for a service that could not be looked at."""
    for wish in wishes.services:
        probed = looked.probed.get(wish.name)
        if probed and probed.metrics_url:
            yield wish.name, path_of(probed.metrics_url)
        elif wish.metrics and not probed:
            yield wish.name, wish.metrics if wish.metrics.startswith("/") else path_of(wish.metrics)


def _remarks(wishes: Wishes, contracts: Mapping[str, Contract]) -> Iterator[Remark]:
    if len(wishes.services) > 1 and not any(wish.calls for wish in wishes.services):
        yield Remark(wishes.entry, False, "calls: nobody said who calls whom; write it into fleet.yml (`calls`)")
    for wish in wishes.services:
        if wish.name in contracts:
            yield from contracts[wish.name].remarks
        else:
            said = f"{wish.url} is not on this machine, so it was not looked at; write its roles into telemetry.yml"
            yield Remark(wish.name, False, said)
