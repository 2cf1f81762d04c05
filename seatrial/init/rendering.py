"""The files of a project, from starters that lie beside this as package data.

Owns how values are written in YAML and Python. Leaves which values to `project_files`.
"""

from __future__ import annotations

import pprint
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import jinja2
import yaml

SUFFIX = ".j2"
WIDTH = 120


def starters() -> dict[str, str]:
    """Path of the file to be written to its template."""
    return dict(_templates(files("seatrial.init") / "starters", ""))


def _templates(folder: Traversable, above: str) -> list[tuple[str, str]]:
    found = []
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if each.is_dir():
            found += _templates(each, f"{above}{each.name}/")
        elif each.name.endswith(SUFFIX):
            found.append((above + each.name.removesuffix(SUFFIX), each.read_text(encoding="utf-8")))
    return found


def render(template: str, values: Mapping[str, Any]) -> str:
    """The template filled; a name that has no value is an error."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML and Python are written, each value through its own filter
    )
    environment.filters |= {"yaml": flow, "block": block, "python": python, "docstring": docstring}
    return environment.from_string(template).render(values)


def flow(value: Any) -> str:
    """YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def block(value: Any) -> str:
    """YAML over lines, with lists on one line each."""
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=False, width=float("inf"), sort_keys=False)
    return text.rstrip("\n")


class _Dumper(yaml.SafeDumper):
    """Lists stay on their line."""


_Dumper.add_representer(
    list, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)


def python(value: Any) -> str:
    """A literal."""
    return pprint.pformat(value, width=WIDTH, sort_dicts=False).replace("'", '"') if _plain(value) else repr(value)


def _plain(value: Any) -> bool:
    """Whether the quotes can be exchanged for those that formatters write."""
    return not any(mark in repr(value) for mark in ('"', "\\"))


def docstring(text: str) -> str:
    """What may stand in one."""
    return text.replace("\\", "/").replace('"', "'")
