"""The users' tables: accounts, failed logins, clients with what they were granted, signing keys.

Two names that look alike are one to the unique column `skeleton`. A failed login is kept under a digest of what was
given as a name, since people type passwords there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from sqlalchemy import (
    Column,
    Connection,
    Float,
    ForeignKey,
    MetaData,
    RowMapping,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from fleet.kit.database import Database, Whole, insert_missing, sought
from fleet.users.lookalikes import skeleton

METADATA = MetaData()
USERS = Table(
    "users",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("skeleton", String, nullable=False, unique=True),
    Column("display_name", String, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("created", Float, nullable=False),
)
ATTEMPTS = Table(
    "login_attempts",
    METADATA,
    Column("id", Whole, primary_key=True),
    Column("account", String, nullable=False, index=True),
    Column("at", Float, nullable=False, index=True),
)
CLIENTS = Table(
    "clients",
    METADATA,
    Column("id", String, primary_key=True),
    Column("secret_digest", String, nullable=False),
)
GRANTS = Table(
    "grants",
    METADATA,
    Column("client_id", String, ForeignKey("clients.id"), primary_key=True),
    Column("audience", String, primary_key=True),
    Column("scope", String, nullable=False),
)
KEYS = Table(
    "signing_keys",
    METADATA,
    Column("kid", String, primary_key=True),
    Column("algorithm", String, nullable=False),
    Column("signs_from", Float, nullable=False),
    Column("token_seconds", Float, nullable=False),
    Column("private_key", String, nullable=False),
)

BY_NAME = select(USERS).where(USERS.c.name == bindparam("name"))
BY_ID = select(USERS).where(USERS.c.id == bindparam("id"))
TAKEN = select(USERS.c.id).where(or_(USERS.c.name == bindparam("name"), USERS.c.skeleton == bindparam("skeleton")))
RENAME = update(USERS).where(USERS.c.id == bindparam("user")).values(display_name=bindparam("shown"))
REHASH = update(USERS).where(USERS.c.password_hash == bindparam("old")).values(password_hash=bindparam("new"))
FORGET = delete(ATTEMPTS).where(ATTEMPTS.c.at <= bindparam("before"))
RECENT = select(func.count(), func.min(ATTEMPTS.c.at)).where(ATTEMPTS.c.account == bindparam("account"))
CLEAR = delete(ATTEMPTS).where(ATTEMPTS.c.account == bindparam("account"))
WITHDRAW = delete(ATTEMPTS).where(ATTEMPTS.c.id == bindparam("attempt"))


def migrate(database: Database) -> None:
    """Make the tables that are missing; safe to run again."""
    database.create_schema(METADATA)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account as stored; `created` is epoch seconds."""

    id: str
    name: str
    display_name: str
    password_hash: str
    created: float


@dataclass(frozen=True, slots=True)
class Client:
    """A service that may have tokens in its own name: scopes by audience."""

    id: str
    secret_digest: str
    grants: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login under way, which counts as failed until it has succeeded: so many at once cannot pass the limit.

    `retry_after` is 0 when it may go on, else the whole seconds after which another may.
    """

    account: str
    number: int
    retry_after: int


class UsersStore:
    """Accounts, logins and clients; the keys are the matter of `signing`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def is_taken(self, name: str) -> bool:
        """Whether the name, or one that looks like it, has an account."""
        with self.database.read() as connection:
            return _taken(connection, name)

    def add(self, user: User) -> bool:
        """False when the name was taken in the meantime; then nothing is stored."""
        row = {name: getattr(user, name) for name in User.__slots__} | {"skeleton": skeleton(user.name)}
        with self.database.write() as connection:
            if _taken(connection, user.name):
                return False
            connection.execute(insert(USERS), row)
            return True

    def named(self, name: str) -> User | None:
        """By the normalised name."""
        with self.database.read() as connection:
            return _user(connection.execute(BY_NAME, {"name": sought(name)}).mappings().first())

    def user(self, user_id: str) -> User | None:
        """By id, the token's subject."""
        with self.database.read() as connection:
            return _user(connection.execute(BY_ID, {"id": user_id}).mappings().first())

    def rename(self, user_id: str, display_name: str) -> User | None:
        """The user with the new display name; None when there is no such user."""
        with self.database.write() as connection:
            connection.execute(RENAME, {"user": user_id, "shown": display_name})
            return _user(connection.execute(BY_ID, {"id": user_id}).mappings().first())

    def rehash(self, old: str, new: str) -> None:
        """Replace a hash, unless it has been replaced meanwhile; its salt makes it one account's."""
        with self.database.write() as connection:
            connection.execute(REHASH, {"old": old, "new": new})

    def attempt(self, given: str, now: float, *, limit: int, window: float) -> Attempt:
        """Note a login before it is looked at; `given` need not be anybody's name."""
        account = hashlib.sha256(given.encode()).hexdigest()
        with self.database.write() as connection:
            connection.execute(FORGET, {"before": now - window})
            count, oldest = connection.execute(RECENT, {"account": account}).one()
            if count >= limit:
                return Attempt(account, 0, max(1, ceil(oldest + window - now)))
            made = connection.execute(insert(ATTEMPTS).returning(ATTEMPTS.c.id), {"account": account, "at": now})
            return Attempt(account, made.scalar_one(), 0)

    def succeeded(self, attempt: Attempt) -> None:
        """Forget the account's failures."""
        with self.database.write() as connection:
            connection.execute(CLEAR, {"account": attempt.account})

    def withdraw(self, attempt: Attempt) -> None:
        """Forget this attempt alone: it could not be looked at."""
        with self.database.write() as connection:
            connection.execute(WITHDRAW, {"attempt": attempt.number})

    def register_client(self, client: Client) -> None:
        """Store a client, or give it this secret and these grants."""
        rows = [
            {"client_id": client.id, "audience": audience, "scope": scope} for audience, scope in client.grants.items()
        ]
        row = {"id": client.id, "secret_digest": client.secret_digest}
        with self.database.write() as connection:
            connection.execute(insert_missing(CLIENTS), row)
            connection.execute(update(CLIENTS).where(CLIENTS.c.id == client.id).values(row))
            connection.execute(delete(GRANTS).where(GRANTS.c.client_id == client.id))
            if rows:
                connection.execute(insert(GRANTS), rows)

    def client(self, client_id: str) -> Client | None:
        """A registered client."""
        with self.database.read() as connection:
            wanted = sought(client_id)
            digest = connection.execute(select(CLIENTS.c.secret_digest).where(CLIENTS.c.id == wanted)).scalar()
            granted = connection.execute(select(GRANTS).where(GRANTS.c.client_id == wanted))
            return Client(client_id, digest, {row.audience: row.scope for row in granted}) if digest else None


def digest(secret: str) -> str:
    """A client secret as stored. A plain hash will do: the secret is 256 random bits, not a password."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _taken(connection: Connection, name: str) -> bool:
    return connection.execute(TAKEN, {"name": name, "skeleton": skeleton(name)}).first() is not None


def _user(row: RowMapping | None) -> User | None:
    return User(**{name: row[name] for name in User.__slots__}) if row is not None else None
