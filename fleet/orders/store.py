"""The orders' table and statements. An order's step is stored before the next call goes out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    bindparam,
    insert,
    select,
    update,
)

from fleet.kit.database import Database
from fleet.kit.idempotency import records_table
from fleet.orders.model import FINAL, Order, Step

METADATA = MetaData()
ORDERS = Table(
    "orders",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("subject", String, nullable=False),
    Column("key", String, nullable=False),  # the client's Idempotency-Key
    Column("product_id", String, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("step", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("leased_until", Float, nullable=False),  # epoch seconds: nobody else takes the order up before
)
Index("orders_by_subject", ORDERS.c.subject, ORDERS.c.seq)
RECORDS = records_table(METADATA)

FIELDS = [ORDERS.c[name] for name in Order.__dataclass_fields__]
OF_ORDER = update(ORDERS).where(ORDERS.c.id == bindparam("order"))
MOVE = OF_ORDER.values(step=bindparam("to"), reason=bindparam("because"))
LET_GO = OF_ORDER.values(leased_until=0.0)
LEASE = OF_ORDER.where(ORDERS.c.leased_until < bindparam("now"), ORDERS.c.step.not_in(FINAL)).values(
    leased_until=bindparam("until")
)
ONE = select(*FIELDS).where(ORDERS.c.id == bindparam("order"))
LATEST = (
    select(*FIELDS)
    .where(ORDERS.c.subject == bindparam("of"), ORDERS.c.seq < bindparam("before"))
    .order_by(ORDERS.c.seq.desc())
    .limit(bindparam("most"))
)


def migrate(database: Database) -> None:
    """Make the tables that are missing; safe to run again."""
    database.create_schema(METADATA)


class OrdersStore:
    """Orders."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def order(self, order_id: str) -> Order | None:
        """The order, whoever's it is."""
        with self.database.read() as connection:
            row = connection.execute(ONE, {"order": order_id}).mappings().first()
        return None if row is None else _order(row)

    def latest(self, subject: str, before: int, most: int) -> list[Order]:
        """Up to `most` of the customer's orders older than sequence number `before`, the latest first."""
        with self.database.read() as connection:
            rows = connection.execute(LATEST, {"of": subject, "before": before, "most": most}).mappings().all()
        return [_order(row) for row in rows]

    def save(self, order: Order) -> None:
        """Store the step that the order is at."""
        with self.database.write() as connection:
            move(connection, order)

    def let_go(self, order: Order) -> None:
        """Whoever comes next may take the order up."""
        with self.database.write() as connection:
            connection.execute(LET_GO, {"order": order.id})

    def lease(self, order_id: str, now: float, until: float) -> bool:
        """Whether the pending order is now the caller's to settle, until `until`."""
        with self.database.write() as connection:
            return connection.execute(LEASE, {"order": order_id, "now": now, "until": until}).rowcount == 1


def add(connection: Connection, order: Order, *, key: str, leased_until: float) -> None:
    """Store a new order, leased to the caller."""
    row: dict[str, Any] = {column.name: getattr(order, column.name) for column in FIELDS if column.name != "seq"}
    connection.execute(insert(ORDERS), row | {"key": key, "leased_until": leased_until})


def move(connection: Connection, order: Order) -> None:
    """Store the step that the order is at."""
    connection.execute(MOVE, {"order": order.id, "to": order.step, "because": order.reason})


def _order(row: RowMapping) -> Order:
    return Order(**(dict(row) | {"step": Step(row["step"])}))
