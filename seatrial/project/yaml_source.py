"""YAML with its line numbers kept, so that a wrong value is refused by file, line and column, with the remedy.

Owns loading, and turning pydantic's errors into ConfigError. Leaves what the files mean to the modules
that name a model.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from seatrial.errors import ConfigError

Keys = tuple[Hashable, ...]
M = TypeVar("M", bound=BaseModel)


class FileModel(BaseModel):
    """Base of what is read from files: unknown keys are refused, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Mark(NamedTuple):
    """Both count from 1."""

    line: int
    column: int


class Problem(NamedTuple):
    """One thing that is wrong in a file: the path of keys to it, and a sentence with value and remedy."""

    keys: Keys
    message: str


@dataclass(frozen=True, slots=True)
class YamlSource:
    """A loaded document. `marks` says where each value begins, by its path of keys and list positions."""

    file: Path
    data: Any
    marks: dict[Keys, Mark]

    def error(self, problems: Iterable[Problem]) -> ConfigError:
        """All problems as one error: it points at the first in the file, and the others follow on lines of their own."""
        first, *others = sorted((self._mark(problem.keys), problem.message) for problem in problems)
        message = first[1] + "".join(f"\n{self.file}:{mark.line}:{mark.column}: {text}" for mark, text in others)
        return ConfigError(message, file=self.file, line=first[0].line, column=first[0].column)

    def _mark(self, keys: Keys) -> Mark:
        """Where the value stands, or the nearest thing around it that is in the file."""
        while keys and keys not in self.marks:
            keys = keys[:-1]
        return self.marks.get(keys, Mark(1, 1))


def load_yaml(file: Path) -> YamlSource:
    """Read one document. Raises ConfigError when it cannot be read, is no YAML, is empty or repeats a key."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"cannot be read: {reason}. Check the path and its permissions.", file=file) from error
    return parse_yaml(text, file)


def parse_yaml(text: str, file: Path) -> YamlSource:
    """As `load_yaml`, of a text that was read already."""
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise ConfigError("is empty. Write the settings into it.", file=file)
        _refuse_loops_and_repeats(node, file, ())
        data = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, file) from error
    except (yaml.YAMLError, ValueError) as error:  # control characters; 2026-13-01 read as a date
        raise ConfigError(f"is not valid YAML: {error}. Quote the text.", file=file) from error
    return YamlSource(file, data, dict(_marks(node, (), data)))


def validate(source: YamlSource, model: type[M], context: dict[str, Any] | None = None) -> M:
    """The document as `model`. Raises ConfigError with every fault found."""
    try:
        return model.model_validate(source.data, context=context)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise source.error(
            Problem(_known_keys(source, each["loc"]), _sentence(model, each)) for each in found
        ) from error


def _syntax_error(error: yaml.MarkedYAMLError, file: Path) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    message = f"is not valid YAML: {error.problem or error}. Mend the syntax; text with ':' or '{{' needs quotes."
    return ConfigError(message, file=file, line=line, column=column)


def _refuse_loops_and_repeats(node: yaml.Node, file: Path, above: tuple[int, ...]) -> None:
    """YAML lets an alias contain itself and lets a later key replace an earlier one in silence; neither is meant."""
    if id(node) in above:
        raise _node_error(node, "an alias contains itself. Write the value out.", file)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise _node_error(key, f"the key '{name}' stands twice. Keep one of them.", file)
            seen.add(name)
            _refuse_loops_and_repeats(value, file, (*above, id(node)))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_loops_and_repeats(item, file, (*above, id(node)))


def _node_error(node: yaml.Node, message: str, file: Path) -> ConfigError:
    return ConfigError(message, file=file, line=node.start_mark.line + 1, column=node.start_mark.column + 1)


def _marks(node: yaml.Node, keys: Keys, data: Any) -> Iterator[tuple[Keys, Mark]]:
    yield keys, Mark(node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.MappingNode) and isinstance(data, dict):
        # Constructed keys (1, true, a date) are not their text, but come in the same order; a merge (<<) may bring doubles.
        values = {str(key.value): value for key, value in node.value}
        for value, (key, item) in zip(values.values(), data.items(), strict=True):
            yield from _marks(value, (*keys, key), item)
    elif isinstance(node, yaml.SequenceNode) and isinstance(data, list):
        for index, (value, item) in enumerate(zip(node.value, data, strict=False)):
            yield from _marks(value, (*keys, index), item)


def _known_keys(source: YamlSource, loc: Keys) -> Keys:
    """Pydantic's location without the parts that name types (the arms of a union) instead of keys of the file."""
    keys: Keys = ()
    for part in loc:
        if (*keys, part) in source.marks:
            keys = (*keys, part)
    return keys


def _sentence(model: type[BaseModel], error: ErrorDetails) -> str:
    loc = error["loc"]
    where = ".".join(str(part) for part in loc) or "the file"
    reason = error["msg"].removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    match error["type"]:
        case "missing":
            return f"{where} is missing. Add it."
        case "extra_forbidden":
            return f"{where} is not known here. {_suggestion(str(loc[-1]), _fields_at(model, loc[:-1]))}"
        case "value_error":
            return f"{where}: {reason}."
        case _:
            return f"{where} is {error['input']!r:.80} but {reason}."


def _suggestion(key: str, fields: list[str]) -> str:
    near = difflib.get_close_matches(key, fields, n=1)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Remove it; known are: {', '.join(fields)}." if fields else "Remove it."


def _fields_at(annotation: Any, loc: Keys) -> list[str]:
    """The fields that may stand at `loc` below a model; empty where there is no model."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields
        names = {field.alias or name: field for name, field in fields.items()}
        if not loc:
            return list(names)
        field = names.get(str(loc[0]))
        return _fields_at(field.annotation, loc[1:]) if field else []
    origin = typing.get_origin(annotation)
    if origin in {typing.Union, types.UnionType}:
        return next(filter(None, (_fields_at(arm, loc) for arm in typing.get_args(annotation))), [])
    if origin in {dict, list, tuple} and loc:
        return _fields_at(typing.get_args(annotation)[-1 if origin is dict else 0], loc[1:])
    return []
