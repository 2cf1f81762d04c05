"""The users' views: registration and login, one's own profile, tokens for services, and what the issuer publishes."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus
from uuid import uuid4

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic_core import PydanticCustomError

from fleet.kit import auth, exchange, forms
from fleet.kit.app import Kit
from fleet.kit.errors import Conflict, NotFound, ProblemError, TooManyRequests, Unauthorized, Unprocessable
from fleet.kit.hashing import Passwords, TooManyHashes
from fleet.kit.passwords import prepared, weakness
from fleet.kit.problems import Problem
from fleet.kit.tokens import ISSUER, Verifier
from fleet.users import UsersSettings
from fleet.users.model import (
    PROFILE,
    SERVICE_NAME,
    SHOP,
    SHOP_AUDIENCE,
    SHOP_SCOPE,
    AccessToken,
    Account,
    Credentials,
    KeySet,
    Metadata,
    Profile,
    ProfileChange,
    Registration,
    ServiceToken,
    TokenError,
    TokenForm,
    account_name,
)
from fleet.users.store import Client, SigningKeys, User, UsersStore, digest

NO_STORE = {"Cache-Control": "no-store"}
CLIENT: list[dict[str, list[str]]] = [{"client": []}]  # as `openapi` names the scheme
REALM = 'Basic realm="seatrial", charset="UTF-8"'
NOBODY = digest("")  # what no registered client has


class NameTaken(Conflict):
    """The name, or one that a person could take for it, has an account."""

    slug, title = "name-taken", "The name is taken"


class WeakPassword(Unprocessable):
    """A guesser would try it early; the reason never repeats it."""

    slug, title = "weak-password", "The password is too easy to guess"


class LoginFailed(Unauthorized):
    """One answer for a wrong password and for a name that nobody has."""

    slug, title = "login-failed", "Login failed"


class TooManyFailures(TooManyRequests):
    """Logins with this name failed too often, whether or not somebody has it."""

    slug, title = "too-many-failed-logins", "Too many failed logins"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where accounts are made and credentials looked at."""

    store: UsersStore
    passwords: Passwords
    settings: UsersSettings
    clock: Callable[[], float]

    def register(self, wanted: Registration) -> User:
        """The new account's user.

        Raises:
            WeakPassword, NameTaken, TooManyHashes: nothing is stored.
        """
        password = prepared(wanted.password.get_secret_value())
        if (reason := weakness(password, known=(wanted.name, SERVICE_NAME))) is not None:
            raise WeakPassword(reason, extensions={"errors": [{"location": "password", "message": reason}]})
        # Looked at before the hash, which is dear, and again when it is stored.
        if self.store.is_taken(wanted.name):
            raise NameTaken("The name, or one that looks like it, is taken.")
        user = User(
            id=uuid4().hex,
            name=wanted.name,
            display_name=wanted.display_name or wanted.name,
            password_hash=self.passwords.hash(password),
            created=self.clock(),
        )
        if not self.store.add(user):
            raise NameTaken("The name, or one that looks like it, is taken.")
        return user

    def login(self, given: Credentials) -> User:
        """Whose credentials these are. The same is done, at the same cost, for a name that nobody has.

        Raises:
            LoginFailed, TooManyFailures, TooManyHashes: nobody's, or not looked at.
        """
        name, limits = _normalised(given.name), self.settings
        attempt = self.store.attempt(
            name, self.clock(), limit=limits.login_failures, window=limits.login_window_seconds
        )
        if attempt.retry_after:
            raise TooManyFailures("Too many logins with this name failed.", retry_after=attempt.retry_after)
        user, password = self.store.named(name), prepared(given.password.get_secret_value())
        try:
            matches = self.passwords.verify(user.password_hash if user else None, password)
        except TooManyHashes:
            self.store.withdraw(attempt)
            raise
        if user is None or not matches:
            raise LoginFailed("The name or the password is wrong.")
        self.store.succeeded(attempt)
        self._keep_up(user, password)
        return user

    def _keep_up(self, user: User, password: str) -> None:
        """Hash again when the cost was set anew; when there is no room for it now, the next login will."""
        if self.passwords.outdated(user.password_hash):
            with suppress(TooManyHashes):
                self.store.rehash(user.password_hash, self.passwords.hash(password))


