"""A service's own store: a SQLite file that the replicas of one host share, or a database on a server.

Owns read and write transactions, their waiting, and making the tables. Leaves what each kind of store does to `sqlite`
and `postgres`, statements to each service's `store`.

Writers of one process queue on a lock where the store is a file: SQLite's own busy handler sleeps in growing steps, so threads
that wait for each other inside one process would wait far longer than the writes take. Replicas still meet in SQLite.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Insert,
    Integer,
    MetaData,
    RowMapping,
    Table,
    UpdateBase,
    bindparam,
    exists,
    insert,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from fleet.kit.errors import ProblemError, StoreUrlError
from fleet.kit.standalone import FOLDER

if TYPE_CHECKING:
    from fleet.kit.app import Kit

BUSY_SECONDS = 5.0
POOL_SIZE = 64  # threads of a replica; connections open on demand
# Of 64 bits everywhere: SQLite's are, and only a plain INTEGER numbers its rows there.
Whole = BigInteger().with_variant(Integer(), "sqlite")
REMEDY = "Give sqlite:////absolute/path.db, or postgresql://user@host/database."


class StoreBusy(ProblemError):
    """Other writers held the store for longer than `BUSY_SECONDS`; nothing was written."""

    status, slug, title = 503, "store-busy", "The store is busy"


class StoreGone(ProblemError):
    """The store's server does not answer. A write may have been done if it was at its end; its key tells."""

    status, slug, title = 503, "store-gone", "The store does not answer"


class Store(Protocol):
    """What is asked of a store of any kind."""

    def check(self) -> None:
        """Raises when it does not answer."""

    def close(self) -> None:
        """Close every connection."""


S = TypeVar("S", bound=Store)


class Kind(Protocol):
    """What differs between kinds of store. `reading` and `writing` begin a transaction; the latter waits for its turn, `of` some things
    or, without any, of all that is stored.

    `queued`: writers of one process had better wait for each other before they ask. `rowwise`: one statement by itself locks
    the rows that it changes and no others, and looks at them again when it had to wait for one.
    """

    engine: Engine
    queued: bool
    rowwise: bool
    reading: str

    def writing(self, of: Collection[str]) -> str:
        """The statement."""

    def is_busy(self, error: BaseException | None) -> bool:
        """Whether the driver says that the turn did not come in time."""

    def is_gone(self, error: BaseException | None) -> bool:
        """Whether it says that nobody answers."""


class Database:
    """Transactions on one store; safe to share between threads.

    Args:
        url: `sqlite:////absolute/path.db`, `sqlite:///relative/path.db` or `postgresql://user@host/database`.
        waited: told, per write transaction, the seconds from asking until it was its turn.
        hold: called while the store is held for writing (a fault holds it longer).
        must_exist: do not make a file that is not there. A server's databases are never made here.

    Raises:
        StoreUrlError: another kind of store, no place, or nothing there that must be.
    """

    def __init__(
        self,
        url: str,
        *,
        waited: Callable[[float], object] = lambda _: None,
        hold: Callable[[], object] = lambda: None,
        must_exist: bool = False,
    ) -> None:
        self._kind = _kind_of(url, must_exist=must_exist)
        self._writing = Lock()
        self._waited = waited
        self._hold = hold

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent snapshot; never waits for writers.

        Raises:
            StoreGone: nobody answers.
        """
        with self._explained(), self._kind.engine.connect() as connection:
            _begin(connection, self._kind.reading)
            yield connection

    @contextmanager
    def write(self, *of: str) -> Iterator[Connection]:
        """The only writer, from its first statement on: commits at the end, rolls back when an exception leaves.

        `of` says of what alone rows are read and then written, a customer, say: where the store can, writers of other things need not wait.

        Raises:
            StoreBusy: others wrote for longer than `BUSY_SECONDS`.
            StoreGone: nobody answers.
        """
        asked = perf_counter()
        with self._turn(), self._explained(), self._kind.engine.begin() as connection:
            _begin(connection, self._kind.writing(of))
            self._waited(perf_counter() - asked)
            self._hold()
            yield connection

    def change(self, statement: UpdateBase, parameters: Mapping[str, object]) -> list[RowMapping]:
        """One statement that changes rows or deletes them, by itself: all of it is done or nothing. The rows that it returns.

        Where the store can, it waits for nobody who writes other rows, and costs one way to the server. So what it does must
        rest on its own conditions alone, not on what was read before; and what is numbered or looked for first is `write`'s.

        Raises:
            StoreBusy: others held the rows for longer than `BUSY_SECONDS`.
            StoreGone: nobody answers.
        """
        with self._alone() as connection:
            found = connection.execute(statement, parameters)
            return list(found.mappings()) if found.returns_rows else []

    def create_schema(self, metadata: MetaData) -> None:
        """Make the tables that are missing; safe to run again."""
        with self.write() as connection:
            metadata.create_all(connection)

    def check(self) -> None:
        """Raises when the store does not answer."""
        with self.read() as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        """Close every connection; the last one folds SQLite's write-ahead log into the file."""
        self._kind.engine.dispose()

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        if self._kind.rowwise:
            with self._explained(), self._kind.engine.connect() as connection:
                yield connection
        else:
            with self.write() as connection:
                yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._kind.queued:
            yield
        elif self._writing.acquire(timeout=BUSY_SECONDS):
            try:
                yield
            finally:
                self._writing.release()
        else:
            raise _busy()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Of the driver's errors raise what they mean to a caller; themselves when they are faults of the statement."""
        try:
            yield
        except DBAPIError as error:
            if self._kind.is_busy(error.orig):
                raise _busy() from error
            if self._kind.is_gone(error.orig):
                raise gone() from error
            raise


