"""Stores that are databases of a PostgreSQL server, shared by replicas wherever they run.

Owns how a transaction begins there so that it promises what SQLite's does, and what the driver's errors mean. A password
is libpq's matter: PGPASSFILE names the file that has it, so that no URL, which is logged, need.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from math import inf
from time import monotonic

from psycopg import InterfaceError, OperationalError
from psycopg.errors import LockNotAvailable
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from fleet.kit.errors import StoreUrlError

REMEDY = "Give postgresql://user@host/database."
CONNECT_SECONDS = 2
# A connection that was used less than this ago is taken to be alive; asking each time is a way there and back.
RESTED_SECONDS = 1.0
# Any number will do, as long as all writers of one database take the same.
WRITERS_LOCK = 0x5EA


class PostgresDatabase:
    """A kind of store; see database.Kind.

    One writer at a time: a lock of the whole database, held until the transaction ends, is taken before its first statement,
    which then sees all that was committed. Writers of some things share that lock, and take those of their things besides. All is sent at
    once, and so costs one way there and back. Writers of one process queue there too: turns that were handed on here would each begin
    with a way to the server, while nobody writes. A statement by itself needs no turn: at READ COMMITTED it waits for the rows that it
    changes, and tries its conditions on them again (PostgreSQL's documentation, 13.2.1).
    """

    queued = False
    rowwise = True
    reading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def __init__(self, url: URL, *, patience: float, connections: int) -> None:
        if not url.database:
            raise StoreUrlError(f"The store {url.render_as_string()!r} names no database. {REMEDY}")
        limits = {
            "lock_timeout": patience,
            "statement_timeout": 2 * patience,
            "idle_in_transaction_session_timeout": 30,
        }
        self.engine: Engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "tcp_user_timeout": int(patience * 1000),  # a host that is gone sends no reset
                "options": " ".join(f"-c {name}={seconds:g}s" for name, seconds in limits.items()),
            },
            isolation_level="AUTOCOMMIT",  # the driver begins nothing by itself
            pool_size=connections,
            max_overflow=0,
            pool_timeout=patience,
            # The few that are in use stay warm: their statements are prepared, and nobody need ask whether they live.
            pool_use_lifo=True,
            hide_parameters=True,
        )
        event.listen(self.engine, "handle_error", _hide_values)
        event.listen(self.engine, "checkin", _note_rest)
        event.listen(self.engine, "checkout", _refuse_dead)

    def writing(self, of: Collection[str]) -> str:
        """Sent as it is: several statements take no parameters. In order, or two writers could each hold what the other waits for."""
        if not of:
            return f"BEGIN; SELECT pg_advisory_xact_lock({WRITERS_LOCK})"
        own = "".join(f", pg_advisory_xact_lock({number})" for number in sorted(map(_number, of)))
        return f"BEGIN; SELECT pg_advisory_xact_lock_shared({WRITERS_LOCK}){own}"

    def is_busy(self, error: BaseException | None) -> bool:
        """Whether other writers held the lock."""
        return isinstance(error, LockNotAvailable)

    def is_gone(self, error: BaseException | None) -> bool:
        """Whether the server does not answer, or ended the connection."""
        return isinstance(error, (OperationalError, InterfaceError))


def _number(thing: str) -> int:
    """Of 64 bits. Two things with one number would wait for each other, and no more."""
    return int.from_bytes(blake2b(thing.encode(), digest_size=8).digest(), "big", signed=True)


def _note_rest(_: object, record: ConnectionPoolEntry) -> None:
    record.info["since"] = monotonic()


def _refuse_dead(connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
    """A server that was restarted has forgotten its connections; the pool then makes new ones."""
    if monotonic() - record.info.get("since", inf) < RESTED_SECONDS:
        return
    try:
        connection.cursor().execute("")
    except OperationalError as error:
        raise DisconnectionError from error


def _hide_values(context: ExceptionContext) -> None:
    """Leave of the server's message what was wrong, not the DETAIL, which quotes rows: a traceback is logged."""
    original, raised = context.original_exception, context.sqlalchemy_exception
    primary = getattr(getattr(original, "diag", None), "message_primary", None)
    if primary is not None:
        original.args = (primary,)
        if raised is not None:
            raised.args = (f"({type(original).__name__}) {primary}",)
