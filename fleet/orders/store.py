"""The orders' tables and statements. An order's step is stored before the next call goes out.

Whoever works on an order, or tells the feed of one, holds a lease: nobody else takes it up before the lease ends, and
whoever has lost it cannot store anything. What is told is stored in the transaction that settles the order (an outbox).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    MetaData,
    RowMapping,
    Select,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from fleet.kit.database import Database, Whole
from fleet.kit.idempotency import records_table
from fleet.orders.model import FINAL, Event, Order, Step

METADATA = MetaData()
ORDERS = Table(
    "orders",
    METADATA,
    Column("seq", Whole, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("subject", String, nullable=False),
    Column("key", String, nullable=False),  # the client's Idempotency-Key
    Column("product_id", String, nullable=False),
    Column("quantity", Whole, nullable=False),
    Column("unit_price", Whole, nullable=False),
    Column("created", Float, nullable=False),
    Column("step", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("leased_until", Float, nullable=False),  # epoch seconds: nobody else takes the order up before
    Column("leased_by", String, nullable=False),  # empty: nobody works on it, and it waits until then
    Column("cancel_key", String),  # the Idempotency-Key of its cancelling
    Column("tries", Whole, nullable=False),  # how often it could not be settled
)
UNSETTLED = ORDERS.c.step.not_in(sorted(FINAL))
Index("orders_by_subject", ORDERS.c.subject, ORDERS.c.seq)
# Of all orders ever placed only these few are looked for again and again.
Index("orders_unsettled", ORDERS.c.leased_until, sqlite_where=UNSETTLED, postgresql_where=UNSETTLED)
OUTBOX = Table(
    "outbox",
    METADATA,
    Column("seq", Whole, primary_key=True),
    Column("event_id", String, nullable=False, unique=True),
    Column("order_id", String, nullable=False),
    Column("user_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("at", Float, nullable=False),  # epoch seconds
    Column("leased_until", Float, nullable=False),
    Column("leased_by", String, nullable=False),
    Column("tries", Whole, nullable=False),
)
RECORDS = records_table(METADATA)

FIELDS = [ORDERS.c[name] for name in Order.__dataclass_fields__]
OF_ORDER = update(ORDERS).where(ORDERS.c.id == bindparam("order"))
MINE = OF_ORDER.where(ORDERS.c.leased_by == bindparam("by"))
MOVE = MINE.values(step=bindparam("to"), reason=bindparam("because"), leased_until=bindparam("until")).returning(
    ORDERS.c.id
)
PUT_OFF = MINE.values(leased_until=bindparam("until"), leased_by="", tries=ORDERS.c.tries + 1)
HELD: dict[str, Any] = {"leased_until": bindparam("until"), "leased_by": bindparam("by")}
# A customer who asks again need not wait until the next try: nobody is at work on the order.
LEASE = (
    OF_ORDER.where(UNSETTLED, or_(ORDERS.c.leased_until < bindparam("now"), ORDERS.c.leased_by == ""))
    .values(HELD)
    .returning(*FIELDS)
)
LONGEST_LEFT = (
    select(ORDERS.c.id)
    .where(UNSETTLED, ORDERS.c.leased_until < bindparam("now"))
    .order_by(ORDERS.c.leased_until)
    .limit(1)
)
CANCEL = (
    OF_ORDER.where(ORDERS.c.step == Step.CONFIRMED)
    .values(HELD | {"step": Step.UNCHARGE, "cancel_key": bindparam("with_key"), "tries": 0})
    .returning(*FIELDS)
)
ONE = select(*FIELDS).where(ORDERS.c.id == bindparam("order"))
LATEST = (
    select(*FIELDS)
    .where(ORDERS.c.subject == bindparam("of"), ORDERS.c.seq < bindparam("before"))
    .order_by(ORDERS.c.seq.desc())
    .limit(bindparam("most"))
)
WAITING = select(OUTBOX).where(OUTBOX.c.leased_until < bindparam("now")).order_by(OUTBOX.c.seq).limit(bindparam("most"))
OF_EVENT = OUTBOX.c.event_id == bindparam("event")
# Those that another replica is just taking are left to it.
FREE = WAITING.with_only_columns(OUTBOX.c.seq).with_for_update(skip_locked=True).cte("free")
TAKE = update(OUTBOX).where(OUTBOX.c.seq.in_(select(FREE.c.seq))).values(HELD).returning(OUTBOX)
RETURN = update(OUTBOX).where(OF_EVENT, OUTBOX.c.leased_by == bindparam("by"))
TELL_LATER = RETURN.values(leased_until=bindparam("until"), leased_by="", tries=OUTBOX.c.tries + 1)
TOLD = delete(OUTBOX).where(OF_EVENT)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds something, from now until when, in epoch seconds."""

    by: str
    now: float
    until: float

    def bound(self, **others: object) -> dict[str, object]:
        """As parameters of a statement."""
        return {"by": self.by, "until": self.until, **others}


class LeaseLost(Exception):
    """Somebody else has taken the order up meanwhile; it is theirs to settle."""


def migrate(database: Database) -> None:
    """Make the tables that are missing; safe to run again."""
    database.create_schema(METADATA)


