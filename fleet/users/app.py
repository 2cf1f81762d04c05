"""Puts users together."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fleet.kit import auth, standalone
from fleet.kit.app import KitApp, create_kit_app
from fleet.kit.database import open_store
from fleet.users import UsersSettings
from fleet.users.desk import Desk
from fleet.users.hashing import Passwords
from fleet.users.keyring import Rotation
from fleet.users.routes import account_routes, issuer_routes, profile_routes, token_routes
from fleet.users.signing import SigningKeys
from fleet.users.store import UsersStore, migrate


def create_app(
    settings: UsersSettings,
    *,
    store: UsersStore | None = None,
    passwords: Passwords | None = None,
    clock: Callable[[], float] = time.time,
    **collaborators: Any,
) -> KitApp:
    """The service; `collaborators` replace the kit's (see `create_kit_app`)."""
    app = create_kit_app("users", settings, **collaborators)
    store = store or UsersStore(open_store(app.kit, migrate))
    keys = SigningKeys(store.database, rotation(settings), clock=clock)
    desk = Desk(store, passwords or password_hashes(settings), settings, clock)
    app.register_api(account_routes(desk, keys, app.kit))
    app.register_api(profile_routes(store, auth.verifier(app.kit, keys)))
    app.register_api(token_routes(store, keys, settings, clock))
    app.register_api(issuer_routes(keys, settings))
    standalone.introduce(app.kit)
    return app


def rotation(settings: UsersSettings) -> Rotation:
    """How keys follow one another, as the settings say."""
    return Rotation(
        settings.signing_algorithm,
        rotate_seconds=settings.rotate_seconds,
        publish_seconds=settings.publish_seconds,
        token_seconds=max(settings.token_seconds, settings.service_token_seconds),
    )


def password_hashes(settings: UsersSettings) -> Passwords:
    """As dear, and as many at once, as the settings say."""
    return Passwords(
        settings.hash_cost,
        at_once=settings.hashes_at_once,
        waiting=settings.hashes_waiting,
        wait_seconds=settings.hash_wait_seconds,
    )
