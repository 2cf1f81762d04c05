"""A store with one number in it: what the promises of a store are tried on, whatever kind it is of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, ForeignKey, MetaData, Table, insert, select, update

from fleet.kit.database import Database, Whole

METADATA = MetaData()
COUNTER = Table("counter", METADATA, Column("id", Whole, primary_key=True), Column("value", Whole, nullable=False))
CHILD = Table("child", METADATA, Column("id", Whole, primary_key=True), Column("parent", ForeignKey("counter.id")))


@contextmanager
def counting(url: str) -> Iterator[Database]:
    """The store at the URL; its number is 0."""
    database = Database(url)
    database.create_schema(METADATA)
    with database.write() as connection:
        connection.execute(insert(COUNTER).values(id=1, value=0))
    yield database
    database.close()


def value(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(COUNTER.c.value)).scalar_one())


def set_to(database: Database, wanted: int) -> None:
    with database.write() as connection:
        connection.execute(update(COUNTER).values(value=wanted))
