"""A kind of request that a first load may ask, wherever it was learnt from.

Owns the data type and the names made of it. Leaves where routes come from to `openapi` and `access_log`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, urlencode

BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Sample:
    """One set of values to ask a route with; `guessed` says of which parameter nobody gave the value."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    guessed: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """`template` has OpenAPI's braces, each a Python name; `statuses` are right answers; `weight` is how often it comes."""

    template: str
    samples: tuple[Sample, ...] = (Sample(),)
    statuses: tuple[int, ...] = (200,)
    weight: int = 1
    name: str = ""
    method: str = "GET"

    def target(self, sample: Sample) -> str:
        """What is asked of the server."""
        path = BRACES.sub(lambda found: quote(str(sample.path[found[1]]), safe=""), self.template)
        return f"{path}?{urlencode(sample.query)}" if sample.query else path


class LeftOut(NamedTuple):
    """What is not in the first load, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """The routes of one source, best first, and what of it was left out."""

    routes: tuple[Route, ...]
    left_out: tuple[LeftOut, ...] = ()


def identifier(text: str) -> str:
    """A Python name as near to `text` as can be."""
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower() or "value"
    return f"{name}_" if keyword.iskeyword(name) else f"n{name}" if name[0].isdigit() else name


def kebab(text: str) -> str:
    """`listItems`, `list_items` and `List items` as `list-items`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", text)
    name = re.sub(r"[^a-z0-9]+", "-", parted.lower()).strip("-")
    return name if name[:1].isalpha() else f"get-{name}".rstrip("-")


def name_of(template: str) -> str:
    """A step's name by its path: `/v1/items/{item_id}` is `get-v1-items-item-id`, `/` is `get-root`."""
    return kebab(f"get {template}") if template.strip("/") else "get-root"


def unlike(name: str, taken: Collection[str]) -> str:
    """The name, with a number when it is taken."""
    number, chosen = 2, name
    while chosen in taken:
        chosen, number = f"{name}-{number}", number + 1
    return chosen
