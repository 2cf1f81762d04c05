"""The shop's public door, as `populate` needs it: register, log in, put money in. No password or token is ever told."""

from __future__ import annotations

from collections.abc import Callable
from threading import local
from typing import Any, Protocol

import requests

from fleet.hooks.documents import HookError

TIMEOUT = (2.0, 30.0)  # seconds: connect, read; hashing passwords takes its time
Deposit = dict[str, object]


class Door(Protocol):
    """What customers do before the load; each raises HookError when it is not acknowledged."""

    def register(self, name: str, password: str) -> str:
        """The new user's id."""

    def login(self, name: str, password: str) -> tuple[str, int]:
        """An access token, and its life in seconds."""

    def deposit(self, token: str, amount: int, key: str) -> Deposit:
        """The acknowledged deposit: key, amount, id."""


class PublicDoor:
    """The gateway at `url`; one session, and so one connection, per thread."""

    def __init__(self, url: str, *, open_session: Callable[[], requests.Session] | None = None) -> None:
        self._url = url
        self._open_session = open_session or _session
        self._mine = local()

    def register(self, name: str, password: str) -> str:
        """The new user's id."""
        made = self._post("/v1/users/register", f"The registration of {name}", {"name": name, "password": password})
        return str(_member(made, "id"))

    def login(self, name: str, password: str) -> tuple[str, int]:
        """An access token, and its life in seconds."""
        given = self._post("/v1/users/login", f"The login of {name}", {"name": name, "password": password})
        return str(_member(given, "access_token")), int(_member(given, "expires_in"))

    def deposit(self, token: str, amount: int, key: str) -> Deposit:
        """The acknowledged deposit: key, amount, id."""
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        made = self._post("/v1/accounts/me/deposits", f"The deposit {key}", {"amount": amount}, headers)
        return {"key": key, "amount": amount, "id": _member(made, "id")}

    def _post(self, path: str, what: str, body: dict[str, object], headers: dict[str, str] | None = None) -> Any:
        try:
            answer = self._session().post(f"{self._url}{path}", json=body, headers=headers, timeout=TIMEOUT)
            document = answer.json()
        except requests.JSONDecodeError:
            raise HookError(f"{what} was answered {answer.status_code}, without JSON.") from None
        except requests.RequestException as error:
            raise HookError(f"{what} got no answer: {error}.") from error
        if not answer.ok:
            raise HookError(f"{what} was answered {answer.status_code}: {str(document)[:500]}")
        return document

    def _session(self) -> requests.Session:
        if not hasattr(self._mine, "session"):
            self._mine.session = self._open_session()
        session: requests.Session = self._mine.session
        return session


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def _member(document: Any, name: str) -> Any:
    """The member `name`; what else is in the document may be secret, so it is not shown."""
    if not isinstance(document, dict) or document.get(name) is None:
        raise HookError(f"An answer at the public door lacks {name}.")
    return document[name]
