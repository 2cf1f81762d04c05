"""A first load from an OpenAPI 3 document: the GET operations that can be asked with what the document gives.

Owns reading the document and the choice. Says of everything else why it was left out.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from seatrial.errors import ConfigError
from seatrial.init.parameters import Unknown, value_of
from seatrial.init.references import follow
from seatrial.init.route import BRACES, Found, LeftOut, Route, Sample, identifier, kebab, name_of, unlike
from seatrial.project.yaml_source import parse_yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
SILENT = {"options", "head", "trace"}


def routes_of_document(file: Path, text: str) -> Found:
    """The routes in the order of the document. Raises ConfigError for what is no OpenAPI 3."""
    document = _read(file, text)
    _refuse_others(file, document)
    try:
        return _routes(document)
    except (
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:  # a list where OpenAPI has a mapping, and the like
        raise ConfigError(f"is not shaped as OpenAPI 3 says ({error}). Give a valid document.", file=file) from error


def _read(file: Path, text: str) -> Any:
    """JSON by its own parser: YAML's is slow on documents of megabytes, and knows where a fault is."""
    if text.lstrip().startswith("{"):
        with contextlib.suppress(ValueError):
            return json.loads(text)
    return parse_yaml(text, file).data


def _routes(document: Mapping[str, Any]) -> Found:
    base = _base_path(document)
    routes: list[Route] = []
    left_out: list[LeftOut] = []
    for path, method, operation, shared in _operations(document):
        route = _route(document, base + path, method, operation, shared)
        if isinstance(route, Route):
            routes.append(_named(route, operation, {each.name for each in routes}))
        else:
            left_out.append(LeftOut(f"{method.upper()} {base}{path}", route))
    return Found(tuple(routes), tuple(left_out))


def _refuse_others(file: Path, document: Any) -> None:
    version = document.get("openapi") if isinstance(document, dict) else None
    if isinstance(document, dict) and "swagger" in document:
        raise ConfigError(f"is Swagger {document['swagger']}. Convert it to OpenAPI 3, which is read here.", file=file)
    if version is None:
        raise ConfigError("is no OpenAPI document: it has no member 'openapi'. Give an OpenAPI 3 document.", file=file)
    if not str(version).startswith("3."):
        raise ConfigError(f"says openapi {version}. Give an OpenAPI 3 document.", file=file)
    if not isinstance(document.get("paths"), dict) or not document["paths"]:
        raise ConfigError("has no paths, so there is nothing to ask. Give another document.", file=file)


def _base_path(document: Mapping[str, Any]) -> str:
    """The path of the first server, with its variables at their defaults."""
    servers = document.get("servers")
    server = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], dict) else {}
    url = str(server.get("url", ""))
    for name, variable in dict(server.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "") if isinstance(variable, dict) else ""))
    return urlsplit(url).path.rstrip("/")


def _operations(
    document: Mapping[str, Any],
) -> Iterator[tuple[str, str, Mapping[str, Any], list[Any]]]:
    """Path, method, operation, and the parameters that all of the path's operations share."""
    for path, written in document["paths"].items():
        item = follow(document, written)
        if not isinstance(item, dict) or not str(path).startswith("/"):
            continue
        for method in METHODS:
            if isinstance(item.get(method), dict) and method not in SILENT:
                yield str(path), method, item[method], list(item.get("parameters") or [])


def _route(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any], shared: list[Any]
) -> Route | str:
    """The route, or why there is none."""
    obstacle = _obstacle(document, method, operation)
    if obstacle:
        return obstacle
    parameters = _parameters(document, [*shared, *(operation.get("parameters") or [])])
    names = BRACES.findall(path)
    undescribed = [name for name in names if ("path", name) not in parameters]
    if set("{}") & set(BRACES.sub("", path)):
        return "a brace in its path is not closed"
    if undescribed:
        return f"the parameter {undescribed[0]} is not described"
    given: dict[str, dict[str, str]] = {"path": {}, "query": {}}
    guessed: list[str] = []
    for (place, name), parameter in parameters.items():
        if place != "path" and not parameter.get("required"):
            continue
        if place not in given:
            return f"it needs the {place} {name}"
        value = value_of(document, parameter)
        if isinstance(value, Unknown):
            return f"the parameter {name} has no example or default{value.hint}"
        given[place][name] = value.text
        guessed += [f"{name}={value.text}"] if value.guessed else []
    renamed = {name: identifier(name) for name in names}
    template = BRACES.sub(lambda found: f"{{{renamed[found[1]]}}}", path)
    sample = Sample({renamed[name]: given["path"][name] for name in names}, given["query"], ", ".join(guessed))
    return Route(template, (sample,), _statuses(operation))


def _obstacle(document: Mapping[str, Any], method: str, operation: Mapping[str, Any]) -> str:
    if method != "get":
        return "it may change something; add it by hand"
    if operation.get("requestBody"):
        return "it needs a body"
    security = operation.get("security", document.get("security")) or []
    if security and {} not in security:
        return f"it needs authorization ({', '.join(dict(security[0]))})"
    return "it is deprecated" if operation.get("deprecated") else ""


def _parameters(document: Mapping[str, Any], written: list[Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """By place and name; an operation's own follow, and replace, those of its path."""
    followed = [follow(document, each) for each in written]
    return {(str(each.get("in")), str(each.get("name"))): each for each in followed if isinstance(each, dict)}


def _statuses(operation: Mapping[str, Any]) -> tuple[int, ...]:
    documented = [str(status) for status in operation.get("responses") or {}]
    return tuple(sorted(int(status) for status in documented if status.isdigit() and status[0] in "23")) or (200,)


def _named(route: Route, operation: Mapping[str, Any], taken: set[str]) -> Route:
    given = str(operation.get("operationId") or "")
    name = kebab(given) if given and len(given) <= 40 else name_of(route.template)  # noqa: PLR2004 - longer are machines'
    return Route(route.template, route.samples, route.statuses, route.weight, unlike(name, taken))
