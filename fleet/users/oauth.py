"""What a service must bring for a token in its own name: client credentials (RFC 6749, section 4.4), read and judged.

Every refusal is a `TokenRefused`, answered as section 5.2 of the RFC asks. Issuing is the views' part.
"""

from __future__ import annotations

import base64
import hmac
from urllib.parse import unquote_plus

from flask import Response, request

from fleet.kit import forms
from fleet.users.model import TokenError
from fleet.users.store import Client, UsersStore, digest

NO_STORE = {"Cache-Control": "no-store"}
REALM = 'Basic realm="seatrial", charset="UTF-8"'
NOBODY = digest("")  # what no registered client has


class TokenRefused(Exception):
    """An error of RFC 6749, section 5.2; the description goes to the caller."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error

    def response(self) -> Response:
        """401 with a challenge for a client that is none, else 400."""
        unknown = self.error == "invalid_client"
        body = TokenError(error=self.error, error_description=str(self)).model_dump_json()
        headers = NO_STORE | ({"WWW-Authenticate": REALM} if unknown else {})
        return Response(body, 401 if unknown else 400, headers, mimetype="application/json")


def token_form() -> dict[str, str]:
    """The request's parameters. Raises TokenRefused."""
    try:
        form = forms.read(request)
    except forms.InvalidForm as error:
        raise TokenRefused("invalid_request", f"The request cannot be read: {error}.") from None
    if missing := [name for name in ("grant_type", "audience") if name not in form]:
        raise TokenRefused("invalid_request", f"Missing: {', '.join(missing)}.")
    if form["grant_type"] != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "The grant type must be client_credentials.")
    if "client_secret" in form:
        raise TokenRefused("invalid_request", "The client's secret goes into the Authorization header.")
    return form


def authenticated(store: UsersStore, form: dict[str, str]) -> Client:
    """The client that the request's Basic credentials are of. Raises TokenRefused."""
    client_id, secret = basic(request.headers.get("Authorization"))
    client = store.client(client_id)
    matches = hmac.compare_digest(digest(secret), client.secret_digest if client else NOBODY)
    if client is None or not matches:
        raise TokenRefused("invalid_client", "The client is unknown or its secret is wrong.")
    if form.get("client_id", client_id) != client_id:
        raise TokenRefused("invalid_request", "The client_id is not that of the Authorization header.")
    return client


def basic(authorization: str | None) -> tuple[str, str]:
    """Client id and secret, form-encoded inside HTTP Basic (RFC 6749, section 2.3.1). Raises TokenRefused."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        raise TokenRefused("invalid_client", "The client must authenticate by HTTP Basic.")
    try:
        pair = base64.b64decode(encoded, validate=True).decode("utf-8")
        client_id, colon, secret = (unquote_plus(part, errors="strict") for part in pair.partition(":"))
    except ValueError:  # not base64, or not UTF-8
        raise TokenRefused("invalid_client", "The client's credentials cannot be read.") from None
    if not colon:
        raise TokenRefused("invalid_client", "The client's credentials cannot be read.")
    return client_id, secret


def granted(client: Client, audience: str, wanted: str | None) -> str:
    """The scope of a token for `audience`: what was granted, or the part of it that is wanted. Raises TokenRefused."""
    scope = client.grants.get(audience)
    if scope is None:
        raise TokenRefused("invalid_target", "The client was granted nothing at this audience.")
    if wanted is None:
        return scope
    names = list(dict.fromkeys(wanted.split()))
    if not names or not set(names) <= set(scope.split()):
        raise TokenRefused("invalid_scope", "The client was granted less, or nothing is asked for.")
    return " ".join(names)
