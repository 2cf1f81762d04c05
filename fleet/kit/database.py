"""A service's own store: one SQLite file, shared by the replicas of one host.

Owns the engine, its pragmas, read and write transactions, and making the tables. Leaves statements to each service's
`store`, and server stores (PostgreSQL and others) to a later kind behind the same two context managers.

Writers of one process queue on a lock: SQLite's own busy handler sleeps in growing steps, so threads that wait
for each other inside one process would wait far longer than the writes take. Replicas still meet in SQLite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from fleet.kit.errors import ProblemError, SettingsError
from fleet.kit.standalone import FOLDER

if TYPE_CHECKING:
    from fleet.kit.app import Kit

BUSY_SECONDS = 5.0
POOL_SIZE = 64  # threads of a replica; connections open on demand


class StoreUrlError(SettingsError):
    """The store's URL names a kind of store, or a place, that cannot be served."""


class StoreBusy(ProblemError):
    """Other writers held the store for longer than `BUSY_SECONDS`; nothing was written."""

    status, slug, title = 503, "store-busy", "The store is busy"


class Database:
    """Transactions on one SQLite file; safe to share between threads.

    Args:
        url: `sqlite:////absolute/path.db`, or `sqlite:///relative/path.db`.
        waited: told, per write transaction, the seconds from asking until it was its turn.
        hold: called while the store is held for writing (a fault holds it longer).

    Raises:
        StoreUrlError: another kind of store, or no file.
    """

    def __init__(
        self,
        url: str,
        *,
        waited: Callable[[float], object] = lambda _: None,
        hold: Callable[[], object] = lambda: None,
    ) -> None:
        path = sqlite_path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # stores hold keys and hashes; SQLite gives its other files the same mode
        self._engine = create_engine(
            f"sqlite+pysqlite:///{path}",
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=BUSY_SECONDS,
            hide_parameters=True,  # what is stored has no place in a traceback, which is logged
        )
        self._writing = Lock()
        self._waited = waited
        self._hold = hold
        event.listen(self._engine, "connect", _prepare)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent snapshot; never waits for writers."""
        with self._engine.connect() as connection:
            _begin(connection, "BEGIN")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The only writer, from its first statement on: commits at the end, rolls back when an exception leaves.

        Raises:
            StoreBusy: other threads wrote for longer than `BUSY_SECONDS`.
        """
        asked = perf_counter()
        if not self._writing.acquire(timeout=BUSY_SECONDS):
            raise StoreBusy(f"The store was busy for {BUSY_SECONDS:g} s; try again.", headers={"Retry-After": "1"})
        try:
            with self._engine.begin() as connection:
                _begin(connection, "BEGIN IMMEDIATE")
                self._waited(perf_counter() - asked)
                self._hold()
                yield connection
        finally:
            self._writing.release()

    def create_schema(self, metadata: MetaData) -> None:
        """Make the tables that are missing; safe to run again."""
        with self.write() as connection:
            metadata.create_all(connection)

    def check(self) -> None:
        """Raises when the store does not answer."""
        with self.read() as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        """Close every connection; the last one folds the write-ahead log into the file."""
        self._engine.dispose()


def open_store(kit: Kit, migrate: Callable[[Database], None]) -> Database:
    """The service's store, migrated unless SEATRIAL_MIGRATE=0; the replica is ready while it answers.

    Raises:
        StoreUrlError: SEATRIAL_STORE names something that cannot be served.
    """
    database = Database(
        kit.settings.store or f"sqlite:///{FOLDER.absolute() / kit.service}.db",
        waited=kit.metrics.histogram("store_lock_wait_seconds").observe,
        hold=kit.faults.hold_store,
    )
    if kit.settings.migrate:
        migrate(database)
    kit.health.add("store", database.check)
    return database


def sqlite_path(url: str) -> Path:
    """The file that a store URL names.

    Raises:
        StoreUrlError: another kind of store, no file, or not a URL; the sentence says which and what to give.
    """
    remedy = "Give sqlite:////absolute/path.db."
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreUrlError(f"The store {url!r} is not a URL. {remedy}") from error
    if parsed.get_backend_name() != "sqlite":
        kind = parsed.get_backend_name()
        raise StoreUrlError(f"The store kind {kind!r} is not supported yet: only sqlite is. {remedy}")
    if parsed.database in {None, "", ":memory:"}:
        raise StoreUrlError(f"The store {url!r} names no file; a store in memory is not shared by replicas. {remedy}")
    return Path(str(parsed.database))


def _prepare(connection: SqliteConnection, _record: object) -> None:
    # The driver would begin transactions by itself, late and deferred: two readers that both turn writer then fail.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection, statement: str) -> None:
    # Straight to the driver: an engine with a listener for "begin" looks for listeners at every statement.
    connection.connection.cursor().execute(statement)
