"""A page about verdict.json, from the JSON schema that every verdict is held to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docs.generator.markdown import code, page, sentence, table
from seatrial.report.document import SCHEMA_FILE

HEAD = ("field", "type", "meaning")
Schema = Mapping[str, Any]


def schema_page() -> str:
    """Every field by its path; `[]` stands for each element of a list."""
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    lead = (
        "Made from [verdict.schema.json](../../seatrial/report/verdict.schema.json), to which every verdict is held. How a verdict is "
        "formed, and what the checks mean: [verdict.md](../verdict.md). Times are seconds; an unknown number is null. "
        "`[]` stands for each element of a list."
    )
    return page("verdict.json", lead, table(HEAD, fields(schema)))


def fields(schema: Schema, path: str = "") -> Iterator[Sequence[str]]:
    """The rows of an object's members, theirs below them."""
    for name, child in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield code(here), type_name(child), sentence(child.get("description"))
        yield from fields(child, here)
        if child.get("type") == "array":
            yield from fields(child.get("items", {}), f"{here}[]")


def type_name(schema: Schema) -> str:
    """What the value may be, in JSON's words."""
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    if "enum" in schema:
        return " or ".join(code(value) for value in schema["enum"])
    kinds = schema.get("type", "any")
    if kinds == "array":
        return f"list of {type_name(schema.get('items', {}))}s"
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
