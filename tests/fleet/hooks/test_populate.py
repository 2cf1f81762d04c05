from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fleet.hooks.cast import draw
from fleet.hooks.documents import Document, HookError
from fleet.hooks.door import Deposit
from fleet.hooks.invariants import invariants
from fleet.hooks.migrate import migrate
from fleet.hooks.populate import AGO, populate
from fleet.hooks.settings import PopulateSettings
from fleet.kit.database import Database
from fleet.kit.keys import StaticKeys
from fleet.kit.tokens import InvalidToken, KeyPair, Verifier, jwks
from fleet.payments.store import deposit as post
from fleet.users.model import SHOP_AUDIENCE, SHOP_SCOPE
from fleet.users.store import KEYS, USERS

SIZE = {"CUSTOMERS": "10", "PRODUCTS": "8", "SCARCE": "2", "POOR_SHARE": "0.2"}
SMALL = PopulateSettings(customers=10, products=8, scarce=2, poor_share=0.2)
SERVICES = ("activity", "catalog", "inventory", "orders", "payments", "users")
LIFE = 7200
COST = "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$dGFn"


@dataclass
class FakeDoor:
    """A door that writes into the stores as the services behind the real one do."""

    stores: dict[str, str]
    pair: KeyPair = field(default_factory=KeyPair.generate)
    passwords: dict[str, str] = field(default_factory=dict)
    closed: str = ""

    def __post_init__(self) -> None:
        row = {"kid": self.pair.kid, "algorithm": "EdDSA", "token_seconds": LIFE, "private_key": self.pair.to_pem()}
        later = KeyPair.generate()
        published = row | {"kid": later.kid, "private_key": later.to_pem(), "signs_from": time.time() + 9}
        with closing(Database(self.stores["users"])) as users, users.write() as connection:
            connection.execute(KEYS.insert(), [row | {"signs_from": 0.0}, published])

    def register(self, name: str, password: str) -> str:
        if self.closed == "register":
            raise HookError(f"The registration of {name} was answered 503")
        row = {"id": f"user-{name}", "name": name, "skeleton": name, "display_name": name, "created": 0.0}
        with closing(Database(self.stores["users"])) as users, users.write() as connection:
            connection.execute(USERS.insert(), row | {"password_hash": COST})
        self.passwords[name] = password
        return f"user-{name}"

    def login(self, name: str, password: str) -> tuple[str, int]:
        assert self.passwords[name] == password
        subject = f"user-{name}"
        return self.pair.issue(subject, audience=SHOP_AUDIENCE, scope=SHOP_SCOPE, life_seconds=LIFE), LIFE

    def deposit(self, token: str, amount: int, key: str) -> Deposit:
        if self.closed == "deposit":
            raise HookError(f"The deposit {key} was answered 503")
        subject = self.verifier().verify(token).subject
        with closing(Database(self.stores["payments"])) as payments, payments.write() as connection:
            made = post(connection, subject, amount, key=key)
        return {"key": key, "amount": amount, "id": made.id}

    def verifier(self) -> Verifier:
        return Verifier(StaticKeys(jwks(self.pair)), audience="gateway")


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Document:
    for name, value in SIZE.items():
        monkeypatch.setenv(f"SEATRIAL_POPULATE_{name}", value)
    stores = {name: f"sqlite:///{tmp_path}/{name}.db" for name in SERVICES}
    document = {"run_dir": str(tmp_path), "services": [], "stores": stores, "samples": None, "random_seed": 7}
    migrate(document)
    return document


@pytest.fixture
def door(document: Document) -> Iterator[FakeDoor]:
    return FakeDoor(document["stores"])


def file(document: Document, name: str) -> dict[str, Any]:
    return dict(json.loads((Path(document["run_dir"]) / name).read_text()))


def test_the_answer_counts_what_was_made(document: Document, door: FakeDoor) -> None:
    assert populate(document, door=door) == {
        "identities": f"{document['run_dir']}/identities.json",
        "customers": 10,
        "poor": 2,
        "products": 8,
        "scarce": 2,
        "deposits": 10,
        "password_hash": "argon2id m=8 t=1 p=1",
    }