class OrdersStore:
    """Orders, and what is still to be told of them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def order(self, order_id: str) -> Order | None:
        """The order, whoever's it is."""
        with self.database.read() as connection:
            return find(connection, order_id)

    def latest(self, subject: str, before: int, most: int) -> list[Order]:
        """Up to `most` of the customer's orders older than sequence number `before`, the latest first."""
        with self.database.read() as connection:
            rows = connection.execute(LATEST, {"of": subject, "before": before, "most": most}).mappings().all()
        return [_order(row) for row in rows]

    def save(self, order: Order, lease: Lease) -> None:
        """Store the step that the order is at, and hold it on. Raises LeaseLost."""
        _moved(self.database.change(MOVE, _to(order, lease)))

    def put_off(self, order: Order, lease: Lease) -> None:
        """Nobody works on the order any more; it is taken up again at the lease's end, or when its customer asks."""
        self.database.change(PUT_OFF, lease.bound(order=order.id))

    def lease(self, order_id: str, lease: Lease) -> Order | None:
        """The unsettled order, now the lease's holder's to settle; None when it is somebody else's, or settled."""
        return next(map(_order, self.database.change(LEASE, lease.bound(order=order_id, now=lease.now))), None)

    def take_up(self, lease: Lease) -> Order | None:
        """The unsettled order that has been left the longest, now the lease's holder's; None when there is none."""
        with self.database.read() as connection:  # nearly always there is none: no writer need wait for that
            left = connection.execute(LONGEST_LEFT, {"now": lease.now}).scalar()
        return None if left is None else self.lease(left, lease)

    def forget(self, holders: str, but: str) -> None:
        """End the leases of all whose names begin with `holders`, but not with `but`."""
        with self.database.write() as connection:
            for table in (ORDERS, OUTBOX):
                name = table.c.leased_by
                theirs = name.startswith(holders, autoescape=True), not_(name.startswith(but, autoescape=True))
                connection.execute(update(table).where(*theirs).values(leased_until=0.0, leased_by=""))

    def events(self, lease: Lease, most: int) -> list[Event]:
        """Up to `most` events that nobody else is telling, the oldest first, now the lease's holder's."""
        with self.database.read() as connection:
            if connection.execute(WAITING, {"now": lease.now, "most": 1}).first() is None:
                return []
        rows = self.database.change(TAKE, lease.bound(now=lease.now, most=most))
        return [_event(row) for row in sorted(rows, key=lambda row: int(row["seq"]))]

    def told(self, event: Event) -> None:
        """The feed has the event."""
        self.database.change(TOLD, {"event": event.id})

    def tell_later(self, events: list[Event], lease: Lease) -> None:
        """Let go of events; they are told at the lease's end."""
        with self.database.write() as connection:
            connection.execute(TELL_LATER, [lease.bound(event=event.id) for event in events])

    def unsettled(self) -> int:
        """How many orders have not come to an end."""
        return self._count(select(func.count()).select_from(ORDERS).where(UNSETTLED))

    def untold(self) -> int:
        """How many events the feed does not have yet."""
        return self._count(select(func.count()).select_from(OUTBOX))

    def oldest_unsettled(self, now: float) -> float:
        """Seconds since the oldest order was placed that has not come to an end; 0 without any."""
        return self._age(select(func.min(ORDERS.c.created)).where(UNSETTLED), now)

    def oldest_untold(self, now: float) -> float:
        """Seconds that the oldest event has waited for the feed; 0 without any."""
        return self._age(select(func.min(OUTBOX.c.at)), now)

    def _age(self, statement: Select[float | None], now: float) -> float:
        with self.database.read() as connection:
            oldest = connection.execute(statement).scalar_one()
        return 0.0 if oldest is None else max(0.0, now - oldest)

    def _count(self, statement: Select[int]) -> int:
        with self.database.read() as connection:
            return connection.execute(statement).scalar_one()


def find(connection: Connection, order_id: str) -> Order | None:
    """The order, whoever's it is."""
    row = connection.execute(ONE, {"order": order_id}).mappings().first()
    return None if row is None else _order(row)


def add(connection: Connection, order: Order, lease: Lease) -> None:
    """Store a new order, held by the lease."""
    row: dict[str, Any] = {column.name: getattr(order, column.name) for column in FIELDS if column.name != "seq"}
    connection.execute(insert(ORDERS), row | {"leased_until": lease.until, "leased_by": lease.by})


def move(connection: Connection, order: Order, lease: Lease) -> None:
    """Store the step that the order is at. Raises LeaseLost."""
    _moved(connection.execute(MOVE, _to(order, lease)).all())


def cancel(connection: Connection, order_id: str, key: str, lease: Lease) -> Order | None:
    """The order, if it was confirmed: it is now being cancelled under the lease."""
    row = connection.execute(CANCEL, lease.bound(order=order_id, with_key=key)).mappings().first()
    return None if row is None else _order(row)


def announce(connection: Connection, event: Event) -> None:
    """Store what is to be told."""
    row = {"event_id": event.id, "leased_until": 0.0, "leased_by": "", "tries": 0}
    connection.execute(
        insert(OUTBOX), row | {name: getattr(event, name) for name in ("order_id", "user_id", "kind", "at")}
    )


def _to(order: Order, lease: Lease) -> dict[str, object]:
    return lease.bound(order=order.id, to=order.step, because=order.reason)


def _moved(found: Sequence[object]) -> None:
    if not found:
        raise LeaseLost


def _order(row: RowMapping) -> Order:
    return Order(**(dict(row) | {"step": Step(row["step"])}))


def _event(row: RowMapping) -> Event:
    return Event(row["event_id"], row["order_id"], row["user_id"], row["kind"], row["at"], row["tries"])
