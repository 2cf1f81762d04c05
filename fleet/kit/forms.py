"""Form bodies, for the one kind of request that a standard wants so (RFC 6749, appendix B); everything else speaks JSON.

Reads them strictly: the declared type, UTF-8, no parameter twice, no more than fits. How a refusal is answered is the caller's.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.media_type import MediaType
from flask_openapi3.models.request_body import RequestBody
from flask_openapi3.models.schema import Schema
from pydantic import BaseModel

MEDIA_TYPE = "application/x-www-form-urlencoded"
LIMIT = 8192  # bytes
FIELDS = 16


class InvalidForm(ValueError):
    """The body is no form that everyone reads alike; the message may be shown."""


def read(request: Request) -> dict[str, str]:
    """The parameters; one without a value counts as left out (RFC 6749, section 3.2).

    Raises:
        InvalidForm: with a sentence on what is wrong.
        RequestEntityTooLarge: it is longer than this service takes of anything.
    """
    if request.mimetype != MEDIA_TYPE:
        raise InvalidForm(f"the body must be {MEDIA_TYPE}")
    return parse(request.get_data(cache=False))


def parse(body: bytes) -> dict[str, str]:
    """The parameters of a form body. Raises InvalidForm."""
    if len(body) > LIMIT:
        raise InvalidForm(f"the body is longer than {LIMIT} bytes")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS)
    except UnicodeError:
        raise InvalidForm("the body is not UTF-8 in percent-encoding") from None
    except ValueError:
        raise InvalidForm(f"the body holds more than {FIELDS} parameters") from None
    if len({name for name, _ in pairs}) < len(pairs):
        raise InvalidForm("a parameter is given twice")
    return {name: value for name, value in pairs if value}


def describe(blueprint: APIBlueprint, path: str, model: type[BaseModel]) -> None:
    """Say in the OpenAPI document that POST `path` takes this form; flask-openapi3 would parse it too, laxly."""
    content = {MEDIA_TYPE: MediaType(schema=Schema(**model.model_json_schema()))}
    blueprint.paths[path].post.requestBody = RequestBody(content=content, required=True)
