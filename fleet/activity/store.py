"""The activity's store: a feed of entries, in SQL or in Cassandra, by the URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from fleet.activity import sql
from fleet.activity.model import Entry, NewEvent
from fleet.kit.database import Database

if TYPE_CHECKING:  # its driver is loaded where it is used
    from fleet.kit.keyspace import Keyspace

Opened: TypeAlias = "Database | Keyspace"


class FeedStore(Protocol):
    """What any kind of store does for the feed."""

    def latest(self, user: str, before: str | None, most: int) -> list[tuple[str, Entry]]:
        """Up to `most` of the customer's entries noted before that position, with theirs, the latest first.

        None is the newest; at a position that is none of ours there is nothing.
        """

    def tell(self, event_id: str, event: NewEvent, *, twice: bool = False) -> NewEvent | None:
        """Show the event, once however often it is told; what was told under its id before, None when nothing was.

        When that differs nothing is done. `twice` shows it twice: a seeded bug.
        """

    def everything(self) -> Iterator[Mapping[str, Any]]:
        """Every entry of every customer, in no order: `event_id`, `user_id`, `kind`, `order_id`, `at`."""


def at(url: str, **options: Any) -> Opened:
    """The store at the URL. `options` are Database's; Cassandra has no turns to wait for. Raises StoreUrlError."""
    if not url.startswith("cassandra:"):
        return Database(url, **options)
    from fleet.kit.keyspace import Keyspace

    return Keyspace(url)


def migrate(store: Opened) -> None:
    """Make the tables that are missing; safe to run again."""
    if isinstance(store, Database):
        store.create_schema(sql.METADATA)
    else:
        from fleet.activity import cql

        store.create(cql.TABLES)


def feed_in(store: Opened) -> FeedStore:
    """The feed that an opened store holds."""
    if isinstance(store, Database):
        return sql.SqlFeed(store)
    from fleet.activity.cql import CqlFeed

    return CqlFeed(store)
