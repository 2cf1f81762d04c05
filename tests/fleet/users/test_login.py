from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import argon2
import pytest
from sqlalchemy import event
from users_alone import PASSWORD, Opened, UsersAlone

from fleet.kit.keys import StaticKeys
from fleet.kit.tokens import Verifier
from fleet.users.hashing import Passwords, TooManyHashes

WRONG = "quite another horse battery"


def test_a_login_gives_a_token_that_every_service_of_the_shop_takes(users: UsersAlone) -> None:
    made, answer = users.register().get_json(), users.login().get_json()
    keys = StaticKeys(users.jwks())
    tokens = [
        Verifier(keys, audience=service).verify(answer["access_token"])
        for service in ("gateway", "users", "orders", "payments", "activity")
    ]
    assert {token.subject for token in tokens} == {made["id"]}
    assert tokens[0].scopes == {"profile", "account", "orders", "feed"}
    assert (answer["token_type"], answer["expires_in"], tokens[0].client_id) == ("Bearer", 3600, "shop")


def test_a_token_is_in_no_cache(users: UsersAlone) -> None:
    users.register()
    assert users.login().headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["ada", "ADA", "ａｄａ"], ids=["as-stored", "case", "full-width"])  # noqa: RUF001
def test_a_name_is_found_however_it_is_typed(users: UsersAlone, name: str) -> None:
    users.register()
    assert users.login(name).status_code == 200


def test_a_password_is_the_same_on_another_keyboard(users: UsersAlone) -> None:
    users.register(password="une \u00e9cole tr\u00e8s calme")
    assert users.login(password="une e\u0301cole tre\u0300s calme").status_code == 200


def test_an_unknown_name_and_a_wrong_password_get_one_answer(users: UsersAlone) -> None:
    users.register()
    answers = [users.login("ada", WRONG), users.login("nobody", WRONG), users.login("no name at all!", "")]
    told = {(a.status_code, a.text, a.headers["WWW-Authenticate"], a.headers["Content-Type"]) for a in answers}
    assert len(told) == 1
    assert answers[0].get_json()["type"].endswith("/login-failed")


def test_for_whoever_it_is_one_hash_of_the_same_cost_is_verified(users: UsersAlone) -> None:
    users.register()
    for name, password in [("ada", PASSWORD), ("ada", WRONG), ("nobody", WRONG), ("!", "")]:
        users.login(name, password)
    assert len(users.hasher.verified) == 4
    assert len({str(argon2.extract_parameters(stored)) for stored in users.hasher.verified}) == 1


def test_the_store_is_asked_the_same_for_whoever_it_is(users: UsersAlone) -> None:
    users.register()
    asked = [statements(users, name) for name in ("ada", "nobody", "!")]
    assert len(asked[0]) == 4
    assert asked[0] == asked[1] == asked[2]


def statements(users: UsersAlone, name: str) -> list[str]:
    """What a failed login as `name` says to the store."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(users.database._kind.engine, "before_cursor_execute", note)
    users.login(name, WRONG)
    event.remove(users.database._kind.engine, "before_cursor_execute", note)
    return said


def test_after_too_many_failures_the_name_waits(users: UsersAlone) -> None:
    users.register()
    failed = [users.login("ada", WRONG).status_code for _ in range(10)]
    refused = users.login()
    assert (set(failed), refused.status_code, refused.headers["Retry-After"]) == ({401}, 429, "900")


def test_a_name_that_nobody_has_waits_the_same(users: UsersAlone) -> None:
    users.register()
    answers = [[users.login(name, WRONG) for _ in range(12)] for name in ("ada", "nobody", "!")]
    told = [[(a.status_code, a.text, a.headers.get("Retry-After")) for a in of_one] for of_one in answers]
    assert told[0] == told[1] == told[2]


def test_the_wait_ends(users: UsersAlone) -> None:
    users.register()
    for _ in range(10):
        users.login("ada", WRONG)
    users.clock.now += 900
    assert users.login().status_code == 200


def test_the_wait_is_told_in_what_is_left_of_it(users: UsersAlone) -> None:
    users.login("ada", WRONG)
    users.clock.now += 600
    for _ in range(9):
        users.login("ada", WRONG)
    assert users.login("ada", WRONG).headers["Retry-After"] == "300"


def test_a_success_forgets_the_failures(users: UsersAlone) -> None:
    users.register()
    for _ in range(3):
        assert [users.login("ada", WRONG).status_code for _ in range(9)] == [401] * 9
        assert users.login().status_code == 200


def test_one_names_failures_are_not_anothers(users: UsersAlone) -> None:
    users.register("bob")
    for _ in range(12):
        users.login("ada", WRONG)
    assert users.login("bob").status_code == 200


def test_replicas_share_the_count(opened: Opened) -> None:
    one, other = opened(), opened()
    one.register()
    for replica in (one, other) * 5:
        replica.login("ada", WRONG)
    assert (one.login().status_code, other.login().status_code) == (429, 429)


def test_many_at_once_do_not_pass_the_limit(users: UsersAlone) -> None:
    users.register()
    with ThreadPoolExecutor(32) as threads:
        statuses = list(threads.map(lambda _: users.login("ada", WRONG).status_code, range(64)))
    assert (statuses.count(401), statuses.count(429)) == (10, 54)


def test_old_attempts_leave_the_store(users: UsersAlone) -> None:
    for number in range(20):
        users.login(f"nobody-{number}", WRONG)
    users.clock.now += 900
    users.login("somebody", WRONG)
    with users.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM login_attempts").scalar() == 1


class Full(Passwords):
    """No room for another hash."""

    def verify(self, stored: str | None, password: str) -> bool:  # noqa: ARG002 - as its base
        raise TooManyHashes


def test_without_room_the_login_is_put_off_and_counts_as_no_failure(opened: Opened) -> None:
    users = opened()
    users.register()
    full = opened(passwords=Full("cheapest", at_once=1, waiting=0, wait_seconds=1))
    answers = [full.login() for _ in range(12)]
    assert {(a.status_code, a.headers["Retry-After"]) for a in answers} == {(503, "1")}
    assert users.login().status_code == 200


def test_a_login_hashes_anew_when_the_cost_was_changed(opened: Opened) -> None:
    cheap, dear = opened(), opened(hash_cost="owasp")
    cheap.register()
    assert dear.login().status_code == 200
    user = dear.store.named("ada")
    assert user is not None
    assert "m=19456,t=2,p=1" in user.password_hash
    assert dear.login().status_code == 200


def test_a_login_at_the_same_cost_does_not(users: UsersAlone) -> None:
    users.register()
    users.login()
    assert users.hasher.hashed == 1


def test_logins_are_counted_by_outcome(users: UsersAlone) -> None:
    users.register()
    users.login()
    for _ in range(12):
        users.login("ada", WRONG)
    counted = [
        users.harness.sample("logins_total", login_outcome=name) for name in ("succeeded", "failed", "throttled")
    ]
    assert counted == [1, 10, 2]
