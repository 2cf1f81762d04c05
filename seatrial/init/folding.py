"""From paths that were asked to URL templates: what looks like an id, or has too many forms, becomes a parameter.

Pure: paths in, templates out. Knows no format of a log.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote

from seatrial.init.route import identifier

# Sibling segments beyond this many are values of one parameter, be they as wordy as they like.
MANY = 20
# Stands for a parameter; no segment of a path that came over HTTP can be this.
OPEN = "\0"

Shape = tuple[str, ...]
IDS = (
    re.compile(r"^-?\d+$"),
    re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.IGNORECASE),
    re.compile(r"^(?=.*\d)[0-9a-f]{8,}$", re.IGNORECASE),  # hashes, object ids
    re.compile(r"^(?=.*\d)(?=.*[A-Za-z])[0-9A-Za-z_-]{16,}$"),  # ULIDs, random tokens
    re.compile(r"^\d{4}-\d{2}-\d{2}"),  # dates
    re.compile(r"^[A-Za-z]{1,5}[-_]?\d{2,}$"),  # order-17, A0042
)
VERSION = re.compile(r"^v\d+$", re.IGNORECASE)


def looks_like_id(segment: str) -> bool:
    """Whether a segment of a path names one thing among many: a number, UUID, hash, date or code."""
    return not VERSION.match(segment) and any(shape.match(segment) for shape in IDS)


class Folded(NamedTuple):
    """The template of a path, and the values of its parameters in that path."""

    template: str
    values: tuple[str, ...]


def fold(paths: Iterable[str]) -> dict[str, Folded]:
    """Each path with its template."""
    rows: dict[Shape, list[str]] = defaultdict(list)
    for path in paths:
        rows[tuple(OPEN if looks_like_id(part) else part for part in _segments(path))].append(path)
    folded = {}
    for shape, alike in _merge_wordy(rows).items():
        template = template_of(shape)
        for path in alike:
            values = tuple(part for part, kind in zip(_segments(path), shape, strict=True) if kind == OPEN)
            folded[path] = Folded(template, values)
    return folded


def _segments(path: str) -> tuple[str, ...]:
    return tuple(unquote(part) for part in path.split("/")[1:])


def template_of(shape: Sequence[str]) -> str:
    """Parameters are called after the segment before them: `/users/{user_id}/orders/{order_id}`."""
    parts: list[str] = []
    for place, part in enumerate(shape):
        if part != OPEN:
            parts.append(quote(part, safe="!$&'()*+,;=:@~"))
            continue
        name = _parameter(shape[place - 1] if place else "")
        while f"{{{name}}}" in parts:
            name += "_2"
        parts.append(f"{{{name}}}")
    return "/" + "/".join(parts)


def _parameter(before: str) -> str:
    if before == OPEN or not re.search(r"[A-Za-z]", before) or VERSION.match(before):
        return "id"
    return f"{_singular(identifier(before))}_id"


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _merge_wordy(rows: Mapping[Shape, list[str]]) -> dict[Shape, list[str]]:
    """Open a place where shapes that are alike but for it have too many words there; first segments stay routes."""
    merged = dict(rows)
    for place in range(1, max((len(shape) for shape in rows), default=0)):
        groups: dict[Shape, list[Shape]] = defaultdict(list)
        for shape in merged:
            if place < len(shape) and shape[place] not in {OPEN, ""}:
                groups[(*shape[:place], OPEN, *shape[place + 1 :])].append(shape)
        for opened, shapes in groups.items():
            if len(shapes) > MANY:
                alike = [path for shape in shapes for path in merged.pop(shape)]
                merged[opened] = [*merged.get(opened, []), *alike]
    return merged
