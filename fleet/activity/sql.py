"""The feed's table and statements, where the store is SQL's: rows are only ever added, and an event id is there once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import time
from typing import Any

from sqlalchemy import Column, Connection, Float, Index, MetaData, String, Table, bindparam, insert, select

from fleet.activity.model import Entry, NewEvent, of_row
from fleet.kit import exchange
from fleet.kit.database import Database, Whole
from fleet.kit.paging import sequence

METADATA = MetaData()
FEED = Table(
    "feed",
    METADATA,
    Column("seq", Whole, primary_key=True),
    Column("event_id", String, nullable=False, unique=True),
    Column("user_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("order_id", String, nullable=False),
    Column("at", Float, nullable=False),  # epoch seconds: when it happened
    Column("noted", Float, nullable=False),  # epoch seconds: when it was told
    sqlite_autoincrement=True,  # a sequence number is never given twice, so a cursor never shows an entry twice
)
Index("feed_by_user", FEED.c.user_id, FEED.c.seq)

TOLD = [FEED.c[name] for name in NewEvent.model_fields]
SHOWN = [FEED.c.seq, *(FEED.c[name] for name in Entry.model_fields)]
KNOWN = select(*TOLD).where(FEED.c.event_id == bindparam("event"))
LATEST = (
    select(*SHOWN)
    .where(FEED.c.user_id == bindparam("of"), FEED.c.seq < bindparam("before"))
    .order_by(FEED.c.seq.desc())
    .limit(bindparam("most"))
)


class SqlFeed:
    """See store.FeedStore; a position is a sequence number."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def latest(self, user: str, before: str | None, most: int) -> list[tuple[str, Entry]]:
        """See store.FeedStore."""
        with self.database.read() as connection:
            bound = {"of": user, "before": sequence(before), "most": most}
            rows = connection.execute(LATEST, bound).mappings().all()
        return [(str(row["seq"]), of_row(Entry, dict(row))) for row in rows]

    def tell(self, event_id: str, event: NewEvent, *, twice: bool = False) -> NewEvent | None:
        """See store.FeedStore. Whoever looks and finds nothing is the only one to write."""
        with self.database.write() as connection:
            exchange.stop_when_late()
            before = _known(connection, event_id)
            if before is None:
                _note(connection, event_id, event)
                if twice:
                    _note(connection, f"{event_id}-again", event)
        return before

    def everything(self) -> Iterator[Mapping[str, Any]]:
        """See store.FeedStore."""
        with self.database.read() as connection:
            yield from map(dict, connection.execute(select(FEED)).mappings())


def _known(connection: Connection, event_id: str) -> NewEvent | None:
    row = connection.execute(KNOWN, {"event": event_id}).mappings().first()
    return None if row is None else of_row(NewEvent, dict(row))


def _note(connection: Connection, event_id: str, event: NewEvent) -> None:
    connection.execute(insert(FEED), event.model_dump() | {"event_id": event_id, "noted": time()})
