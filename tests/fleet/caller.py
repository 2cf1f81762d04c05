"""Somebody with every right: a customer who registered and logged in, and a service with tokens of its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any
from urllib.parse import urlencode

from documented import FORM, JSON, Came, Operation, Sent, operations

CLIENT = "orders"  # the one that may call others for itself
PASSWORD = "mizzen topsail halyard 1861"
PLENTY = 1_000_000_000
Send = Callable[[str, Sent], Came]


class Caller:
    """Calls a shop by `send(service, request)`; `secret` is the client's, `known` what a schema cannot tell.

    The accounts are called `name` and something; the one that others may log in with must wait after ten failures.
    """

    def __init__(self, send: Send, secret: str, name: str = "hostile", **known: Any) -> None:
        self.send = send
        self._basic = "Basic " + base64.b64encode(f"{CLIENT}:{secret}".encode()).decode()
        self._own: dict[str, dict[str, str]] = {}
        self._numbers = count()
        self._subject, self._token = self._customer(f"{name}.caller")
        other, _ = self._customer(f"{name}.other")
        self._deposit()
        self.known: Mapping[str, Any] = {
            "name": f"{name}.other",
            "password": PASSWORD,
            "display_name": "Somebody Else",
            "account_id": self._subject,
            "user_id": other,
            "audience": "inventory",
            "scope": "reservations",
            "amount": 1,
            **known,
        }

    def operations(self, service: str) -> list[Operation]:
        """Those that the service documents."""
        document = json.loads(self.send(service, Sent("GET", "/openapi.json")).body)
        return list(operations(service, document, self.known))

    def key(self) -> str:
        """An Idempotency-Key that nobody has used."""
        return f"hostile-{next(self._numbers)}-{id(self)}"

    def good(self, operation: Operation) -> Sent:
        """A good request to the operation, in the name of who may make it."""
        return operation.good(self.headers(operation), self.key())

    def headers(self, operation: Operation) -> dict[str, str]:
        """What identifies a caller that the operation lets in; found out by asking."""
        if operation.name not in self._own:
            self._own[operation.name] = self._found_out(operation)
        return self._own[operation.name]

    def _found_out(self, operation: Operation) -> dict[str, str]:
        schemes = {name for each in operation.spec.get("security", []) for name in each}
        if "bearer" not in schemes:
            return {"Authorization": self._basic} if schemes else {}
        customer = {"Authorization": f"Bearer {self._token}"}
        if self.send(operation.service, operation.good(customer, self.key())).status not in {401, 403}:
            return customer
        return {"Authorization": f"Bearer {self._service_token(operation.service)}"}

    def _customer(self, name: str) -> tuple[str, str]:
        credentials = {"name": name, "password": PASSWORD}
        self._post("/v1/users/register", credentials)
        token = self._post("/v1/users/login", credentials)["access_token"]
        profile = self.send("users", Sent("GET", "/v1/users/me", headers=(("Authorization", f"Bearer {token}"),)))
        return json.loads(profile.body)["id"], token

    def _service_token(self, audience: str) -> str:
        form = urlencode({"grant_type": "client_credentials", "audience": audience}).encode()
        headers = (("Authorization", self._basic), ("Content-Type", FORM))
        return str(
            json.loads(self.send("users", Sent("POST", "/oauth2/token", "", headers, form)).body)["access_token"]
        )

    def _deposit(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": self.key(), "Content-Type": JSON}
        body = json.dumps({"amount": PLENTY}).encode()
        came = self.send("payments", Sent("POST", "/v1/accounts/me/deposits", "", tuple(headers.items()), body))
        assert came.status == 201, came

    def _post(self, path: str, document: object) -> dict[str, Any]:
        sent = Sent("POST", path, "", (("Content-Type", JSON),), json.dumps(document).encode())
        return dict(json.loads(self.send("users", sent).body))
