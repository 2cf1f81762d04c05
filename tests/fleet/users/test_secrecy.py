from __future__ import annotations

import json

import pytest
from prometheus_client import generate_latest
from users_alone import PASSWORD, SECRET, UsersAlone, basic

from fleet.users.model import Credentials

WRONG = "quite another horse battery"
WEAK = "hunter2hunter2"


def everything_told(users: UsersAlone) -> tuple[list[str], str]:
    """Every answer but the good tokens', and every line and metric, of an afternoon at the desk."""
    answers = [
        users.register(),
        users.register(),
        users.register("bob", WEAK),
        users.post("/v1/users/register", name="bob", password={"nested": PASSWORD}),
        users.post("/v1/users/register", name=PASSWORD, password=PASSWORD),
        users.harness.client.post(
            "/v1/users/register", data=f'{{"password": "{PASSWORD}"', content_type="application/json"
        ),
        users.login("ada", WRONG),
        users.login(PASSWORD, WRONG),
        users.post("/v1/users/login", name="ada", password=[PASSWORD]),
        users.post("/v1/users/login", name="ada", password=PASSWORD, other=PASSWORD),
        users.me("eyJhbGciOiJub25lIn0.e30."),
        users.grant(Authorization=basic("orders", WRONG)),
        users.grant({"grant_type": "client_credentials", "audience": "payments", "client_secret": SECRET}),
        users.change(users.token(), display_name="x"),
    ]
    users.grant()
    lines = [json.dumps(line, ensure_ascii=False) for line in users.harness.captured.lines]
    told = [answer.text for answer in answers] + lines
    return told, generate_latest(users.harness.registry).decode()


@pytest.mark.parametrize(
    "secret",
    [PASSWORD, WRONG, WEAK, SECRET, basic("orders", SECRET).split()[1], "PRIVATE KEY", "$argon2id$", "eyJ"],
    ids=["password", "wrong", "weak", "client-secret", "basic", "private-key", "hash", "token"],
)
def test_no_secret_is_told_to_anybody(users: UsersAlone, secret: str) -> None:
    told, metrics = everything_told(users)
    assert [text for text in told if secret in text] == []
    assert secret not in metrics


@pytest.mark.parametrize("table", ["users", "signing_keys"])
def test_a_row_that_cannot_be_written_is_not_told(users: UsersAlone, table: str) -> None:
    with users.database.write() as connection:
        connection.exec_driver_sql(
            f"CREATE TRIGGER broken BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )
    answers = [users.register(), users.harness.client.get("/.well-known/jwks.json")]
    told = [*(answer.text for answer in answers), *map(json.dumps, users.harness.captured.lines)]
    assert 500 in {answer.status_code for answer in answers}
    assert [text for text in told if "$argon2id$" in text or "PRIVATE KEY" in text or PASSWORD in text] == []


def test_what_is_told_is_in_the_contract(users: UsersAlone) -> None:
    everything_told(users)
    users.harness.assert_contract()


def test_lines_name_the_user_by_id(users: UsersAlone) -> None:
    made = users.register().get_json()["id"]
    users.login()
    named = [line.get("user.id") for line in users.harness.captured.of("http.server.request")]
    assert named == [made, made]


def test_credentials_do_not_show_when_printed() -> None:
    assert PASSWORD not in repr(Credentials.model_validate({"name": "ada", "password": PASSWORD}))
