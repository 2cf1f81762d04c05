"""The token check at a service's door, and the caller's subject and token for whoever asks behind it.

Runs before a view's inputs are read: who has no token learns nothing about them. What a token must be is `tokens`' part,
whose keys verify it `keys`'.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import Blueprint, g, request

from fleet.kit import exchange
from fleet.kit.errors import Forbidden, Unauthorized
from fleet.kit.faults import ACCEPT_EXPIRED
from fleet.kit.keys import HttpKeys, KeySource
from fleet.kit.tokens import InvalidToken, Token, Verifier

if TYPE_CHECKING:
    from fleet.kit.app import Kit

USERS = "users"  # the service that issues tokens and publishes the keys that verify them
DEFAULT_ADDRESSES = {USERS: ["127.0.0.1:8005"]}  # for a service started by hand
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]  # as `openapi` names the scheme


def verifier(kit: Kit, keys: KeySource | None = None) -> Verifier:
    """Verifies tokens meant for this service, by `keys`, else by the ones that the service `users` publishes."""
    source = keys or kit.keys or HttpKeys(kit.client(USERS))
    return Verifier(source, audience=kit.service, accept_expired=partial(kit.faults.active, ACCEPT_EXPIRED))


def protect(blueprint: Blueprint, verifier: Verifier, scope: str | None = None) -> None:
    """Let only callers with a valid token reach the blueprint's views; with `scope`, only tokens that have it."""

    def admit() -> None:
        token = g.token = authenticate(request.headers.get("Authorization"), verifier)
        current = exchange.current()
        # A service that calls for itself is no user.
        if current is not None and token.subject != token.client_id:
            current.user_id = token.subject
        if scope is not None and scope not in token.scopes:
            challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
            raise Forbidden(f"This needs a token with the scope {scope}.", headers={"WWW-Authenticate": challenge})

    blueprint.before_request(admit)


def authenticate(authorization: str | None, verifier: Verifier) -> Token:
    """The caller's token.

    Raises:
        Unauthorized: there is none, or it is not valid; with the challenge that RFC 6750 asks for.
        ClientError: whether it is valid cannot be told, since no key could be had yet.
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
