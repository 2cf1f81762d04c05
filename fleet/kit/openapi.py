"""The OpenAPI document as it must be: flask-openapi3's, with every error described as the problem that is really sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Response

from fleet.kit import errors, problems

if TYPE_CHECKING:
    from fleet.kit.app import KitApp

SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "client": {"type": "http", "scheme": "basic"},
}
_CONTENT = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def describe_problems(document: dict[str, Any]) -> None:
    """Mend `document` in place: problem+json for errors, and those that the kit itself answers where they may come.

    What a service refuses by rules of its own stands in its views' `responses`.
    """
    for operation in _operations(document):
        responses = operation["responses"]
        for status, response in responses.items():
            if status.startswith(("4", "5")):
                # The kit may refuse a request before a view that answers otherwise is asked.
                response["content"] = _CONTENT | (response["content"] if _has_own_body(response) else {})
        if "parameters" not in operation and "requestBody" not in operation:
            responses.pop("422", None)
        for kind in _possible(operation):
            responses.setdefault(str(kind.status), {"description": kind.title, "content": _CONTENT})
        responses.setdefault("default", {"description": "Any other error", "content": _CONTENT})


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from (operation for method, operation in item.items() if method in _METHODS)


def _has_own_body(response: dict[str, Any]) -> bool:
    """Whether a view says that this error is no problem: a standard may want another document."""
    schemas = [media.get("schema", {}).get("$ref", "") for media in response.get("content", {}).values()]
    return any(schema and not schema.endswith("/Problem") for schema in schemas)


def _possible(operation: dict[str, Any]) -> Iterator[type[errors.ProblemError]]:
    places = {parameter["in"] for parameter in operation.get("parameters", [])}
    if "requestBody" in operation:
        yield from (errors.BadRequest, errors.LengthRequired, errors.ContentTooLarge, errors.UnsupportedMediaType)
    if places & {"query", "header"}:
        yield errors.BadRequest  # a cursor that is none of ours, a malformed key
    if "header" in places:
        yield errors.Conflict  # a key in flight, or a state that does not allow this
    if "path" in places:
        yield errors.NotFound
    if operation.get("security"):
        yield from (errors.Unauthorized, errors.Forbidden)


def init_app(app: KitApp) -> None:
    """Serve the document at /openapi.json; its text is made once, when first asked for."""

    @cache
    def text() -> str:
        return json.dumps(app.api_doc)

    def document() -> Response:
        return Response(text(), mimetype="application/json")

    app.add_url_rule("/openapi.json", "openapi", document)
