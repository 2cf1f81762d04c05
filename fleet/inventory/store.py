"""The inventory's tables and steps. Every step is one conditional UPDATE inside the caller's transaction.

`on_hand` is what lies in the warehouse, `reserved` how much of it is promised; the rest is available.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    MetaData,
    String,
    Table,
    Update,
    bindparam,
    insert,
    select,
    update,
)

from fleet.inventory.model import NewReservation, Refusal, Reservation, State, Stock
from fleet.kit.database import Database, Whole
from fleet.kit.idempotency import records_table

METADATA = MetaData()
STOCK = Table(
    "stock",
    METADATA,
    Column("product_id", String, primary_key=True),
    Column("on_hand", Whole, nullable=False),
    Column("reserved", Whole, nullable=False),
)
RESERVATIONS = Table(
    "reservations",
    METADATA,
    Column("id", String, primary_key=True),
    Column("product_id", String, ForeignKey("stock.product_id")),  # null: released before it was made
    Column("quantity", Whole, nullable=False),
    Column("state", String, nullable=False),
)
RECORDS = records_table(METADATA)

AVAILABLE = select(STOCK.c.on_hand - STOCK.c.reserved).where(STOCK.c.product_id == bindparam("product"))
ROW = select(RESERVATIONS).where(RESERVATIONS.c.id == bindparam("reservation"))
MOVE = update(RESERVATIONS).where(RESERVATIONS.c.id == bindparam("reservation")).values(state=bindparam("to"))
OF_PRODUCT = update(STOCK).where(STOCK.c.product_id == bindparam("product"))
TAKE_UNSEEN = OF_PRODUCT.values(reserved=STOCK.c.reserved + bindparam("amount"))
TAKE = TAKE_UNSEEN.where(STOCK.c.on_hand - STOCK.c.reserved >= bindparam("amount"))
GIVE_BACK = OF_PRODUCT.values(reserved=STOCK.c.reserved - bindparam("amount"))
PUT_BACK = OF_PRODUCT.values(on_hand=STOCK.c.on_hand + bindparam("amount"))
HAND_OUT = GIVE_BACK.values(on_hand=STOCK.c.on_hand - bindparam("amount"))


def migrate(database: Database) -> None:
    """Make the tables that are missing; safe to run again."""
    database.create_schema(METADATA)


class InventoryStore:
    """Stock and its reservations."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def stock(self, product_id: str) -> Stock | None:
        """What may still be reserved of a product."""
        with self.database.read() as connection:
            available = connection.execute(AVAILABLE, {"product": product_id}).scalar_one_or_none()
        return None if available is None else Stock(product_id=product_id, available=available)

    def fill(self, stock: Mapping[str, int]) -> None:
        """Put the opening stock in: pieces by product."""
        rows = [{"product_id": product, "on_hand": pieces, "reserved": 0} for product, pieces in stock.items()]
        with self.database.write() as connection:
            connection.execute(insert(STOCK), rows)


def reserve(connection: Connection, wanted: NewReservation, *, oversell: bool = False) -> Reservation | Refusal:
    """Set stock aside, or say why not; again for the same reservation changes nothing.

    `oversell` is the seeded bug: it looks not at what is there.
    """
    known = _find(connection, wanted.reservation_id)
    if known is not None:
        same = (known.product_id, known.quantity, known.state) == (wanted.product_id, wanted.quantity, State.RESERVED)
        return known if same else Refusal.OTHER_STATE
    taking = {"product": wanted.product_id, "amount": wanted.quantity}
    if not connection.execute(TAKE_UNSEEN if oversell else TAKE, taking).rowcount:
        exists = connection.execute(AVAILABLE, {"product": wanted.product_id}).first() is not None
        return Refusal.SOLD_OUT if exists else Refusal.UNKNOWN_PRODUCT
    made = Reservation(
        id=wanted.reservation_id, product_id=wanted.product_id, quantity=wanted.quantity, state=State.RESERVED
    )
    connection.execute(insert(RESERVATIONS), made.model_dump())
    return made


def commit(connection: Connection, reservation_id: str) -> Reservation | Refusal:
    """Hand reserved stock out; again changes nothing."""
    return _move(connection, reservation_id, HAND_OUT, State.RESERVED, State.COMMITTED)


def take_back(connection: Connection, reservation_id: str) -> Reservation | Refusal:
    """Put stock that was handed out back into the warehouse; again changes nothing."""
    return _move(connection, reservation_id, PUT_BACK, State.COMMITTED, State.RETURNED)


def release(connection: Connection, reservation_id: str, *, lose: bool = False) -> Reservation | Refusal:
    """Give reserved stock back; again changes nothing. One that is not there yet is barred from coming late.

    `lose` is the seeded bug: the reservation says released, the stock stays promised.
    """
    known = _find(connection, reservation_id)
    if known is None:
        barred = Reservation(id=reservation_id, product_id="", quantity=0, state=State.RELEASED)
        connection.execute(insert(RESERVATIONS), barred.model_dump() | {"product_id": None})
        return barred
    if known.state == State.RESERVED:
        if not lose:
            connection.execute(GIVE_BACK, {"product": known.product_id, "amount": known.quantity})
        connection.execute(MOVE, {"reservation": reservation_id, "to": State.RELEASED})
        return known.model_copy(update={"state": State.RELEASED})
    return known if known.state == State.RELEASED else Refusal.OTHER_STATE


def _move(
    connection: Connection, reservation_id: str, stock: Update, before: State, after: State
) -> Reservation | Refusal:
    """Take a reservation from one state to the next, its stock with it."""
    known = _find(connection, reservation_id)
    if known is None:
        return Refusal.UNKNOWN_RESERVATION
    if known.state == before:
        connection.execute(stock, {"product": known.product_id, "amount": known.quantity})
        connection.execute(MOVE, {"reservation": reservation_id, "to": after})
        return known.model_copy(update={"state": after})
    return known if known.state == after else Refusal.OTHER_STATE


def _find(connection: Connection, reservation_id: str) -> Reservation | None:
    row = connection.execute(ROW, {"reservation": reservation_id}).mappings().first()
    if row is None:
        return None
    return Reservation(
        id=row["id"], product_id=row["product_id"] or "", quantity=row["quantity"], state=State(row["state"])
    )
