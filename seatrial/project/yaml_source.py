"""YAML with its line numbers kept, so that a wrong value is refused by file, line and column, with the remedy.

Owns loading, and turning pydantic's errors into ConfigError. Leaves what the files mean to the modules
that name a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from seatrial.errors import ConfigError
from seatrial.project.sentences import Keys, sentence

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
        first, *others = sorted((self.mark(problem.keys), problem.message) for problem in problems)
        message = first[1] + "".join(f"\n{self.file}:{mark.line}:{mark.column}: {text}" for mark, text in others)
        return ConfigError(message, file=self.file, line=first[0].line, column=first[0].column)

    def mark(self, keys: Keys) -> Mark:
        """Where the value stands, or the nearest thing around it that is in the file."""
        while keys and keys not in self.marks:
            keys = keys[:-1]
        return self.marks.get(keys, Mark(1, 1))


def load_yaml(file: Path) -> YamlSource:
    """Read one document. Raises ConfigError when it cannot be read, is no YAML, is empty or repeats a key."""
    return parse_yaml(_read(file), file)


def load_documents(file: Path) -> list[YamlSource]:
    """As `load_yaml`, of a file with any number of documents, at least one."""
    return list(_parse(_read(file), file, single=False))


def parse_yaml(text: str, file: Path) -> YamlSource:
    """As `load_yaml`, of a text that was read already."""
    return next(_parse(text, file, single=True))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"cannot be read: {reason}. Check the path and its permissions.", file=file) from error


def _parse(text: str, file: Path, *, single: bool) -> Iterator[YamlSource]:
    try:
        loader = yaml.SafeLoader(text)
        nodes = [node for node in ([loader.get_single_node()] if single else _nodes(loader)) if node is not None]
        if not nodes:
            raise ConfigError("is empty. Write the settings into it.", file=file)
        for node in nodes:
            _refuse_loops_and_repeats(node, file, ())
            data = loader.construct_document(node)
            yield YamlSource(file, data, dict(_marks(node, (), data)))
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, file) from error
    except (yaml.YAMLError, ValueError) as error:  # control characters; 2026-13-01 read as a date
        raise ConfigError(f"is not valid YAML: {error}. Quote the text.", file=file) from error


def _nodes(loader: yaml.SafeLoader) -> Iterator[yaml.Node | None]:
    while loader.check_node():
        yield loader.get_node()


def validate(source: YamlSource, model: type[M], context: dict[str, Any] | None = None) -> M:
    """The document as `model`. Raises ConfigError with every fault found."""
    try:
        return model.model_validate(source.data, context=context)
    except ValidationError as error:
        raise source.error(_problems(source, model, error.errors(include_url=False))) from error


def _problems(source: YamlSource, model: type[BaseModel], errors: Iterable[ErrorDetails]) -> Iterator[Problem]:
    """One for each place: every arm of a union has an error of its own for the same value."""
    told: set[Keys] = set()
    for each in errors:
        known = _known_keys(source, each["loc"])
        absent = (*known, each["loc"][-1]) if each["type"] == "missing" else known
        if absent not in told:
            told.add(absent)
            yield Problem(known, sentence(model, each, absent))


# What YAML's parser says, by how it begins, and what has usually happened.
SYNTAX = {
    "mapping values are not allowed": "Put a blank after each key's ':', here and in the line above, and quotes around text with ':'",
    "found character '\\t'": "Indent with blanks, not with tabs",
    "expected <block end>": "Indent this line like the others of its block",
    "found unexpected end of stream": "Close the quotes",
    "expected ',' or": "Separate by ',', close the bracket, and put quotes around text with braces or brackets",
}


def _syntax_error(error: yaml.MarkedYAMLError, file: Path) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    problem = str(error.problem or error)
    remedy = next((text for start, text in SYNTAX.items() if problem.startswith(start)), None)
    remedy = remedy or "Mend the syntax; text with ':' or '{' needs quotes"
    return ConfigError(f"is not valid YAML: {problem}. {remedy}.", file=file, line=line, column=column)


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
