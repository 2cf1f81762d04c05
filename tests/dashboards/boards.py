"""Dashboards of three fleets, built once: the sample's, a foreign one's, and one of which next to nothing is known."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from dashboards.__main__ import dashboards
from seatrial.project.project import Project, load_project

ROOT = Path(__file__).parents[2]
SAMPLE, FOREIGN, BARE = "sample", "foreign", "bare"


class Board(NamedTuple):
    fleet: str
    name: str
    document: dict[str, Any]

    @property
    def panels(self) -> list[dict[str, Any]]:
        return [each for each in self.document["panels"] if each["type"] != "row"]

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in self.document["templating"]["list"]}


@cache
def project(fleet: str) -> Project:
    if fleet == BARE:
        with TemporaryDirectory() as folder:
            return bare(Path(folder))
    return load_project(ROOT / "seatrial.yml" if fleet == SAMPLE else ROOT / "e2e" / "foreign" / "seatrial.yml")


def bare(folder: Path) -> Project:
    (folder / "fleet.yml").write_text(
        f"name: {'long' * 12}\nentry: web\nservices: {{web: {{command: [python, -m, web], port: 8000}}}}\n"
    )
    (folder / "seatrial.yml").write_text("fleet: fleet.yml\n")
    return load_project(folder / "seatrial.yml")


@cache
def boards(fleet: str) -> tuple[Board, ...]:
    return tuple(Board(fleet, name, document) for name, document in dashboards(project(fleet)).items())


ALL = [board for fleet in (SAMPLE, FOREIGN, BARE) for board in boards(fleet)]


def named(board: Board) -> str:
    return f"{board.fleet}-{board.name}"
