"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the same POST again has the same effect and answer.

Owns the table of records, to be written in the same transaction as the effect, and the four answers: 400 missing or
malformed, 409 in flight, 422 another payload, replay otherwise. Keys belong to a subject and a route.
Left to the service: what the effect is, and what to do with one that was left half way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    bindparam,
    insert,
    select,
    update,
)

from fleet.kit import auth, exchange, problems
from fleet.kit.body import HeaderInput
from fleet.kit.database import Database
from fleet.kit.errors import BadRequest, Conflict, ProblemError, Unprocessable

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEY = re.compile(r"[A-Za-z0-9._:~-]{1,128}", re.ASCII)


class KeyMissing(BadRequest):
    """Without a key nobody could tell a repeated request from a second one."""

    slug, title = "idempotency-key-missing", "Idempotency-Key is missing or malformed"


class InFlight(Conflict):
    """The first request with this key has not been answered yet."""

    slug, title = "idempotency-key-in-flight", "The first request with this key is not answered yet"


class KeyReused(Unprocessable):
    """The key stands for another payload."""

    slug, title = "idempotency-key-reused", "Idempotency-Key was used with another payload"


def _documented(schema: dict[str, Any]) -> None:
    """As the header must be; the default is there only so that its absence comes to `claim`."""
    schema |= {"description": "1 to 128 of A-Z a-z 0-9 . _ : ~ -", "pattern": f"^{_KEY.pattern}$"}
    schema.pop("default", None)


class IdempotencyHeader(HeaderInput):
    """For views that move money or stock; `claim` checks it, since a missing key is a 400 and not a 422."""

    model_config = ConfigDict(json_schema_extra={"required": [HEADER]})

    idempotency_key: Annotated[str, Field(alias=HEADER, json_schema_extra=_documented)] = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A request's claim on its key. `fingerprint` tells one payload from another."""

    subject: str
    route: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it is stored and sent again."""

    status: int
    body: str
    mimetype: str = "application/json"
    location: str = ""

    @classmethod
    def of(cls, model: BaseModel, status: int = 200, location: str = "") -> Reply:
        """The answer that a model is."""
        return cls(status, model.model_dump_json(), location=location)

    @classmethod
    def refusal(cls, error: ProblemError) -> Reply:
        """The answer that a problem is: a refusal is an answer too, and is repeated like one."""
        return cls(error.status, problems.from_error(error).get_data(as_text=True), problems.MEDIA_TYPE)

    def response(self, *, replayed: bool = False) -> Response:
        """The HTTP answer."""
        response = Response(self.body, self.status, mimetype=self.mimetype)
        if self.location:
            response.headers["Location"] = self.location
        if replayed:
            response.headers[REPLAYED] = "true"
        return response


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a key: the answer, or, while there is none, the resource that is under way."""

    reply: Reply | None
    resource: str


def claim(header: IdempotencyHeader, payload: BaseModel | None = None) -> Claim:
    """The running request's claim; `payload` is its body.

    Raises:
        KeyMissing: no key, or one that is malformed.
    """
    if not _KEY.fullmatch(header.idempotency_key):
        raise KeyMissing(f"This request needs the header {HEADER}: 1 to 128 of A-Z a-z 0-9 . _ : ~ -")
    body = "" if payload is None else payload.model_dump_json()
    return Claim(
        subject=auth.subject(),
        route=f"{request.method} {request.url_rule}",
        key=header.idempotency_key,
        # The path too: its parameters are part of what was asked for.
        fingerprint=sha256(f"{request.path}\n{body}".encode()).hexdigest(),
    )


def records_table(metadata: MetaData) -> Table:
    """The table of records, among a service's own: only so can one transaction hold both."""
    return Table(
        "idempotency",
        metadata,
        Column("subject", String, primary_key=True),
        Column("route", String, primary_key=True),
        Column("key", String, primary_key=True),
        Column("fingerprint", String, nullable=False),
        Column("resource", String, nullable=False),
        Column("status", Integer),  # null while in flight
        Column("body", String),
        Column("mimetype", String),
        Column("location", String),
        sqlite_with_rowid=False,
    )


class Records:
    """The records of one service's table."""

    def __init__(self, table: Table) -> None:
        mine = [table.c[name] == bindparam(f"of_{name}") for name in ("subject", "route", "key")]
        self._find = select(table).where(*mine)
        self._insert = insert(table)
        self._finish = (
            update(table)
            .where(*mine)
            .values({name: bindparam(f"to_{name}") for name in ("status", "body", "mimetype", "location")})
        )

    def find(self, connection: Connection, claim: Claim) -> Record | None:
        """What is known of the claim's key.

        Raises:
            KeyReused: it stands for another payload.
        """
        row = connection.execute(self._find, _of(claim)).mappings().first()
        if row is None:
            return None
        if row["fingerprint"] != claim.fingerprint:
            raise KeyReused(f"The key {claim.key} stands for another payload; use a new one.")
        return Record(None if row["status"] is None else _reply(row), row["resource"])

    def begin(self, connection: Connection, claim: Claim, resource: str) -> None:
        """Note that the claim's effect on `resource` is under way."""
        self._add(connection, claim, resource, dict.fromkeys(("status", "body", "mimetype", "location")))

    def finish(self, connection: Connection, claim: Claim, reply: Reply) -> None:
        """Note the answer to a claim that had begun."""
        connection.execute(self._finish, _of(claim) | {f"to_{name}": value for name, value in _columns(reply).items()})

    def save(self, connection: Connection, claim: Claim, reply: Reply) -> None:
        """Note the answer to a claim whose effect is in this very transaction."""
        self._add(connection, claim, "", _columns(reply))

    def _add(self, connection: Connection, claim: Claim, resource: str, columns: dict[str, object]) -> None:
        row = {"subject": claim.subject, "route": claim.route, "key": claim.key, "fingerprint": claim.fingerprint}
        connection.execute(self._insert, row | {"resource": resource} | columns)


def once(
    database: Database, records: Records, claim: Claim, effect: Callable[[Connection], Reply], *of: str
) -> Response:
    """Run `effect` and save its answer in one transaction, or replay the answer that is there.

    Equal claims queue for the transaction, so none of them ever finds another in flight. `of` as Database.write has it, for `effect`.

    Raises:
        KeyReused: the key stands for another payload.
        DeadlineExceeded: it became too late while the claim queued; nothing was done.
    """
    with database.write(*of, *([f"{claim.route} {claim.key}"] if of else [])) as connection:
        exchange.stop_when_late()
        known = records.find(connection, claim)
        if known is not None and known.reply is not None:
            return known.reply.response(replayed=True)
        reply = effect(connection)
        records.save(connection, claim, reply)
    return reply.response()


def _of(claim: Claim) -> dict[str, object]:
    return {"of_subject": claim.subject, "of_route": claim.route, "of_key": claim.key}


def _columns(reply: Reply) -> dict[str, object]:
    return {"status": reply.status, "body": reply.body, "mimetype": reply.mimetype, "location": reply.location}


def _reply(row: RowMapping) -> Reply:
    return Reply(row["status"], row["body"], row["mimetype"], row["location"])
