"""Stores that are SQLite files: the URL's path, a connection's pragmas, and how a transaction begins.

A file is shared by the replicas of one host; across hosts a store needs a server.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import URL, Engine, create_engine, event

from fleet.kit.errors import StoreUrlError

REMEDY = "Give sqlite:////absolute/path.db."


class SqliteFile:
    """A kind of store; see database.Kind. Makes the file and its folder."""

    queued = True
    rowwise = False
    reading = "BEGIN"

    def __init__(self, url: URL, *, patience: float, connections: int, must_exist: bool = False) -> None:
        self._path = path_of(url)
        if must_exist and not self._path.is_file():
            raise StoreUrlError(f"There is no store at {self._path}; migrate first.")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)  # stores hold keys and hashes; SQLite gives its other files the same mode
        self.engine: Engine = create_engine(
            f"sqlite+pysqlite:///{self._path}",
            connect_args={"timeout": patience, "check_same_thread": False},
            pool_size=connections,
            max_overflow=0,
            pool_timeout=patience,
            hide_parameters=True,  # what is stored has no place in a traceback, which is logged
        )
        event.listen(self.engine, "connect", _prepare)

    def writing(self, of: Collection[str]) -> str:
        """A file is written by one at a time, whatever it is about."""
        del of
        return "BEGIN IMMEDIATE"

    def is_busy(self, error: BaseException | None) -> bool:
        """Whether writers of other replicas held the file."""
        return getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")

    def is_gone(self, error: BaseException | None) -> bool:
        """Never: the file is this host's."""
        del error
        return False


def path_of(url: URL) -> Path:
    """The file that the URL names. Raises StoreUrlError when it names none."""
    if url.database in {None, "", ":memory:"}:
        shown = url.render_as_string()
        raise StoreUrlError(f"The store {shown!r} names no file; a store in memory is not shared by replicas. {REMEDY}")
    return Path(str(url.database))


def _prepare(connection: SqliteConnection, _record: object) -> None:
    # The driver would begin transactions by itself, late and deferred: two readers that both turn writer then fail.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()
