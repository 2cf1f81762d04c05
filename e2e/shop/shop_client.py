"""A customer of the shop, as an app of theirs would be: plain HTTP to the door, a token once logged in, a key on each order."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import requests

TIMEOUT = (2.0, 20.0)


@dataclass
class Client:
    """`token` is empty before the login."""

    door: str
    token: str = ""
    name: str = ""
    http: requests.Session = field(default_factory=requests.Session, repr=False)

    def __post_init__(self) -> None:
        self.http.trust_env = False

    def ask(
        self, method: str, path: str, *, key: str = "", token: str | None = None, **options: Any
    ) -> requests.Response:
        headers = options.pop("headers", {})
        bearer = self.token if token is None else token
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        if key:
            headers["Idempotency-Key"] = key
        return self.http.request(method, f"{self.door}{path}", headers=headers, timeout=TIMEOUT, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.ask("POST", path, **options)

    def order(self, product: str, quantity: int = 1, key: str = "") -> requests.Response:
        return self.post("/v1/orders", json={"product_id": product, "quantity": quantity}, key=key or fresh("order"))

    def deposit(self, amount: int) -> requests.Response:
        return self.post("/v1/accounts/me/deposits", json={"amount": amount}, key=fresh("deposit"))


def fresh(what: str) -> str:
    return f"{what}-{secrets.token_hex(8)}"


def newcomer(door: str, balance: int = 10_000_000) -> Client:
    """Registered, logged in, with money."""
    client, password = Client(door, name=fresh("customer")), secrets.token_urlsafe(24)
    registered = client.post("/v1/users/register", json={"name": client.name, "password": password})
    assert registered.status_code == 201, registered.text
    entered = client.post("/v1/users/login", json={"name": client.name, "password": password})
    assert entered.status_code == 200, entered.text
    client.token = entered.json()["access_token"]
    assert client.deposit(balance).status_code == 201
    return client
