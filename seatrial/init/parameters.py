"""A value for a parameter of an OpenAPI operation: an example, a default, or the one value that is safe to guess."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from seatrial.init.references import follow


@dataclass(frozen=True, slots=True)
class Given:
    """`guessed` when the document gives no value and a number was made up within its bounds."""

    text: str
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """No value; `hint` says what kind of one is wanted, with a leading blank and in brackets."""

    hint: str = ""


def value_of(document: Mapping[str, Any], parameter: Mapping[str, Any]) -> Given | Unknown:
    """The first value that the document gives, else a guess for a number or a truth value."""
    schema = _schema(document, parameter)
    for value in _given(document, parameter, schema):
        if isinstance(value, str | int | float | date):
            return Given(_text(value))
    kind = _kind(schema)
    if kind in {"integer", "number"}:
        return Given(_text(schema.get("minimum", 1)), guessed=True)
    if kind == "boolean":
        return Given("true", guessed=True)
    return Unknown(f" ({schema.get('format') or kind})" if schema.get("format") or kind else "")


def _schema(document: Mapping[str, Any], parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    content = list(dict(parameter.get("content") or {}).values())
    written = parameter.get("schema") or (content[0].get("schema") if content else None)
    schema = follow(document, written)
    if not isinstance(schema, dict):
        return {}
    for several in ("allOf", "anyOf", "oneOf"):  # Optional[...] is written so
        for part in schema.get(several) or []:
            arm = follow(document, part)
            if isinstance(arm, dict) and arm.get("type") != "null":
                return {**arm, **schema}
    return schema


def _given(document: Mapping[str, Any], parameter: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Any]:
    yield parameter.get("example")
    for example in dict(parameter.get("examples") or {}).values():
        named = follow(document, example)
        yield named.get("value") if isinstance(named, dict) else None
    yield schema.get("example")
    yield from schema.get("examples") or [] if isinstance(schema.get("examples"), list) else []
    yield schema.get("default")
    yield schema.get("const")
    yield from schema.get("enum") or []


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "")
    kinds = kind if isinstance(kind, list) else [kind]
    return next((str(each) for each in kinds if each != "null"), "")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
