"""The feed's table and statements: rows are only ever added, and an event id is there once."""

from __future__ import annotations

from time import time

from sqlalchemy import Column, Connection, Float, Index, MetaData, String, Table, bindparam, insert, select

from fleet.activity.model import Entry, NewEvent
from fleet.kit.database import Database, Whole

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


def migrate(database: Database) -> None:
    """Make the tables that are missing; safe to run again."""
    database.create_schema(METADATA)


class ActivityStore:
    """The feed."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def latest(self, user: str, before: int, most: int) -> list[tuple[int, Entry]]:
        """Up to `most` of the customer's entries older than sequence number `before`, with theirs, the latest first."""
        with self.database.read() as connection:
            rows = connection.execute(LATEST, {"of": user, "before": before, "most": most}).mappings().all()
        return [(row["seq"], Entry.model_validate({name: row[name] for name in Entry.model_fields})) for row in rows]


def known(connection: Connection, event_id: str) -> NewEvent | None:
    """What was told under this id, None when nothing was."""
    row = connection.execute(KNOWN, {"event": event_id}).mappings().first()
    return None if row is None else NewEvent.model_validate(dict(row))


def note(connection: Connection, event_id: str, event: NewEvent) -> None:
    """Add an entry to the feed."""
    connection.execute(insert(FEED), event.model_dump() | {"event_id": event_id, "noted": time()})
