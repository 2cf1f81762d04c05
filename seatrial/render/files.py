"""The rendered files of a project: what they should hold, which are stale, and writing them.

Leaves what is in them to the module of each kind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from seatrial.objectives.windows import PRODUCTION
from seatrial.project.project import Project
from seatrial.render.dashboards import dashboards
from seatrial.render.index_templates import templates
from seatrial.render.kibana import saved_objects
from seatrial.render.rules import rule_files
from seatrial.render.saved_objects import ndjson
from seatrial.run_folder import write_text
from seatrial.ship.names import IndexNames

# Who writes a file of their own into one of these folders keeps it.
MARK = "by `seatrial render`: do not edit."


def rendered(project: Project) -> dict[Path, str]:
    """Every file that is rendered, with its text; none of what seatrial.yml names no folder for."""
    found: dict[Path, str] = {}
    names = IndexNames.of(project.fleet.name)
    if project.elasticsearch is not None:
        made = templates(project.telemetry.logs, names)
        found |= {project.elasticsearch / f"{name}.json": _json(document) for name, document in made.items()}
    if project.kibana is not None:
        found[project.kibana / "objects.ndjson"] = ndjson(saved_objects(project.telemetry, names))
    if project.rules is not None:
        found |= {project.rules / name: text for name, text in rule_files(project, PRODUCTION).items()}
    if project.dashboards is not None:
        found |= {
            project.dashboards / f"{name}.json": _json(document) for name, document in dashboards(project).items()
        }
    return found


def stale(files: Mapping[Path, str]) -> Iterator[tuple[Path, str]]:
    """Each file that is not as it should be, and what is the matter; also one that nothing renders any more."""
    for path, text in files.items():
        if not path.is_file():
            yield path, "is not there"
        elif path.read_text(encoding="utf-8") != text:
            yield path, "is stale"
    for path in strays(files):
        yield path, "is rendered by nothing any more"


def strays(files: Mapping[Path, str]) -> list[Path]:
    """Files beside rendered ones that look rendered, and are not."""
    folders = {path.parent for path in files}
    beside = {path for folder in folders for path in folder.glob("*.json") if MARK in path.read_text(encoding="utf-8")}
    return sorted(beside - set(files))


def write(files: Mapping[Path, str]) -> None:
    """Write all anew, and remove strays."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    for path in strays(files):
        path.unlink()


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
