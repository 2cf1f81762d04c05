from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from users_alone import Opened

from fleet.users import UsersSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"publish_seconds": 86400},
        {"publish_seconds": 600, "rotate_seconds": 600},
        {"token_seconds": 0},
        {"signing_algorithm": "HS256"},
        {"signing_algorithm": "none"},
        {"hash_cost": "none"},
        {"hashes_at_once": 0},
        {"login_failures": 0},
    ],
    ids=str,
)
def test_a_bad_setting_stops_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        UsersSettings(**wrong)


def test_tokens_live_as_long_as_is_set(opened: Opened) -> None:
    users = opened(token_seconds=7200, service_token_seconds=30)
    users.register()
    assert [users.login().get_json()["expires_in"], users.grant().get_json()["expires_in"]] == [7200, 30]


def test_every_operation_is_documented(opened: Opened) -> None:
    document = opened().harness.client.get("/openapi.json").get_json()
    operations = {f"{method} {path}" for path, item in document["paths"].items() for method in item}
    assert operations == {
        "post /v1/users/register",
        "post /v1/users/login",
        "get /v1/users/me",
        "patch /v1/users/me",
        "post /oauth2/token",
        "get /.well-known/jwks.json",
        "get /.well-known/oauth-authorization-server",
    }
    register = document["paths"]["/v1/users/register"]["post"]["responses"]
    assert {"201", "400", "409", "413", "415", "422", "503"} <= register.keys()
    assert "application/problem+json" in register["409"]["content"]
    assert document["components"]["schemas"]["Registration"]["properties"]["password"]["writeOnly"] is True
