"""Every error as an RFC 9457 document: the kit's own, werkzeug's, pydantic's, and whatever nobody foresaw.

No cause goes out with a 500: the exchange keeps the exception, and its log line has the traceback.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Flask, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import HTTPException, InternalServerError

from fleet.kit import errors
from fleet.kit import exchange as exchanges
from fleet.kit.errors import InternalError, ProblemError, Unprocessable
from fleet.kit.exchange import Exchange

if TYPE_CHECKING:
    from types import TracebackType

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "https://seatrial.example/problems/"  # .example is reserved (RFC 2606): a name, not a place
# Python's phrases for some of these changed between versions; ours do not.
_NAMED: dict[int, type[ProblemError]] = {
    kind.status: kind
    for kind in (
        errors.BadRequest,
        errors.Unauthorized,
        errors.Forbidden,
        errors.NotFound,
        errors.Conflict,
        errors.LengthRequired,
        errors.ContentTooLarge,
        errors.UnsupportedMediaType,
        errors.Unprocessable,
        errors.TooManyRequests,
        errors.InternalError,
    )
}


class FieldError(BaseModel):
    """One wrong value of a request."""

    location: str = Field(description="The value's place, dotted.")
    message: str


class Problem(BaseModel):
    """RFC 9457; `errors` comes with 422."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(json_schema_extra={"format": "uri"})
    title: str
    status: int = Field(ge=400, le=599)
    detail: str | None = None
    errors: list[FieldError] | None = None


def problem(
    status: int, slug: str, title: str, detail: str | None = None, *, extensions: dict[str, Any] | None = None
) -> Response:
    """The answer; absent members are left out, extensions never overwrite the standard ones."""
    document = {**(extensions or {}), "type": TYPE_BASE + slug, "title": title, "status": status}
    if detail is not None:
        document["detail"] = detail
    return Response(json.dumps(document), status, mimetype=MEDIA_TYPE)


def from_error(error: ProblemError) -> Response:
    """The answer to a problem raised on purpose."""
    response = problem(error.status, error.slug, error.title, error.detail, extensions=error.extensions)
    response.headers.extend(error.headers)
    return response


def from_http_exception(error: HTTPException) -> Response:
    """Werkzeug's exception as a problem, with the headers that it would have sent: without them a 405 loses Allow."""
    given = error.get_response()
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return Response(given.get_data(), given.status, list(given.headers))  # a redirect is no error
    response = problem(error.code, *_slug_and_title(error.code))
    for name, value in given.headers:
        if name not in {"Content-Type", "Content-Length"}:
            response.headers.add(name, value)
    return response


def _slug_and_title(status: int) -> tuple[str, str]:
    if (kind := _NAMED.get(status)) is not None:
        return kind.slug, kind.title
    phrase = HTTPStatus(status).phrase
    return phrase.lower().replace(" ", "-"), phrase.capitalize()


def refuse_invalid(error: ValidationError) -> NoReturn:
    """What flask-openapi3 calls when an input does not fit its model; the value itself does not go back out."""
    items = error.errors(include_url=False, include_input=False, include_context=False)
    wrong = [{"location": ".".join(map(str, item["loc"])), "message": item["msg"]} for item in items]
    raise Unprocessable(
        "; ".join(f"{item['location']}: {item['message']}" for item in wrong), extensions={"errors": wrong}
    ) from None


def _note(error: BaseException, *, unexpected: bool) -> None:
    exchange = exchanges.current()
    if isinstance(exchange, Exchange) and exchange.error is None:
        exchange.error, exchange.unexpected = error, unexpected


def init_app(app: Flask) -> None:
    """Answer every error of `app` with a problem."""

    def on_problem(error: ProblemError) -> Response:
        _note(error, unexpected=False)
        return from_error(error)

    def on_http(error: HTTPException) -> Response:
        if isinstance(error, InternalServerError) and error.original_exception is not None:
            return on_anything(error.original_exception)
        _note(error, unexpected=False)
        return from_http_exception(error)

    def on_anything(error: BaseException) -> Response:
        _note(error, unexpected=True)
        return from_error(InternalError())

    def log_exception(
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        # Flask would write the traceback to standard error; the request line has it.
        if exc_info[1] is not None:
            _note(exc_info[1], unexpected=True)

    app.register_error_handler(ProblemError, on_problem)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(Exception, on_anything)
    app.log_exception = log_exception  # type: ignore[method-assign] # Flask documents overriding it
