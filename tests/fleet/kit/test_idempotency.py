from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from sqlalchemy import Column, Connection, Integer, MetaData, Table, func, insert, select

from fleet.kit import auth
from fleet.kit.body import Input
from fleet.kit.database import Database
from fleet.kit.errors import PaymentRequired
from fleet.kit.idempotency import (
    Claim,
    IdempotencyHeader,
    KeyReused,
    Records,
    Reply,
    claim,
    once,
    records_table,
)
from fleet.kit.testing import Harness, bearer, harness

METADATA = MetaData()
EFFECTS = Table("effects", METADATA, Column("id", Integer, primary_key=True), Column("amount", Integer))
RECORDS = Records(records_table(METADATA))
CLAIM = Claim("alice", "POST /things", "k1", "f1")


class Thing(Input):
    amount: int


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/store.db")
    database.create_schema(METADATA)
    yield database
    database.close()


@pytest.fixture
def service(database: Database) -> Harness:
    made = harness()
    routes = APIBlueprint("things", __name__)
    auth.protect(routes, auth.verifier(made.app.kit))

    @routes.post("/things")
    def make(header: IdempotencyHeader, body: Thing) -> Response:
        def effect(connection: Connection) -> Reply:
            connection.execute(insert(EFFECTS).values(amount=body.amount))
            if body.amount == 500:
                raise LookupError
            if body.amount > 100:
                return Reply.refusal(PaymentRequired("Too dear."))
            return Reply.of(body, 201, location="/things/1")

        return once(database, RECORDS, claim(header, body), effect)

    @routes.post("/things/<name>/touch")
    def touch(header: IdempotencyHeader, path: Named) -> Response:
        return once(database, RECORDS, claim(header), lambda _: Reply.of(path))

    made.app.register_api(routes)
    return made


class Named(Input):
    name: str


def post(service: Harness, amount: int, *, key: str = "k1", subject: str = "alice", path: str = "/things") -> Response:
    token = bearer(subject, "sample", "things")
    headers = token | ({"Idempotency-Key": key} if key else {})
    answer: Response = service.client.post(path, json={"amount": amount}, headers=headers)
    return answer


def effects(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(EFFECTS)).scalar_one())


def test_the_second_answer_is_the_first_and_says_so(service: Harness, database: Database) -> None:
    first, second = post(service, 5), post(service, 5)
    assert (second.status_code, second.data, second.headers["Location"]) == (201, first.data, "/things/1")
    assert (first.headers.get("Idempotent-Replayed"), second.headers.get("Idempotent-Replayed")) == (None, "true")
    assert effects(database) == 1


def test_a_refusal_is_repeated_as_the_problem_it_was(service: Harness) -> None:
    first, second = post(service, 101), post(service, 101)
    assert (second.status_code, second.data, second.mimetype) == (402, first.data, "application/problem+json")


def test_the_order_of_members_makes_no_other_payload(service: Harness) -> None:
    headers = bearer("alice", "sample", "things") | {"Idempotency-Key": "k1"}
    spaced = service.client.post("/things", data='{ "amount" :5 }', content_type="application/json", headers=headers)
    assert (spaced.status_code, post(service, 5).status_code) == (201, 201)


def test_another_payload_is_refused(service: Harness, database: Database) -> None:
    post(service, 5)
    answer = post(service, 6)
    assert (answer.status_code, effects(database)) == (422, 1)


@pytest.mark.parametrize("other", [{"key": "k2"}, {"subject": "bob"}], ids=["key", "subject"])
def test_another_key_or_subject_is_another_request(service: Harness, database: Database, other: dict[str, str]) -> None:
    post(service, 5)
    post(service, 5, **other)
    assert effects(database) == 2


def test_the_path_is_part_of_what_is_asked_for(service: Harness) -> None:
    statuses = [post(service, 0, path=f"/things/{name}/touch").status_code for name in ("a", "a", "b")]
    assert statuses == [200, 200, 422]


@pytest.mark.parametrize("key", ["", "two words", "k;1", "x" * 129, "\u00e9"])
def test_a_key_that_is_none_is_refused(service: Harness, database: Database, key: str) -> None:
    answer = post(service, 5, key=key)
    assert (answer.status_code, effects(database)) == (400, 0)


@pytest.mark.parametrize("key", ["k", "x" * 128, "A-z.0_9:~"])
def test_a_key_of_the_right_letters_is_taken(service: Harness, key: str) -> None:
    assert post(service, 5, key=key).status_code == 201


def test_an_effect_that_fails_leaves_no_record(service: Harness, database: Database) -> None:
    assert [post(service, 500).status_code, effects(database)] == [500, 0]
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(METADATA.tables["idempotency"])).scalar_one() == 0


def test_the_document_requires_the_key(service: Harness) -> None:
    parameters = service.client.get("/openapi.json").get_json()["paths"]["/things"]["post"]["parameters"]
    assert [(entry["in"], entry["name"], entry["required"]) for entry in parameters] == [
        ("header", "Idempotency-Key", True)
    ]


def test_what_has_begun_is_known_by_its_resource(database: Database) -> None:
    with database.write() as connection:
        RECORDS.begin(connection, CLAIM, "order-1")
        known = RECORDS.find(connection, CLAIM)
    assert known is not None
    assert (known.reply, known.resource) == (None, "order-1")


def test_what_has_ended_is_known_by_its_reply(database: Database) -> None:
    reply = Reply(201, "{}", location="/orders/1")
    with database.write() as connection:
        RECORDS.begin(connection, CLAIM, "order-1")
        RECORDS.finish(connection, CLAIM, reply)
        known = RECORDS.find(connection, CLAIM)
    assert known is not None
    assert known.reply == reply


def test_a_key_in_flight_with_another_payload_is_refused_too(database: Database) -> None:
    with database.write() as connection:
        RECORDS.begin(connection, CLAIM, "order-1")
        with pytest.raises(KeyReused):
            RECORDS.find(connection, Claim("alice", "POST /things", "k1", "f2"))
