"""`$ref` within one OpenAPI document. References into other files are not followed: nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_STEPS = 20  # a reference may lead to itself


def follow(document: Mapping[str, Any], value: Any) -> Any:
    """What `value` stands for; None for a reference that leads nowhere, in a circle or out of the document."""
    for _ in range(MOST_STEPS):
        if not isinstance(value, dict) or "$ref" not in value:
            return value
        value = _at(document, str(value["$ref"]))
    return None


def _at(document: Mapping[str, Any], pointer: str) -> Any:
    if not pointer.startswith("#/"):
        return None
    place: Any = document
    for part in pointer[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(place, list):
            place = place[int(name)] if name.isdigit() and int(name) < len(place) else None
        else:
            place = place.get(name) if isinstance(place, dict) else None
    return place
