"""A service's own store in Apache Cassandra: a keyspace, for rows that are only ever added and are read by their key.

Owns the connection, prepared statements, and what the driver's errors mean. There are no transactions: what must happen once
rests on `IF NOT EXISTS`, and what takes two statements must bear being cut off between them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from cassandra import (
    ConsistencyLevel,
    CoordinationFailure,
    InvalidRequest,
    OperationTimedOut,
    ProtocolVersion,
    Timeout,
    Unavailable,
    UnresolvableContactPoints,
)
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable, Session
from cassandra.connection import ConnectionException
from cassandra.policies import DCAwareRoundRobinPolicy, ExponentialReconnectionPolicy, TokenAwarePolicy
from cassandra.query import PreparedStatement, dict_factory
from sqlalchemy import URL
from sqlalchemy.engine import make_url

from fleet.kit.database import BUSY_SECONDS, gone
from fleet.kit.errors import StoreUrlError

REMEDY = "Give cassandra://host/keyspace, or cassandra://host:9042/keyspace?copies=3."
PORT = 9042
CONNECT_SECONDS = 2.0
LONGEST_PAUSE = 5.0  # seconds until a node that is away is tried again, while others answer
SILENCE = (
    NoHostAvailable,
    UnresolvableContactPoints,
    OperationTimedOut,
    Timeout,
    Unavailable,
    CoordinationFailure,
    ConnectionException,
)
Row = Mapping[str, Any]
# Whoever asks is told that nobody answers; the driver would say so again and again, with tracebacks.
logging.getLogger("cassandra").setLevel(logging.CRITICAL)


@dataclass(slots=True)
class _Opened:
    """A session, with what was prepared on it."""

    session: Session
    _prepared: dict[str, PreparedStatement] = field(default_factory=dict)
    _preparing: Lock = field(default_factory=Lock)

    def ready(self, statement: str) -> PreparedStatement:
        with self._preparing:
            if statement not in self._prepared:
                self._prepared[statement] = self.session.prepare(statement)
            return self._prepared[statement]


class Keyspace:
    """Statements on one keyspace; safe to share between threads. Connects when it is first asked.

    A write is on a majority of its copies before it is answered and a read asks a majority, so that whoever reads after a write sees it.

    Raises:
        StoreUrlError: no host, no keyspace, or a user: logging in is not supported.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self.name, self._copies = _name(self._url), _copies(self._url)
        if not self._url.host:
            raise StoreUrlError(f"The store {self._url.render_as_string()!r} names no host. {REMEDY}")
        if self._url.username:
            raise StoreUrlError(
                f"The store {self._url.render_as_string()!r} names a user; nobody logs in to it. {REMEDY}"
            )
        self._connecting = Lock()
        self._open: _Opened | None = None

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> Iterator[Row]:
        """The rows of one statement with `?` for its parameters, fetched as they are asked for.

        Raises:
            StoreGone: nobody answers, or not in time; a write may have been done.
        """
        with _explained():
            opened = self._connected()
            try:
                yield from opened.session.execute(opened.ready(statement), parameters)
            except NoHostAvailable:
                self._leave(opened)  # its nodes may have other addresses by now: whoever asks next connects anew
                raise

    def change(self, statement: str, parameters: Sequence[object]) -> Row:
        """What one statement that writes says: of `IF NOT EXISTS`, whether it was `[applied]`, and if not the row that is there."""
        return next(self.execute(statement, parameters), {})

    def create(self, tables: Sequence[str]) -> None:
        """Make the keyspace and those of its tables that are missing; safe to run again."""
        copies = f"{{'class': 'NetworkTopologyStrategy', 'replication_factor': {self._copies}}}"
        with _explained(), self._cluster() as cluster:
            session = cluster.connect()
            session.execute(f"CREATE KEYSPACE IF NOT EXISTS {self.name} WITH replication = {copies}")
            session.set_keyspace(self.name)
            for table in tables:
                session.execute(table)

    def check(self) -> None:
        """Raises when the store does not answer."""
        list(self.execute("SELECT release_version FROM system.local"))

    def close(self) -> None:
        """Close every connection."""
        if self._open is not None:
            self._leave(self._open)

    def _leave(self, opened: _Opened) -> None:
        with self._connecting:
            if self._open is not opened:  # another thread has left it
                return
            self._open = None
        opened.session.cluster.shutdown()

    def _connected(self) -> _Opened:
        with self._connecting:
            self._open = self._open or _Opened(self._connect())
            return self._open

    def _connect(self) -> Session:
        cluster = self._cluster()
        try:
            return cluster.connect(self.name)
        except BaseException:
            cluster.shutdown()
            raise

    def _cluster(self) -> Cluster:
        profile = ExecutionProfile(
            consistency_level=ConsistencyLevel.QUORUM,
            serial_consistency_level=ConsistencyLevel.SERIAL,
            request_timeout=BUSY_SECONDS,
            row_factory=dict_factory,
            load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy()),
        )
        return Cluster(
            [self._url.host],
            port=self._url.port or PORT,
            protocol_version=ProtocolVersion.V4,
            execution_profiles={EXEC_PROFILE_DEFAULT: profile},
            connect_timeout=CONNECT_SECONDS,
            control_connection_timeout=CONNECT_SECONDS,
            reconnection_policy=ExponentialReconnectionPolicy(0.25, LONGEST_PAUSE, max_attempts=None),
        )


def _name(url: URL) -> str:
    """It stands in statements as it is."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,47}", url.database or ""):
        raise StoreUrlError(f"The store {url.render_as_string()!r} names no keyspace of a-z, 0-9 and _. {REMEDY}")
    return str(url.database)


def _copies(url: URL) -> int:
    given = url.query.get("copies", "1")
    if not isinstance(given, str) or not re.fullmatch("[1-9]", given):
        raise StoreUrlError(
            f"The store {url.render_as_string()!r} asks for {given} copies; 1 to 9 can be had. {REMEDY}"
        )
    return int(given)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except SILENCE as error:
        raise gone() from error
    except InvalidRequest as error:
        if "does not exist" in str(error):  # not migrated yet; a server's answer, as that a database is not there
            raise gone() from error
        raise
