"""The feed's tables and statements, where the store is Cassandra's.

A customer's entries are one partition, in the order in which they were noted. Telling an event takes two statements and no
transaction holds them together: the first claims the event's id, once for all, and settles where its entry stands; the second shows
it there. Who is cut off in between has no answer and tells again, and showing an entry again writes the same row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import time
from typing import Any
from uuid import UUID

from cassandra.util import uuid_from_time

from fleet.activity.model import Entry, NewEvent, of_row
from fleet.kit import exchange
from fleet.kit.keyspace import Keyspace

COLUMNS = "event_id text, user_id text, kind text, order_id text, at double, noted timeuuid"
TABLES = (
    f"CREATE TABLE IF NOT EXISTS events ({COLUMNS}, PRIMARY KEY (event_id))",
    f"CREATE TABLE IF NOT EXISTS feed ({COLUMNS}, PRIMARY KEY (user_id, noted)) WITH CLUSTERING ORDER BY (noted DESC)",
)
CLAIM = "INSERT INTO events (event_id, user_id, kind, order_id, at, noted) VALUES (?, ?, ?, ?, ?, ?) IF NOT EXISTS"
SHOW = "INSERT INTO feed (event_id, user_id, kind, order_id, at, noted) VALUES (?, ?, ?, ?, ?, ?)"
LATEST = "SELECT * FROM feed WHERE user_id = ? LIMIT ?"
OLDER = "SELECT * FROM feed WHERE user_id = ? AND noted < ? LIMIT ?"
EVERYTHING = "SELECT * FROM feed"
TIME_BASED = 1  # RFC 9562, version 1


class CqlFeed:
    """See store.FeedStore; a position is the time and place of noting, a UUID of version 1 whose node is made up."""

    def __init__(self, keyspace: Keyspace) -> None:
        self.keyspace = keyspace

    def latest(self, user: str, before: str | None, most: int) -> list[tuple[str, Entry]]:
        """See store.FeedStore."""
        if before is None:
            rows = self.keyspace.execute(LATEST, (user, most))
        elif (position := _position(before)) is not None:
            rows = self.keyspace.execute(OLDER, (user, position, most))
        else:
            return []
        return [(str(row["noted"]), of_row(Entry, row)) for row in rows]

    def tell(self, event_id: str, event: NewEvent, *, twice: bool = False) -> NewEvent | None:
        """See store.FeedStore."""
        exchange.stop_when_late()
        noted = uuid_from_time(time())
        found = self.keyspace.change(CLAIM, _row(event_id, event, noted))
        if not found["[applied]"]:
            before = of_row(NewEvent, found)
            if before == event:  # whoever claimed it may have been cut off
                self.keyspace.change(SHOW, _row(event_id, event, found["noted"]))
            return before
        self.keyspace.change(SHOW, _row(event_id, event, noted))
        if twice:
            self.keyspace.change(SHOW, _row(f"{event_id}-again", event, uuid_from_time(time())))
        return None

    def everything(self) -> Iterator[Mapping[str, Any]]:
        """See store.FeedStore."""
        return self.keyspace.execute(EVERYTHING)


def _row(event_id: str, event: NewEvent, noted: UUID) -> tuple[object, ...]:
    return event_id, event.user_id, str(event.kind), event.order_id, event.at, noted


def _position(text: str) -> UUID | None:
    """None for one that is none of ours."""
    try:
        position = UUID(text)
    except ValueError:
        return None
    return position if position.version == TIME_BASED else None
