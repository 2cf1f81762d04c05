"""The public door against answers from a script: requests' own transport adapters take the network's place."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from fleet.hooks.documents import HookError
from fleet.hooks.door import PublicDoor


class Scripted(BaseAdapter):
    """Answers every request alike, or fails, and keeps what was sent."""

    def __init__(self, status: int, body: bytes | Exception) -> None:
        super().__init__()
        self.status, self.body = status, body
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.sent.append(request)
        if isinstance(self.body, Exception):
            raise self.body
        answer = requests.Response()
        answer.status_code, answer._content, answer.url = self.status, self.body, str(request.url)
        return answer

    def close(self) -> None:
        pass


def door(status: int, body: Any) -> tuple[PublicDoor, Scripted]:
    adapter = Scripted(status, body if isinstance(body, bytes | Exception) else json.dumps(body).encode())
    session = requests.Session()
    session.mount("http://", adapter)
    return PublicDoor("http://shop.invalid", open_session=lambda: session), adapter


def test_registering_gives_the_id() -> None:
    opened, adapter = door(201, {"id": "u1", "name": "cust-1"})
    assert opened.register("cust-1", "a password") == "u1"
    assert adapter.sent[0].path_url == "/v1/users/register"
    assert json.loads(adapter.sent[0].body or b"") == {"name": "cust-1", "password": "a password"}


def test_logging_in_gives_a_token_and_its_life() -> None:
    opened, _ = door(200, {"access_token": "t", "token_type": "Bearer", "expires_in": 7200})
    assert opened.login("cust-1", "a password") == ("t", 7200)


def test_a_deposit_is_the_tokens_under_its_key() -> None:
    opened, adapter = door(201, {"id": "d1", "amount": 5, "balance": 5})
    assert opened.deposit("t", 5, "k1") == {"key": "k1", "amount": 5, "id": "d1"}
    assert adapter.sent[0].headers["Authorization"] == "Bearer t"
    assert adapter.sent[0].headers["Idempotency-Key"] == "k1"


@pytest.mark.parametrize(
    "status, body, sentence",
    [
        pytest.param(409, {"title": "The name is taken"}, "was answered 409: .*name is taken", id="refused"),
        pytest.param(502, b"<html>", "was answered 502, without JSON", id="not-the-shop"),
        pytest.param(0, requests.ConnectionError("refused"), "got no answer: refused", id="nobody-there"),
        pytest.param(200, {"token_type": "Bearer", "refresh": "hidden"}, "lacks access_token", id="other-shape"),
        pytest.param(200, ["hidden"], "lacks access_token", id="no-object"),
    ],
)
def test_whatever_is_not_acknowledged_is_said_without_secrets(status: int, body: Any, sentence: str) -> None:
    opened, _ = door(status, body)
    with pytest.raises(HookError, match=sentence) as caught:
        opened.login("cust-1", "a password")
    assert not [secret for secret in ("a password", "hidden") if secret in str(caught.value)]