def test_identities_are_for_their_owner_alone(document: Document, door: FakeDoor) -> None:
    populate(document, door=door)
    assert (Path(document["run_dir"]) / "identities.json").stat().st_mode & 0o777 == 0o600


def test_customers_are_who_users_say_they_are(document: Document, door: FakeDoor) -> None:
    populate(document, door=door)
    known = file(document, "identities.json")["identities"]
    assert [entry["subject"] for entry in known] == [f"user-cust-{number:05}" for number in range(1, 11)]
    assert [door.verifier().verify(entry["token"]).subject for entry in known] == [entry["subject"] for entry in known]


def test_an_identity_says_when_its_token_ends_and_never_too_late(document: Document, door: FakeDoor) -> None:
    populate(document, door=door)
    known = file(document, "identities.json")["identities"]
    ends = [door.verifier().verify(entry["token"]).expires for entry in known]
    assert all(0 <= end - entry["expires"] <= 5 for end, entry in zip(ends, known, strict=True))


def test_the_expired_tokens_lack_nothing_but_life(document: Document, door: FakeDoor) -> None:
    populate(document, door=door)
    ended = file(document, "identities.json")["expired"]
    assert len(ended) == 2
    then = Verifier(StaticKeys(jwks(door.pair)), audience="gateway", clock=lambda: time.time() - AGO - 60)
    for token in ended:
        assert then.verify(token).subject.startswith("user-cust-")
        with pytest.raises(InvalidToken):
            door.verifier().verify(token)


def test_what_the_equations_start_from_holds_no_secret(document: Document, door: FakeDoor) -> None:
    populate(document, door=door)
    opening = file(document, "populate.json")
    assert sorted(opening) == ["deposits", "opening_stock", "schema", "seed", "users"]
    assert sum(1 for pieces in opening["opening_stock"].values() if pieces == 1) == 2
    text = json.dumps(opening)
    known = file(document, "identities.json")
    tokens = [entry["token"] for entry in known["identities"]] + known["expired"]
    assert not [secret for secret in (*door.passwords.values(), *tokens) if secret in text]


def test_passwords_are_long_each_another_and_kept_nowhere(document: Document, door: FakeDoor) -> None:
    answer = populate(document, door=door)
    passwords = set(door.passwords.values())
    assert len(passwords) == 10
    assert min(map(len, passwords)) >= 24
    left = json.dumps(answer) + "".join(path.read_text() for path in Path(document["run_dir"]).glob("*.json"))
    assert not [password for password in passwords if password in left]


def test_the_seed_makes_no_password(document: Document, tmp_path: Path) -> None:
    first = FakeDoor(document["stores"])
    populate(document, door=first)
    again = dict(document) | {"run_dir": str(tmp_path / "again")}
    (tmp_path / "again").mkdir()
    again["stores"] = {name: f"sqlite:///{tmp_path}/again/{name}.db" for name in SERVICES}
    migrate(again)
    second = FakeDoor(again["stores"])
    populate(again, door=second)
    assert first.passwords.keys() == second.passwords.keys()
    assert not set(first.passwords.values()) & set(second.passwords.values())


@pytest.mark.parametrize("step", ["register", "deposit"])
def test_whoever_is_turned_away_stops_it(document: Document, door: FakeDoor, step: str) -> None:
    door.closed = step
    with pytest.raises(HookError, match="answered 503"):
        populate(document, door=door)
    assert not (Path(document["run_dir"]) / "identities.json").exists()


def test_a_shop_that_was_filled_and_not_used_is_right(document: Document, door: FakeDoor) -> None:
    populate(document, door=door)
    findings: Any = invariants(document)["findings"]
    verdicts = {finding["name"]: finding["verdict"] for finding in findings}
    assert "FAIL" not in verdicts.values()
    assert verdicts["stock-adds-up"] == "PASS"


def test_the_same_seed_is_the_same_shop() -> None:
    assert draw(SMALL, 7) == draw(SMALL, 7)


def test_another_seed_is_another_shop() -> None:
    assert draw(SMALL, 7) != draw(SMALL, 8)


def test_the_default_shop_meets_both_refusals() -> None:
    cast = draw(PopulateSettings(), 1)
    assert (len(cast.customers), len(cast.products), len(cast.scarce)) == (200, 300, 3)
    assert sum(customer.poor for customer in cast.customers) == 20
