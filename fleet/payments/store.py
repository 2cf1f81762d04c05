"""The double-entry ledger: every transfer has two postings that sum to zero.

Balances are kept beside the postings, because adding up a customer's history at each charge would grow without end;
the invariants compare the two. A customer's balance never falls below zero: it is looked at inside the write
transaction that takes from it, and writers never overlap.
"""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    select,
    update,
)

from fleet.kit.database import Database, Whole, insert_missing
from fleet.kit.idempotency import records_table
from fleet.payments.model import CASH, SALES, Account, Charge, ChargeState, Deposit, Kind, Refusal

METADATA = MetaData()
ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("id", String, primary_key=True),
    Column("balance", Whole, nullable=False),
)
TRANSFERS = Table(
    "transfers",
    METADATA,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("reference", String, nullable=False),  # a deposit's Idempotency-Key, else the order's id
)
POSTINGS = Table(
    "postings",
    METADATA,
    Column("id", Whole, primary_key=True),
    Column("transfer_id", String, ForeignKey("transfers.id"), nullable=False),
    Column("account_id", String, ForeignKey("accounts.id"), nullable=False),
    Column("amount", Whole, nullable=False),
)
CHARGES = Table(
    "charges",
    METADATA,
    Column("id", String, primary_key=True),
    Column("account_id", String, nullable=False),
    Column("amount", Whole, nullable=False),
    Column("state", String, nullable=False),
)
RECORDS = records_table(METADATA)

BALANCE = select(ACCOUNTS.c.balance).where(ACCOUNTS.c.id == bindparam("account"))
OPEN = insert_missing(ACCOUNTS)
ADD = update(ACCOUNTS).where(ACCOUNTS.c.id == bindparam("account")).values(balance=ACCOUNTS.c.balance + bindparam("by"))
CHARGE = select(CHARGES).where(CHARGES.c.id == bindparam("charge"))
MOVE = update(CHARGES).where(CHARGES.c.id == bindparam("charge")).values(state=bindparam("to"))


def migrate(database: Database) -> None:
    """Make the tables that are missing, and the shop's own accounts; safe to run again."""
    database.create_schema(METADATA)
    with database.write() as connection:
        connection.execute(OPEN, [{"id": account, "balance": 0} for account in (CASH, SALES)])


class PaymentsStore:
    """Accounts and what moved between them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def account(self, subject: str) -> Account:
        """The customer's account; one that never saw money is empty."""
        with self.database.read() as connection:
            return Account(id=subject, balance=_balance(connection, subject))


def deposit(connection: Connection, subject: str, amount: int, *, key: str) -> Deposit:
    """Put money in; `key` is the client's, by which its own history can be compared with the ledger."""
    connection.execute(OPEN, {"id": subject, "balance": 0})
    transfer = _post(connection, Kind.DEPOSIT, key, source=CASH, target=subject, amount=amount)
    return Deposit(id=transfer, amount=amount, balance=_balance(connection, subject))


def charge(
    connection: Connection, subject: str, charge_id: str, amount: int, *, twice: bool = False
) -> Charge | Refusal:
    """Take the price of an order, or say why not; again for the same charge changes nothing.

    `twice` is the seeded bug: a second transfer that balances as well as the first, where the account can bear it.
    """
    known = _find(connection, subject, charge_id)
    if known is not None:
        same = isinstance(known, Charge) and (known.amount, known.state) == (amount, ChargeState.CHARGED)
        return known if same else Refusal.OTHER_CHARGE
    if not _take(connection, subject, charge_id, amount):
        return Refusal.DECLINED
    if twice:
        _take(connection, subject, charge_id, amount)
    made = Charge(id=charge_id, amount=amount, state=ChargeState.CHARGED)
    connection.execute(insert(CHARGES), made.model_dump() | {"account_id": subject})
    return made


def refund(connection: Connection, subject: str, charge_id: str, *, twice: bool = False) -> Charge | Refusal:
    """Give the price back; again changes nothing. A charge that is not there yet is barred from coming late.

    `twice` is the seeded bug: a second transfer, which balances as well as the first.
    """
    known = _find(connection, subject, charge_id)
    if known is None:
        barred = Charge(id=charge_id, amount=0, state=ChargeState.VOID)
        connection.execute(insert(CHARGES), barred.model_dump() | {"account_id": subject})
        return barred
    if isinstance(known, Refusal) or known.state != ChargeState.CHARGED:
        return known
    for _ in range(2 if twice else 1):
        _post(connection, Kind.REFUND, charge_id, source=SALES, target=subject, amount=known.amount)
    connection.execute(MOVE, {"charge": charge_id, "to": ChargeState.REFUNDED})
    return known.model_copy(update={"state": ChargeState.REFUNDED})


def _take(connection: Connection, subject: str, charge_id: str, amount: int) -> bool:
    """Whether the account could bear it; if so the transfer is posted."""
    if _balance(connection, subject) < amount:
        return False
    _post(connection, Kind.CHARGE, charge_id, source=subject, target=SALES, amount=amount)
    return True


def _post(connection: Connection, kind: Kind, reference: str, *, source: str, target: str, amount: int) -> str:
    transfer = uuid4().hex
    connection.execute(insert(TRANSFERS), {"id": transfer, "kind": kind, "reference": reference})
    legs = [(source, -amount), (target, amount)]
    connection.execute(
        insert(POSTINGS), [{"transfer_id": transfer, "account_id": account, "amount": by} for account, by in legs]
    )
    connection.execute(ADD, [{"account": account, "by": by} for account, by in legs])
    return transfer


def _balance(connection: Connection, account: str) -> int:
    return connection.execute(BALANCE, {"account": account}).scalar_one_or_none() or 0


def _find(connection: Connection, subject: str, charge_id: str) -> Charge | Refusal | None:
    row = connection.execute(CHARGE, {"charge": charge_id}).mappings().first()
    if row is None:
        return None
    if row["account_id"] != subject:
        return Refusal.OTHER_CHARGE
    return Charge(id=row["id"], amount=row["amount"], state=ChargeState(row["state"]))
