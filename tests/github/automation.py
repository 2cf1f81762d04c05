"""Workflows and actions as GitHub reads them: files, jobs, steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
BOOL = "tag:yaml.org,2002:bool"


class Loader(yaml.SafeLoader):
    """As YAML 1.2 has it, which GitHub follows: `on` is a word."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, shape) for tag, shape in found if tag != BOOL]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(BOOL, re.compile(r"^(true|false)$"), list("tf"))


def read(path: Path) -> Any:
    return Loader(path.read_text(encoding="utf-8")).get_single_data()


@dataclass(frozen=True)
class Step:
    """`job` is empty in an action."""

    file: str
    job: str
    content: Any

    @property
    def run(self) -> str:
        return str(self.content.get("run", ""))

    @property
    def uses(self) -> str:
        return str(self.content.get("uses", ""))

    @property
    def inputs(self) -> dict[str, Any]:
        return dict(self.content.get("with", {}))

    def __str__(self) -> str:
        return f"{self.file}:{self.job}:{self.content.get('name', '?')}".replace("::", ":")


@cache
def workflows() -> dict[str, Any]:
    return {path.stem: read(path) for path in sorted((GITHUB / "workflows").glob("*.yml"))}


@cache
def actions() -> dict[str, Any]:
    """By their folders, as a workflow's `uses` names them."""
    paths = sorted((GITHUB / "actions").rglob("action.yml"))
    return {f"./{path.parent.relative_to(ROOT).as_posix()}": read(path) for path in paths}


def jobs() -> list[tuple[str, str, Any]]:
    return [(name, job, content) for name, file in workflows().items() for job, content in file["jobs"].items()]


def steps() -> list[Step]:
    in_jobs = [Step(name, job, step) for name, job, content in jobs() for step in content["steps"]]
    return in_jobs + [Step(name, "", step) for name, file in actions().items() for step in file["runs"]["steps"]]


def files() -> list[Path]:
    return sorted([*(GITHUB / "workflows").glob("*.yml"), *(GITHUB / "actions").rglob("action.yml")])


def expressions(text: str) -> Iterator[str]:
    """What stands between `${{` and `}}`."""
    for found in re.finditer(r"\$\{\{(.*?)\}\}", text, re.DOTALL):
        yield found[1].strip()