def gone() -> StoreGone:
    """What to raise when a store's server does not answer."""
    return StoreGone("The store does not answer; try again.", headers={"Retry-After": "1"})


def insert_missing(table: Table) -> Insert:
    """A statement that inserts a row unless one with its primary key is there. Writers of the same never overlap, so looking is enough."""
    same = exists().where(*(key == bindparam(key.name) for key in table.primary_key))
    row = select(*(bindparam(column.name, type_=column.type) for column in table.c)).where(~same)
    return insert(table).from_select(list(table.c.keys()), row)


def sought(text: str) -> str:
    """What is asked for when somebody sends any text: NUL, which servers do not take, is in no key; the empty text is none."""
    return "" if "\0" in text else text


def open_store(kit: Kit, migrate: Callable[[Database], None]) -> Database:
    """The service's store, migrated unless SEATRIAL_MIGRATE=0; the replica is ready while it answers.

    Raises:
        StoreUrlError: SEATRIAL_STORE names something that cannot be served.
    """
    return opened(kit, Database, migrate)


def opened(kit: Kit, kind: Callable[..., S], migrate: Callable[[S], None]) -> S:
    """The same of any kind of store: `kind` gets the URL, `waited` and `hold`, see Database."""
    store = kind(
        kit.settings.store or f"sqlite:///{FOLDER.absolute() / kit.service}.db",
        waited=kit.metrics.histogram("store_lock_wait_seconds").observe,
        hold=kit.faults.hold_store,
    )
    if kit.settings.migrate:
        migrate(store)
    kit.health.add("store", store.check)
    return store


def _kind_of(text: str, *, must_exist: bool) -> Kind:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise StoreUrlError(f"The store {text!r} is not a URL. {REMEDY}") from error
    match url.get_backend_name():
        case "sqlite":
            from fleet.kit.sqlite import SqliteFile

            return SqliteFile(url, patience=BUSY_SECONDS, connections=POOL_SIZE, must_exist=must_exist)
        case "postgresql":
            from fleet.kit.postgres import PostgresDatabase

            return PostgresDatabase(url, patience=BUSY_SECONDS, connections=POOL_SIZE)
        case other:
            raise StoreUrlError(f"The store kind {other!r} is not supported. {REMEDY}")


def _busy() -> StoreBusy:
    return StoreBusy(f"The store was busy for {BUSY_SECONDS:g} s; try again.", headers={"Retry-After": "1"})


def _begin(connection: Connection, statement: str) -> None:
    # Straight to the driver: an engine with a listener for "begin" looks for listeners at every statement.
    driver = connection.dialect.loaded_dbapi
    try:
        connection.connection.cursor().execute(statement)
    except driver.Error as error:
        raise DBAPIError(statement, None, error) from error