def account_routes(desk: Desk, keys: SigningKeys, kit: Kit) -> APIBlueprint:
    """What needs no token."""
    routes = APIBlueprint("accounts", __name__)
    registered = kit.metrics.counter("users_registered_total")
    logins = kit.metrics.counter("logins_total")
    outcomes: dict[type[ProblemError], str] = {
        LoginFailed: "failed",
        TooManyFailures: "throttled",
        TooManyHashes: "overloaded",
    }

    @routes.post("/v1/users/register", summary="Make an account", responses={201: Account, 409: Problem, 503: Problem})
    def register(body: Registration) -> tuple[Account, int]:
        user = desk.register(body)
        _speaks_for(user.id)
        registered.inc()
        return Account(id=user.id, name=user.name, display_name=user.display_name), 201

    @routes.post(
        "/v1/users/login", summary="Log in", responses={200: AccessToken, 401: Problem, 429: Problem, 503: Problem}
    )
    def login(body: Credentials) -> tuple[AccessToken, int, dict[str, str]]:
        try:
            user = desk.login(body)
        except (LoginFailed, TooManyFailures, TooManyHashes) as refusal:
            logins.labels(login_outcome=outcomes[type(refusal)]).inc()
            raise
        _speaks_for(user.id)
        logins.labels(login_outcome="succeeded").inc()
        life = desk.settings.token_seconds
        token = keys.signer().issue(
            user.id, audience=SHOP_AUDIENCE, scope=SHOP_SCOPE, client_id=SHOP, life_seconds=life, now=desk.clock()
        )
        return AccessToken(access_token=token, expires_in=life), 200, NO_STORE

    return routes


def profile_routes(store: UsersStore, verifier: Verifier) -> APIBlueprint:
    """The caller's own account."""
    routes = APIBlueprint("profile", __name__, abp_security=auth.SECURITY)
    auth.protect(routes, verifier, scope=PROFILE)

    @routes.get("/v1/users/me", summary="My profile", responses={200: Profile, 404: Problem})
    def view_me() -> Profile:
        return _profile(store.user(auth.subject()))

    @routes.patch("/v1/users/me", summary="Change my display name", responses={200: Profile, 404: Problem})
    def change_me(body: ProfileChange) -> Profile:
        return _profile(store.rename(auth.subject(), body.display_name))

    return routes


def _profile(user: User | None) -> Profile:
    if user is None:
        raise NotFound("The token's subject has no account.")
    return Profile.model_validate({name: getattr(user, name) for name in Profile.model_fields})


def _speaks_for(user_id: str) -> None:
    if (scope := exchange.current()) is not None:
        scope.user_id = user_id


def _normalised(name: str) -> str:
    """The name as stored; what could not be one stays as it is, and is looked for like any other."""
    try:
        return account_name(name)
    except PydanticCustomError:
        return name


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


def token_routes(
    store: UsersStore, keys: SigningKeys, settings: UsersSettings, clock: Callable[[], float]
) -> APIBlueprint:
    """Tokens for services in their own name: OAuth 2.0 client credentials (RFC 6749, section 4.4)."""
    routes = APIBlueprint("tokens", __name__)
    path = "/oauth2/token"

    def issue(client: Client, form: dict[str, str]) -> ServiceToken:
        audience, life = form["audience"], settings.service_token_seconds
        scope = granted(client, audience, form.get("scope"))
        token = keys.signer().issue(
            client.id, audience=[audience], scope=scope, client_id=client.id, life_seconds=life, now=clock()
        )
        return ServiceToken(access_token=token, expires_in=life, scope=scope)

    @routes.post(
        path,
        summary="A token for another service",
        security=CLIENT,
        responses={200: ServiceToken, 400: TokenError, 401: TokenError},
    )
    def token() -> Any:
        try:
            form = token_form()
            return issue(authenticated(store, form), form), 200, NO_STORE
        except TokenRefused as refusal:
            return refusal.response()

    forms.describe(routes, path, TokenForm)
    return routes


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


def issuer_routes(keys: SigningKeys, settings: UsersSettings) -> APIBlueprint:
    """What the issuer publishes about itself."""
    routes = APIBlueprint("issuer", __name__)
    # A third of the time for which a key is published before it signs: caches on the way may add theirs to a verifier's.
    cached = {"Cache-Control": f"public, max-age={settings.publish_seconds // 3}"}
    base = (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
    metadata = Metadata(
        issuer=ISSUER,
        token_endpoint=f"{base}/oauth2/token",
        jwks_uri=f"{base}/.well-known/jwks.json",
        scopes_supported=SHOP_SCOPE.split(),
    )

    @routes.get("/.well-known/jwks.json", summary="The keys that verify tokens", responses={200: KeySet})
    def view_keys() -> tuple[dict[str, Any], int, dict[str, str]]:
        return keys.document(), 200, cached

    @routes.get("/.well-known/oauth-authorization-server", summary="About the issuer", responses={200: Metadata})
    def view_metadata() -> tuple[Metadata, int, dict[str, str]]:
        return metadata, 200, cached

    return routes
