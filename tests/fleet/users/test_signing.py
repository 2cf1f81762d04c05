from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from jwt import get_unverified_header
from users_alone import Opened, UsersAlone

from fleet.kit.database import Database
from fleet.kit.keys import StaticKeys
from fleet.kit.tokens import KeyPair, Verifier
from fleet.users.keyring import Rotation
from fleet.users.signing import SigningKeys
from fleet.users.store import migrate

DAY = 86400


def kids(users: UsersAlone) -> list[str]:
    return [key["kid"] for key in users.jwks()["keys"]]


def test_the_first_token_makes_the_first_key(users: UsersAlone) -> None:
    users.register()
    users.token()
    assert len(kids(users)) == 1


def test_what_is_published_is_public_and_may_be_kept_for_less_than_a_key_waits(users: UsersAlone) -> None:
    answer = users.harness.client.get("/.well-known/jwks.json")
    [key] = answer.get_json()["keys"]
    assert sorted(key) == ["alg", "crv", "kid", "kty", "use", "x"]
    assert answer.headers["Cache-Control"] == "public, max-age=60"


def test_replicas_that_start_at_once_on_an_empty_store_make_one_key(tmp_path: Path) -> None:
    url, together = f"sqlite:///{tmp_path}/users.db", Barrier(8)
    databases = [Database(url) for _ in range(8)]
    migrate(databases[0])

    def start(database: Database) -> str:
        keys = SigningKeys(database, Rotation("EdDSA", DAY, 180, 3600))
        together.wait(10)
        return keys.signer().kid

    with ThreadPoolExecutor(8) as threads:
        signers = set(threads.map(start, databases))
    published = SigningKeys(databases[0], Rotation("EdDSA", DAY, 180, 3600)).document()["keys"]
    for database in databases:
        database.close()
    assert signers == {key["kid"] for key in published}
    assert len(signers) == 1


def test_replicas_that_find_a_key_due_at_once_make_one(opened: Opened) -> None:
    replicas = [opened() for _ in range(8)]
    replicas[0].jwks()
    for replica in replicas:
        replica.clock.now += DAY - 100
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(kids, replicas))
    assert len(kids(replicas[0])) == 2


def test_the_next_key_is_published_before_it_signs(users: UsersAlone) -> None:
    users.register()
    [first] = kids(users)
    users.clock.now += DAY - 180
    both = kids(users)
    before = signer(users)
    users.clock.now += 180
    assert (both[0], before) == (first, first)
    assert signer(users) == both[1]


def signer(users: UsersAlone) -> str:
    return str(get_unverified_header(users.token())["kid"])


def test_the_old_key_goes_when_its_last_token_has_expired(users: UsersAlone) -> None:
    users.register()
    [first] = kids(users)
    for _ in range(2):
        users.clock.now += DAY - 180
        kids(users)
        users.clock.now += 180
        kids(users)
    assert first not in kids(users)
    with users.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM signing_keys").scalar() == 2


@pytest.mark.parametrize("algorithm", ["EdDSA", "RS256"])
def test_tokens_verify_by_what_is_published(opened: Opened, algorithm: str) -> None:
    users = opened(signing_algorithm=algorithm)
    users.register()
    assert [key["alg"] for key in users.jwks()["keys"]] == [algorithm]
    token = Verifier(StaticKeys(users.jwks()), audience="orders").verify(users.token())
    assert users.me(token.text).status_code == 200


def test_a_token_of_the_former_key_is_good_until_it_expires(opened: Opened) -> None:
    users = opened(token_seconds=2 * DAY)
    users.register()
    old = users.token()
    for _ in range(2):
        users.clock.now += DAY // 2
        kids(users)
    users.clock.now += 180
    assert len({signer(users), *kids(users)}) == 2
    assert users.me(old).status_code == 200


def test_the_mapping_changes_when_the_keys_do_and_only_then(tmp_path: Path) -> None:
    now = [0.0]
    database = Database(f"sqlite:///{tmp_path}/users.db")
    migrate(database)
    keys = SigningKeys(database, Rotation("EdDSA", DAY, 180, 3600), clock=lambda: now[0])
    first, again = keys.keys(), keys.keys()
    now[0] = DAY - 180
    later = keys.missing("x")
    database.close()
    assert (first is again, first is later, len(later)) == (True, False, 2)


def test_the_metadata_are_rfc_8414s(opened: Opened) -> None:
    users = opened(public_url="https://shop.example/")
    document = users.harness.client.get("/.well-known/oauth-authorization-server").get_json()
    assert (document["issuer"], document["token_endpoint"], document["jwks_uri"]) == (
        "seatrial-shop",
        "https://shop.example/oauth2/token",
        "https://shop.example/.well-known/jwks.json",
    )
    assert document["token_endpoint_auth_methods_supported"] == ["client_secret_basic"]


def test_the_metadata_do_not_repeat_what_the_caller_calls_us(users: UsersAlone) -> None:
    answer = users.harness.client.get("/.well-known/oauth-authorization-server", headers={"Host": "evil.example"})
    assert "evil" not in answer.text


def test_the_store_is_its_owners_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/users.db")
    migrate(database)
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
    database.close()
    assert modes == dict.fromkeys(["users.db", "users.db-wal", "users.db-shm"], "0o600")


def test_a_key_survives_its_pem() -> None:
    pair = KeyPair.generate()
    assert KeyPair.from_pem(pair.kid, pair.to_pem()).jwk() == pair.jwk()
