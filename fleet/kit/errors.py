"""Everything the kit raises on purpose. Answering with them is `problems`' part.

KitError                        a fault of the program or of its surroundings
├── SettingsError               a bad environment variable; the start stops
│   └── StoreUrlError           the one that names the store
├── ContractError               a metric, label or log field that telemetry.yml does not have
└── ProblemError        500     an answer: RFC 9457, the HTTP status belongs to the class
    ├── BadRequest      400     ├── Unauthorized 401    ├── PaymentRequired 402  ├── Forbidden 403
    ├── NotFound        404     ├── Conflict     409    ├── ContentTooLarge 413  ├── UnsupportedMediaType 415
    ├── LengthRequired  411     ├── Unprocessable 422   ├── TooManyRequests 429  ├── InternalError 500
    └── ClientError     503     no usable answer from another service
        ├── Unavailable 503     ├── TimedOut     504    ├── DeadlineExceeded 504 └── UnexpectedAnswer 502
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class KitError(Exception):
    """Says what happened, with which value, and what to do."""


class SettingsError(KitError):
    """A setting is missing or wrong; the message names the environment variable."""


class StoreUrlError(SettingsError):
    """The store's URL names a kind of store, or a place, that cannot be served."""


class ContractError(KitError):
    """A telemetry name, type or label that telemetry.yml does not have."""


class ProblemError(KitError):
    """Becomes an `application/problem+json` answer of the class's status.

    `detail` is for the caller, so it holds no secret; `extensions` are further members of the document.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str | None = None,
        *,
        extensions: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extensions = dict(extensions or {})
        self.headers = dict(headers or {})


class BadRequest(ProblemError):
    """The request cannot be read: malformed JSON, a missing required header."""

    status, slug, title = 400, "bad-request", "Bad request"


class Unauthorized(ProblemError):
    """No token, or one that does not hold; RFC 6750 asks for the challenge header."""

    status, slug, title = 401, "unauthorized", "Unauthorized"

    def __init__(self, detail: str | None = None, *, challenge: str = "Bearer") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


class PaymentRequired(ProblemError):
    """The money is not there."""

    status, slug, title = 402, "payment-required", "Payment required"


class Forbidden(ProblemError):
    """The token holds but does not allow this."""

    status, slug, title = 403, "forbidden", "Forbidden"


class NotFound(ProblemError):
    """There is no such thing, or not for this caller."""

    status, slug, title = 404, "not-found", "Not found"


class Conflict(ProblemError):
    """The state of the thing does not allow this now."""

    status, slug, title = 409, "conflict", "Conflict"


class LengthRequired(ProblemError):
    """The body has no declared length: of one in chunks the server cannot tell whether it came whole."""

    status, slug, title = 411, "length-required", "Length required"


class ContentTooLarge(ProblemError):
    """The body is above the limit."""

    status, slug, title = 413, "content-too-large", "Content too large"


class UnsupportedMediaType(ProblemError):
    """The body is not JSON; RFC 9110 lets the answer name what is accepted."""

    status, slug, title = 415, "unsupported-media-type", "Unsupported media type"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Accept": "application/json"})


class Unprocessable(ProblemError):
    """Well-formed, but a value is wrong; `errors` in the extensions says which."""

    status, slug, title = 422, "unprocessable-content", "Unprocessable content"


class TooManyRequests(ProblemError):
    """The caller is over its rate; `retry_after` is in seconds."""

    status, slug, title = 429, "too-many-requests", "Too many requests"

    def __init__(self, detail: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class InternalError(ProblemError):
    """Ours to mend; nothing of the cause goes out."""


class ClientError(ProblemError):
    """A call to another service gave no usable answer.

    `outcome_unknown` is true when the request may have been acted on: it was sent, and no answer came.
    """

    status, slug, title = 503, "callee-unavailable", "A service behind this one is unavailable"

    def __init__(self, detail: str | None = None, *, callee: str = "", outcome_unknown: bool = False) -> None:
        super().__init__(detail)
        self.callee = callee
        self.outcome_unknown = outcome_unknown


class Unavailable(ClientError):
    """No address, no connection, or the connection broke."""


class TimedOut(ClientError):
    """No answer within the time-out."""

    status, slug, title = 504, "callee-timed-out", "A service behind this one did not answer in time"


class DeadlineExceeded(ClientError):
    """The time that the caller gave is used up."""

    status, slug, title = 504, "deadline-exceeded", "The deadline has passed"


class UnexpectedAnswer(ClientError):
    """An answer came that the caller has no use for."""

    status, slug, title = 502, "unexpected-answer", "A service behind this one gave an unexpected answer"
