"""The users' views: registration and login, one's own profile, tokens for services, and what the issuer publishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_openapi3.blueprint import APIBlueprint

from fleet.kit import auth, exchange, forms
from fleet.kit.app import Kit
from fleet.kit.errors import NotFound, ProblemError
from fleet.kit.problems import Problem
from fleet.kit.tokens import ISSUER, Verifier
from fleet.users import UsersSettings
from fleet.users.desk import Desk, LoginFailed, TooManyFailures
from fleet.users.hashing import TooManyHashes
from fleet.users.model import (
    PROFILE,
    SHOP,
    SHOP_AUDIENCE,
    SHOP_SCOPE,
    AccessToken,
    Credentials,
    KeySet,
    Member,
    Metadata,
    Profile,
    ProfileChange,
    Registration,
    ServiceToken,
    TokenError,
    TokenForm,
)
from fleet.users.oauth import NO_STORE, TokenRefused, authenticated, granted, token_form
from fleet.users.signing import SigningKeys
from fleet.users.store import Client, User, UsersStore

CLIENT: list[dict[str, list[str]]] = [{"client": []}]  # as `openapi` names the scheme


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
    for outcome in ("succeeded", *outcomes.values()):  # at 0 from the start, as all counters
        logins.labels(login_outcome=outcome)

    @routes.post("/v1/users/register", summary="Make an account", responses={201: Member, 409: Problem, 503: Problem})
    def register(body: Registration) -> tuple[Member, int]:
        user = desk.register(body)
        _speaks_for(user.id)
        registered.inc()
        return Member(id=user.id, name=user.name, display_name=user.display_name), 201

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
