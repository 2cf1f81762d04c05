"""What is wrong with a value of a file, in a sentence that a person who wrote it understands, with the remedy.

Owns the words for pydantic's errors. Leaves where the value stands to yaml_source.py. Pure.
"""

from __future__ import annotations

import difflib
import shlex
import types
import typing
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import ErrorDetails

Keys = tuple[Hashable, ...]
SHOWN_CHARACTERS = 80
NUMBERS = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
}
BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
# By how the pattern begins.
FORMS = {
    "^https?": "an address is needed, as http://127.0.0.1:5000",
    "^/": "a path is needed, which begins with '/'",
    "^[a-z]": "a name is needed: small letters, digits and '-', a letter first",
}


def sentence(model: type[BaseModel], error: ErrorDetails, keys: Keys) -> str:
    """One error of `model` in words; `keys` is where it is in the file."""
    kind, value = error["type"], error.get("input")
    where = ".".join(map(str, keys)) or "the file"
    if kind == "missing":
        return f"{where} is missing. Add it."
    if kind == "extra_forbidden":
        return f"{where} is not known here. {_suggestion(str(keys[-1]), fields_at(model, error['loc'][:-1]))}"
    if kind == "value_error":
        return f"{where}: {error['msg'].removeprefix('Value error, ').rstrip('.')}."
    if value is None:
        return f"{where} has no value. Write one (lines that belong to it stand further right), or remove the key."
    if error["loc"][-1:] == ("[key]",):
        return f"{where}: {shown(value)} cannot stand here, {_form(str(error.get('ctx', {}).get('pattern')))}."
    wanted = _wanted(model, error)
    return f"{where} is {shown(value)}, but {wanted}."


def shown(value: Any) -> str:
    """The value as YAML has it, cut off where it is long."""
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False)
    text = text.removesuffix("\n").removesuffix("\n...")
    text = f"'{text}'" if isinstance(value, str) and not text.startswith(("'", '"')) else text
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def _wanted(model: type[BaseModel], error: ErrorDetails) -> str:
    """What is needed instead, and how it is written."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind in NUMBERS:
        return f"{NUMBERS[kind]} is needed. {_as_number(value)}"
    if kind in BOUNDS:
        name, word = BOUNDS[kind]
        return f"it must be {word} {context[name]:g}"
    simple: dict[str, Callable[[], str]] = {
        "string_type": lambda: f"text is needed. {_as_text(value)}",
        "string_pattern_mismatch": lambda: _form(str(context["pattern"])),
        "too_short": lambda: "at least one is needed",
        "literal_error": lambda: _one_of(str(value), str(context["expected"])),
        "tuple_type": lambda: _as_list(value),
        "list_type": lambda: _as_list(value),
        "model_type": lambda: _as_mapping(fields_at(model, error["loc"])),
        "dict_type": lambda: _as_mapping([]),
        "path_type": lambda: "a path is needed",
        "bool_type": lambda: "true or false is needed",
        "bool_parsing": lambda: "true or false is needed",
    }
    return simple[kind]() if kind in simple else error["msg"].removeprefix("Input ").rstrip(".")


def _as_number(value: Any) -> str:
    if isinstance(value, str) and value.replace(".", "", 1).isdigit():
        return "Remove the quotes"
    return "Write the number alone, without a unit" if isinstance(value, str) else "Write one"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "YAML reads on, off, yes, no, true and false so: put quotes around it"
    if isinstance(value, dict) and not any(value.values()):
        return "YAML reads braces as a mapping: put quotes around them"
    return "Put quotes around it" if isinstance(value, int | float) else "Write it alone, without brackets or braces"


def _as_list(value: Any) -> str:
    if not isinstance(value, str):
        return "a list is needed. Begin each of its lines with '- '" if isinstance(value, dict) else "a list is needed"
    try:
        words = shlex.split(value)
    except ValueError:
        words = [value]
    quoted = (f'"{word}"' if set(word) & set("{}[],:#&*!|>%@`") else word for word in words)
    return f"a list is needed. Write [{', '.join(quoted)}]"


def _as_mapping(fields: Sequence[str]) -> str:
    return f"a mapping is needed, with the keys {', '.join(fields)}" if fields else "a mapping is needed: NAME: value"


def _form(pattern: str) -> str:
    return next((text for start, text in FORMS.items() if pattern.startswith(start)), f"it must match {pattern}")


def _one_of(value: str, expected: str) -> str:
    choices = expected.replace("'", "").replace(" or ", ", ").split(", ")
    if len(choices) == 1:
        return f"only {choices[0]} is known"
    near = difflib.get_close_matches(value.lower(), choices, n=1)
    return f"one of {', '.join(choices)} is needed" + (f": {near[0]}, perhaps" if near else "")


def _suggestion(key: str, fields: list[str]) -> str:
    near = difflib.get_close_matches(key.lower(), fields, n=1)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Remove it; known are: {', '.join(fields)}." if fields else "Remove it."


def fields_at(annotation: Any, loc: Keys) -> list[str]:
    """The fields that may stand at `loc` below a model; empty where there is no model."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields
        names = {field.alias or name: field for name, field in fields.items()}
        if not loc:
            return list(names)
        field = names.get(str(loc[0]))
        return fields_at(field.annotation, loc[1:]) if field else []
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return fields_at(typing.get_args(annotation)[0], loc)
    if origin in {typing.Union, types.UnionType}:
        return next(filter(None, (fields_at(arm, loc) for arm in typing.get_args(annotation))), [])
    if origin in {dict, list, tuple} and loc:
        return fields_at(typing.get_args(annotation)[-1 if origin is dict else 0], loc[1:])
    return []
