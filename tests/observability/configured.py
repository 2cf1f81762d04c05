"""Reads the configurations of Filebeat, Logstash and Kibana: keys, plugins, saved objects, and the fields that they name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "observability"
REFERENCE: Any = yaml.safe_load((Path(__file__).parent / "reference_keys.yml").read_text(encoding="utf-8"))
TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)|(?P<text>"[^"]*"|'[^']*')|(?P<arrow>=>)|(?P<mark>[{}\[\],])|(?P<word>[\w.-]+)|(?P<other>[^\s])"""
)
FIELD = re.compile(r"(?:\[@?[\w.]+\])+")


def document(tree: Path, file: str) -> Any:
    return yaml.safe_load((tree / file).read_text(encoding="utf-8"))


def keys(node: Any, at: str = "") -> Iterator[str]:
    """Every setting by its dotted name, whether it was written with dots or with indents; lists count for nothing."""
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from keys(value, f"{at}.{key}".lstrip("."))
    elif isinstance(node, list) and any(isinstance(each, dict) for each in node):
        for each in node:
            yield from keys(each, at)
    else:
        yield at


def settings(node: Any, at: str = "") -> dict[str, Any]:
    """The same with their values, of a document without lists of mappings."""
    if not isinstance(node, dict):
        return {at: node}
    return {
        name: value for key, each in node.items() for name, value in settings(each, f"{at}.{key}".lstrip(".")).items()
    }


def reference(file: str) -> set[str]:
    return {
        f"{page['under']}.{key}" if "under" in page else key
        for page in REFERENCE["files"][file]
        for key in page["keys"]
    }


@dataclass(frozen=True)
class Plugin:
    """`when` is the condition that it stands under, as written; empty without one."""

    section: str
    name: str
    settings: Mapping[str, Any]
    when: str


class _Config:
    """Logstash's own language, as far as these files use it. Raises ValueError at what it does not know."""

    def __init__(self, text: str) -> None:
        self._tokens = [found[0] for found in TOKEN.finditer(text) if found.lastgroup != "space"]
        self._at = 0

    def plugins(self) -> Iterator[Plugin]:
        while self._at < len(self._tokens):
            yield from self._body(self._take("input", "filter", "output"), "")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else "the end"

    def _take(self, *wanted: str) -> str:
        token = self._peek()
        if token == "the end" or (wanted and token not in wanted):
            raise ValueError(f"{token} stands where {' or '.join(wanted) or 'more'} should")
        self._at += 1
        return token

    def _body(self, section: str, when: str) -> Iterator[Plugin]:
        self._take("{")
        while self._peek() != "}":
            if self._peek() == "if":
                yield from self._branches(section)
            else:
                yield Plugin(section, self._take(), self._mapping(), when)
        self._take("}")

    def _branches(self, section: str) -> Iterator[Plugin]:
        self._take("if")
        yield from self._body(section, self._condition())
        while self._peek() == "else":
            self._take("else")
            when = self._condition() if self._peek() == "if" and self._take("if") else "else"
            yield from self._body(section, when)

    def _condition(self) -> str:
        words = []
        while self._peek() != "{":
            words.append(self._take())
        if not words:
            raise ValueError("a condition is empty")
        return "".join(words)

    def _mapping(self) -> dict[str, Any]:
        self._take("{")
        found: dict[str, Any] = {}
        while self._peek() != "}":
            name = self._value()
            self._take("=>")
            found[name] = self._value()
        self._take("}")
        return found

    def _value(self) -> Any:
        if self._peek() == "{":
            return self._mapping()
        if self._peek() == "[":
            return list(self._list())
        token = self._take()
        if token[0] in "\"'":
            return token[1:-1]
        if not re.fullmatch(r"[\w.-]+", token):
            raise ValueError(f"{token} is no value")
        return int(token) if token.isdecimal() else {"true": True, "false": False}.get(token, token)

    def _list(self) -> Iterator[Any]:
        self._take("[")
        yield self._value()
        while self._take(",", "]") == ",":
            yield self._value()


def plugins(text: str) -> list[Plugin]:
    return list(_Config(text).plugins())


def pipelines(tree: Path) -> dict[str, list[Plugin]]:
    """By file. Raises ValueError."""
    folder = tree / "logstash" / "pipeline"
    return {file.name: plugins(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.conf"))}


def scripts(tree: Path) -> dict[str, str]:
    """Ruby by file, without its comments."""
    found = sorted((tree / "logstash" / "pipeline").glob("*.rb"))
    return {file.name: re.sub(r"(?m)(^|\s)#(?!\{).*$", "", file.read_text(encoding="utf-8")) for file in found}


def fields_of(script: str) -> set[str]:
    """What a Ruby script asks an event or a line for, and what it writes."""
    asked = re.findall(r"""\.(?:get|set|include\?|remove)\(["']([^"']+)["']""", script)
    taken = re.findall(r"""\b(?:line|known)\["([^"]+)"\]""", script)
    return {*asked, *taken, *written_by(script)}


def written_by(script: str) -> set[str]:
    """The keys of its hashes."""
    return set(re.findall(r'"([^"]+)" =>', script))


def fields_in(value: Any) -> set[str]:
    """References like [a][b] in a text, or in the values of settings."""
    if isinstance(value, str):
        return set(FIELD.findall(value))
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(fields_in(part) for part in parts), set())


def objects(tree: Path) -> list[dict[str, Any]]:
    text = (tree / "kibana" / "objects.ndjson").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def fields_of_object(each: Mapping[str, Any]) -> set[str]:
    """The fields of documents that a saved object names, in whatever it keeps as text."""
    about = each["attributes"]
    source = json.loads(about.get("kibanaSavedObjectMeta", {}).get("searchSourceJSON", "{}"))
    state = about.get("state", {})
    layers = state.get("datasourceStates", {}).get("formBased", {}).get("layers", {})
    columns = [column for layer in layers.values() for column in layer["columns"].values()]
    queries = (found.get("query", {}).get("query", "") for found in (source, state))
    named = {
        *about.get("columns", ()),
        *(field for field, _ in about.get("sort", ())),
        *json.loads(about.get("fieldFormatMap", "{}")),
        *(about[key] for key in ("timeFieldName",) if key in about),
        *(column["sourceField"] for column in columns),
        *(field for query in queries for field in re.findall(r"([@\w.]+) : ", query)),
    }
    return named - {"___records___"}  # Lens's name for the documents themselves
