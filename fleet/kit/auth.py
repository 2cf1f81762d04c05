"""The token check at a service's door, and the caller's subject and token for whoever asks behind it.

Runs before a view's inputs are read: who has no token learns nothing about them. What a token must be is `tokens`' part.
"""

from __future__ import annotations

from flask import Blueprint, g, request

from fleet.kit import exchange
from fleet.kit.errors import Unauthorized
from fleet.kit.settings import Settings
from fleet.kit.standalone import FOLDER
from fleet.kit.tokens import InvalidToken, JwksFile, Token, Verifier

SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]  # as `openapi` names the scheme


def verifier(settings: Settings) -> Verifier:
    """Verifies against the JWKS file that the settings name."""
    return Verifier(JwksFile(settings.jwks_file or FOLDER / "jwks.json"))


def protect(blueprint: Blueprint, verifier: Verifier) -> None:
    """Let only callers with a valid token reach the blueprint's views."""

    def admit() -> None:
        g.token = authenticate(request.headers.get("Authorization"), verifier)
        if (scope := exchange.current()) is not None:
            scope.user_id = g.token.subject

    blueprint.before_request(admit)


def authenticate(authorization: str | None, verifier: Verifier) -> Token:
    """The caller's token.

    Raises:
        Unauthorized: there is none, or it is not valid; with the challenge that RFC 6750 asks for.
    """
    if authorization is None:
        raise Unauthorized("This needs an access token: Authorization: Bearer <token>.", challenge="Bearer")
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("Only bearer tokens are taken: Authorization: Bearer <token>.", challenge="Bearer")
    try:
        return verifier.verify(text)
    except InvalidToken as error:
        raise Unauthorized(str(error), challenge='Bearer error="invalid_token"') from None


def subject() -> str:
    """Who calls; only behind `protect`."""
    return str(g.token.subject)


def onward() -> dict[str, str]:
    """The header that carries the caller's token to the next service; only behind `protect`."""
    return {"Authorization": f"Bearer {g.token.text}"}
