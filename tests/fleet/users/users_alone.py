"""The users service in one process, with a clock that tests turn and a hasher that they can count."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import argon2
from werkzeug.test import TestResponse

from fleet.kit.database import Database
from fleet.kit.testing import Harness, capture
from fleet.users import UsersSettings
from fleet.users.app import create_app
from fleet.users.hashing import COSTS, Passwords
from fleet.users.store import Client, UsersStore, digest, migrate

PASSWORD = "correct horse battery staple"
SECRET = "s3cret-of-orders-which-is-256-bits"
GRANTS = {"inventory": "reservations", "payments": "charges refunds"}


class Clock:
    def __init__(self) -> None:
        self.now = float(int(time.time()))

    def __call__(self) -> float:
        return self.now


class CountingHasher(argon2.PasswordHasher):
    """Hashes at a cost, and notes what it verified against."""

    def __init__(self) -> None:
        memory, passes, lanes = COSTS["cheapest"]
        super().__init__(passes, memory, lanes)
        self.verified: list[str] = []
        self.hashed = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.hashed += 1
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002 - argon2's name
        self.verified.append(str(hash))
        return super().verify(hash, password)


@dataclass
class UsersAlone:
    harness: Harness
    database: Database
    store: UsersStore
    clock: Clock
    hasher: CountingHasher

    def post(self, path: str, **document: Any) -> TestResponse:
        return self.harness.client.post(path, json=document)

    def register(self, name: str = "ada", password: str = PASSWORD, **more: Any) -> TestResponse:
        return self.post("/v1/users/register", name=name, password=password, **more)

    def login(self, name: str = "ada", password: str = PASSWORD) -> TestResponse:
        return self.post("/v1/users/login", name=name, password=password)

    def token(self, name: str = "ada") -> str:
        return str(self.login(name).get_json()["access_token"])

    def me(self, token: str) -> TestResponse:
        return self.harness.client.get("/v1/users/me", headers={"Authorization": f"Bearer {token}"})

    def change(self, token: str, **document: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {token}"}
        return self.harness.client.patch("/v1/users/me", json=document, headers=headers)

    def grant(self, form: dict[str, str] | bytes | None = None, **headers: str) -> TestResponse:
        """POST /oauth2/token; the good form and the good credentials unless others are given."""
        body = {"grant_type": "client_credentials", "audience": "payments"} if form is None else form
        given = {"Authorization": basic("orders", SECRET)} | headers
        kind = given.pop("content_type", "application/x-www-form-urlencoded")
        return self.harness.client.post("/oauth2/token", data=body, headers=given, content_type=kind)

    def jwks(self) -> Any:
        return self.harness.client.get("/.well-known/jwks.json").get_json()


Opened = Callable[..., UsersAlone]  # what the fixture `opened` gives


def basic(client_id: str, secret: str) -> str:
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def open_users(file: Path, *, passwords: Passwords | None = None, **settings: Any) -> UsersAlone:
    """A replica with the client `orders`; the cheapest hashes unless `hash_cost` says otherwise."""
    chosen = UsersSettings(**{"hash_cost": "cheapest"} | settings)
    database = Database(f"sqlite:///{file}")
    migrate(database)
    store, clock, hasher = UsersStore(database), Clock(), CountingHasher()
    store.register_client(Client("orders", digest(SECRET), GRANTS))
    if passwords is None and chosen.hash_cost == "cheapest":
        passwords = Passwords("cheapest", at_once=2, waiting=64, wait_seconds=5, hasher=hasher)
    app = create_app(chosen, store=store, passwords=passwords, clock=clock, sink=lambda _: None, strict=True)
    return UsersAlone(capture(app), database, store, clock, hasher)
