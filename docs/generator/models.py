"""A page about a file that is read into pydantic models: one table of fields per model."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.generator.markdown import block, code, page, sentence, table

HEAD = ("field", "type", "default", "meaning")
NAMES: Mapping[Any, str] = {str: "text", int: "integer", float: "number", bool: "true or false", Path: "path"}
BOUNDS = {"gt": "above {}", "ge": "from {}", "lt": "below {}", "le": "up to {}", "min_length": "at least {} of them"}


def model_page(
    title: str, model: type[BaseModel], *lead: str, root: Path, example: tuple[str, str] | None = None
) -> str:
    """The file's model and every model inside it, outermost first."""
    shown = [f"{example[1]}, [{example[0]}](../../{example[0]}):", _example(root / example[0])] if example else []
    sections = [part for found in models(model) for part in section(found, root=model)]
    return page(title, *lead, *shown, *sections)


def section(model: type[BaseModel], *, root: type[BaseModel]) -> Iterator[str]:
    """Heading, docstring and fields of one model."""
    if model is not root:
        yield f"## {model.__name__}"
    yield sentence(model.__doc__)
    rows = [row(name, field) for name, field in model.model_fields.items()]
    shown = len(HEAD) if any(each[-1] for each in rows) else len(HEAD) - 1  # the docstring may say it all
    yield table(HEAD[:shown], (each[:shown] for each in rows))


def row(name: str, field: FieldInfo) -> Sequence[str]:
    """One field. What it may be stands beside its type, so that the meaning is free of numbers."""
    limits = ", ".join(bounds(field.metadata))
    kind = type_name(field.annotation)
    return (
        code(field.alias or name),
        f"{kind} ({limits})" if limits else kind,
        default(field),
        sentence(field.description),
    )


def default(field: FieldInfo) -> str:
    """As a person would write it into the file."""
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ("", (), [], {}):
        return "-"
    if isinstance(value, BaseModel):
        return "its own defaults"
    return code(json.dumps(value, default=str)) if value is not PydanticUndefined else "-"


def type_name(annotation: Any) -> str:
    """The type in the words of a YAML file; models are links to their section."""
    arguments = typing.get_args(annotation)
    if arguments:
        return _composed(typing.get_origin(annotation), arguments)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return NAMES.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _composed(origin: Any, arguments: Sequence[Any]) -> str:
    if origin is typing.Annotated:
        limits = ", ".join(bounds(arguments[1:]))
        return f"{type_name(arguments[0])}{f' ({limits})' if limits else ''}"
    if origin is typing.Literal:
        return " or ".join(code(str(value).lower() if isinstance(value, bool) else value) for value in arguments)
    if origin is dict:
        return f"map of {type_name(arguments[0])} to {type_name(arguments[1])}"
    if origin in {list, tuple}:
        return f"list of {type_name(arguments[0])}"
    return " or ".join(type_name(arm) for arm in arguments if arm is not type(None))


def bounds(metadata: Sequence[Any]) -> Iterator[str]:
    """The constraints of a field or of an element, in words."""
    for each in metadata:
        if isinstance(each, FieldInfo):
            yield from bounds(each.metadata)
            continue
        pattern = getattr(each, "pattern", None)
        if pattern:
            yield f"matching {code(pattern)}"
        parts = each if isinstance(each, annotated_types.GroupedMetadata) else [each]
        for part in parts:
            for name, words in BOUNDS.items():
                value = getattr(part, name, None)
                if value is not None and value is not PydanticUndefined:
                    yield words.format(value)


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The model and those its fields lead to, each once."""
    seen: dict[type[BaseModel], None] = {}
    _walk(annotation, seen)
    yield from seen


def _walk(annotation: Any, seen: dict[type[BaseModel], None]) -> None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and typing.get_origin(annotation) is None:
        if annotation not in seen:
            seen[annotation] = None
            for field in annotation.model_fields.values():
                _walk(field.annotation, seen)
        return
    for argument in typing.get_args(annotation):
        _walk(argument, seen)


def _example(file: Path) -> str:
    return block("yaml", file.read_text(encoding="utf-8"))
