"""Operations as an OpenAPI document tells of them: a good request to each, and what is wrong with an answer.

So that a test reaches every operation of every service, those to come included, without naming one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import find, settings
from hypothesis.strategies import from_regex

from fleet.kit.problems import MEDIA_TYPE

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sent:
    """A request as it goes out; `path` and `query` are escaped already."""

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    def but(self, **changes: Any) -> Sent:
        return replace(self, **changes)

    def with_header(self, name: str, *values: str) -> Sent:
        """In place of whatever was there; no values: left out."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept + tuple((name, value) for value in values))


@dataclass(frozen=True)
class Came:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Operation:
    """`known` has good values by parameter or property name, for what a schema cannot tell."""

    service: str
    method: str
    template: str
    spec: Mapping[str, Any]
    schemas: Mapping[str, Any] = field(repr=False)
    known: Mapping[str, Any] = field(repr=False)
    methods: frozenset[str] = frozenset()  # of the same path

    @property
    def label(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def name(self) -> str:
        return f"{self.service} {self.label}"

    @property
    def media_type(self) -> str | None:
        return next(iter(self.spec["requestBody"]["content"]), None) if "requestBody" in self.spec else None

    def document(self) -> Any:
        """A good body as a value, None without one."""
        if self.media_type is None:
            return None
        return self.sample(self.spec["requestBody"]["content"][self.media_type].get("schema", {}))

    def parameters(self, place: str, *, required: bool = True) -> dict[str, Any]:
        """Good values of the parameters in `place`: path, query or header."""
        return {
            each["name"]: self.sample(each.get("schema", {}), each["name"])
            for each in self.spec.get("parameters", [])
            if each["in"] == place and (each.get("required") or not required)
        }

    def good(self, headers: Mapping[str, str], key: str) -> Sent:
        """A good request; `headers` identify the caller, `key` is the Idempotency-Key where one is asked for."""
        path = self.template
        for name, value in self.parameters("path").items():
            path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
        own = {name: str(value) for name, value in self.parameters("header").items()}
        if "Idempotency-Key" in own:
            own["Idempotency-Key"] = key
        sent = Sent(self.method, path, headers=tuple({**headers, **own}.items()))
        if self.media_type is None:
            return sent
        return sent.but(body=encode(self.media_type, self.document())).with_header("Content-Type", self.media_type)

    def sample(self, schema: Mapping[str, Any], name: str = "") -> Any:
        """The simplest value that fits."""
        if name in self.known:
            return self.known[name]
        if "$ref" in schema:
            return self.sample(self.schemas[schema["$ref"].rsplit("/", 1)[-1]], name)
        for word in ("anyOf", "oneOf", "allOf"):
            if word in schema:
                return self.sample(schema[word][0], name)
        if "enum" in schema or "const" in schema:
            return schema.get("enum", [schema.get("const")])[0]
        return self._of_type(schema)

    def _of_type(self, schema: Mapping[str, Any]) -> Any:
        match schema.get("type"):
            case "object":
                wanted = {each: schema["properties"][each] for each in schema.get("required", [])}
                return {each: self.sample(child, each) for each, child in wanted.items()}
            case "array":
                return [self.sample(schema.get("items", {}))]
            case "integer" | "number":
                return int(schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1))
            case "boolean":
                return True
            case _:
                return matching(schema["pattern"]) if "pattern" in schema else "a" * max(schema.get("minLength", 1), 1)


@cache
def matching(pattern: str) -> str:
    usual = ("a", "1", "prod-00001")
    simple = next((text for text in usual if re.fullmatch(pattern, text)), None)
    return simple or find(from_regex(pattern, fullmatch=True), bool, settings=settings(database=None, derandomize=True))


def encode(media_type: str, document: Any) -> bytes:
    return (urlencode(document) if media_type == FORM else json.dumps(document)).encode()


def operations(service: str, document: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Operation]:
    """Every operation that the document of the service has."""
    schemas = document.get("components", {}).get("schemas", {})
    for template, item in document["paths"].items():
        there = frozenset(method for method in METHODS if method.lower() in item)
        for method in sorted(there):
            yield Operation(service, method, template, item[method.lower()], schemas, known, there)


def faults(operation: Operation, came: Came, *, must: frozenset[int] = frozenset()) -> list[str]:
    """What is wrong with the answer; `must` says what it had to be, else anything will do that is documented by number."""
    found = []
    documented = {int(status) for status in operation.spec["responses"] if status.isdigit()}
    if must and came.status not in must:
        found.append(f"{came.status}, not {sorted(must)}")
    elif not must and came.status not in documented:
        found.append(f"{came.status} is not documented")
    if came.status >= 500:
        found.append("a server error")
    if came.status >= 400:
        found += error_faults(came, operation.spec["responses"].get(str(came.status), {}))
    if b"Traceback" in came.body:
        found.append("a traceback goes out")
    return found


def error_faults(came: Came, response: Mapping[str, Any]) -> Iterator[str]:
    """An error is a problem, unless a standard has the operation say otherwise in its document."""
    kind = came.headers.get("Content-Type", "").partition(";")[0]
    if kind not in response.get("content", [MEDIA_TYPE]):
        yield f"an error as {kind}"
    elif came.body and kind == MEDIA_TYPE:  # HEAD has no body
        document = json.loads(came.body)
        if document.get("status") != came.status or not {"type", "title"} <= document.keys():
            yield f"no problem document: {came.body[:100]!r}"
    needed = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After"}.get(came.status)
    if needed and needed not in came.headers:
        yield f"{came.status} without {needed}"
