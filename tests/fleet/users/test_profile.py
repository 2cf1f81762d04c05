from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from users_alone import UsersAlone, basic

from fleet.users import UsersSettings
from fleet.users.app import rotation
from fleet.users.model import SHOP_AUDIENCE, SHOP_SCOPE
from fleet.users.signing import SigningKeys


def signed(users: UsersAlone, subject: str, **claims: object) -> str:
    """A token by this service's own key, as it would not be issued."""
    app_keys = SigningKeys(users.database, rotation(UsersSettings()), clock=users.clock)
    given = {"audience": SHOP_AUDIENCE, "scope": SHOP_SCOPE, "life_seconds": 60, "now": users.clock()} | claims
    return app_keys.signer().issue(subject, **given)  # type: ignore[arg-type] # claims of any kind


def test_my_profile_is_mine(users: UsersAlone) -> None:
    made = users.register(display_name="Ada Lovelace").get_json()
    created = datetime.fromtimestamp(users.clock(), UTC).isoformat().replace("+00:00", "Z")
    assert users.me(users.token()).get_json() == made | {"created": created}


def test_my_display_name_is_changed(users: UsersAlone) -> None:
    users.register()
    token = users.token()
    answer = users.change(token, display_name=" Countess ")
    assert (answer.status_code, answer.get_json()["display_name"]) == (200, "Countess")
    assert users.me(token).get_json() == answer.get_json()


def test_nobody_elses_is(users: UsersAlone) -> None:
    users.register("ada")
    users.register("bob")
    users.change(users.token("ada"), display_name="Countess")
    assert users.me(users.token("bob")).get_json()["display_name"] == "bob"


@pytest.mark.parametrize(
    "change",
    [{}, {"name": "eve"}, {"display_name": "x", "id": "y"}, {"display_name": None}, {"display_name": "a\nb"}],
    ids=str,
)
def test_nothing_else_can_be_changed(users: UsersAlone, change: dict[str, object]) -> None:
    users.register()
    assert users.change(users.token(), **change).status_code == 422


def test_without_a_token_there_is_no_profile(users: UsersAlone) -> None:
    answer = users.harness.client.get("/v1/users/me")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    "claims,status",
    [
        ({"scope": "account orders"}, 403),
        ({"audience": ["orders"]}, 401),
        ({"life_seconds": -1}, 401),
        ({"iss": "another-shop"}, 401),
    ],
    ids=["scope", "audience", "expired", "issuer"],
)
def test_a_token_for_something_else_opens_nothing(users: UsersAlone, claims: dict[str, object], status: int) -> None:
    user = users.register().get_json()["id"]
    assert users.me(signed(users, user)).status_code == 200
    assert users.me(signed(users, user, **claims)).status_code == status


def test_a_services_own_token_is_no_users(users: UsersAlone) -> None:
    token = users.grant().get_json()["access_token"]
    assert users.me(token).status_code == 401


def test_client_credentials_open_no_profile(users: UsersAlone) -> None:
    headers = {"Authorization": basic("orders", "x")}
    assert users.harness.client.get("/v1/users/me", headers=headers).status_code == 401


def test_a_subject_without_an_account_is_not_found(users: UsersAlone) -> None:
    token = signed(users, uuid4().hex)
    assert (users.me(token).status_code, users.change(token, display_name="x").status_code) == (404, 404)
