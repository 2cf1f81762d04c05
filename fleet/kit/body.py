"""Request bodies: taken whole or not at all, JSON read strictly wherever it is read, and the base classes of inputs.

Owns 400 (cut short, not JSON), 411 (no length), 413 (too large) and 415 (another media type or coding); 422 is
pydantic's and `problems`' part.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Request
from pydantic import BaseModel, ConfigDict

from fleet.kit import strict_json
from fleet.kit.errors import BadRequest, LengthRequired, Unprocessable, UnsupportedMediaType

_MISSING = object()


class InvalidBody(BadRequest):
    """The body is not JSON."""

    slug, title = "invalid-json", "The body is not valid JSON"


class IncompleteBody(BadRequest):
    """The client went away before it had sent what it declared; what came must not pass for the whole."""

    slug, title = "incomplete-body", "The body is incomplete"


class StrictRequest(Request):
    """Flask's request whose `get_json` is strict: `force` and `silent` do not make it read less strictly."""

    _document: Any = _MISSING

    def get_data(self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False) -> Any:  # noqa: FBT001, FBT002 - werkzeug's signature
        """As werkzeug's, for a body that came whole.

        Raises:
            LengthRequired: it comes in chunks; granian shows their loss as their end.
            IncompleteBody: less came than was declared.
        """
        if "Transfer-Encoding" in self.headers:
            raise LengthRequired("Send the body with a Content-Length, not in chunks.")
        data = super().get_data(cache=cache, parse_form_data=parse_form_data)
        if len(data) < (self.content_length or 0):
            raise IncompleteBody(f"{len(data)} of {self.content_length} bytes came.")
        return data.decode(errors="replace") if as_text else data

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: FBT001, FBT002, ARG002 - Flask's signature
        """The body's value, parsed once.

        Raises:
            UnsupportedMediaType: the body is declared as something else than JSON, or compressed.
            InvalidBody: it is not JSON, or not JSON that everyone reads alike.
            Unprocessable: a model is asked for, and the body is a string.
        """
        if self._document is _MISSING:
            self._refuse_other_media()
            try:
                self._document = strict_json.loads(self.get_data())
            except strict_json.InvalidJson as error:
                raise InvalidBody(f"The body is not valid JSON: {error}.") from None
        if silent and isinstance(self._document, str):
            # flask-openapi3, which alone asks silently, would parse the string's content as JSON once more, laxly.
            raise Unprocessable("The body is a string, not an object.")
        return self._document

    def _refuse_other_media(self) -> None:
        if self.mimetype != "application/json":
            raise UnsupportedMediaType(f"The body is {self.mimetype or 'of no declared type'}, not application/json.")
        if (coding := self.headers.get("Content-Encoding", "identity").lower()) != "identity":
            raise UnsupportedMediaType(f"The body is compressed with {coding}; send it plain.")


class _Cached(BaseModel):
    """flask-openapi3 asks for the schema of query and header models on every request; pydantic builds it each time."""

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As pydantic's; the parameterless call is answered from memory."""
        return super().model_json_schema(*args, **kwargs) if args or kwargs else _schema(cls)


@lru_cache(maxsize=1024)
def _schema(model: type[_Cached]) -> dict[str, Any]:
    return super(_Cached, model).model_json_schema()


class Input(_Cached):
    """Base of body, path and query models: a member that nobody asked for is an error, not a guess."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HeaderInput(_Cached):
    """Base of header models: every request has headers beside those asked for."""

    model_config = ConfigDict(extra="ignore", frozen=True)
