"""Gathers what the equations look at: rows of the stores, populate.json, and the clients' samples."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from fleet.activity import store as activity
from fleet.hooks.books import (
    Books,
    Clients,
    EntryRow,
    Intrusion,
    OrderRow,
    PostingRow,
    Seen,
    StockRow,
    TransferRow,
    UserRow,
)
from fleet.hooks.documents import Document, store
from fleet.inventory import store as inventory
from fleet.inventory.model import State
from fleet.kit.database import Database
from fleet.orders import store as orders
from fleet.payments import store as payments
from fleet.users import store as users

# What of the samples belongs to which part of the clients' history, by method and route.
HISTORY = {
    ("POST", "/v1/orders"): "orders",
    ("POST", "/v1/accounts/me/deposits"): "deposits",
    ("POST", "/v1/orders/{order_id}/cancel"): "cancellations",
    ("POST", "/v1/users/register"): "registrations",
}
KEYED = frozenset({"orders", "deposits", "cancellations"})
# Steps whose every success is somebody getting what is not theirs.
INTRUSIONS = frozenset({"view-others-order", "expired-token"})
COLUMNS = ("step", "method", "route", "status", "outcome", "trace_id", "key", "ref")


def gather(document: Document) -> Books:
    """Everything there is; what is absent is None, with the reason.

    Raises:
        HookError: the document names no store.
        KitError: a store is missing, or does not answer.
    """
    opening, no_opening = _opening(Path(document["run_dir"]))
    clients, no_clients = _clients(document.get("samples"))
    accounts, no_users = _users(document)
    return Books(
        **_from_orders(store(document, "orders")),
        **_from_payments(store(document, "payments")),
        **_from_inventory(store(document, "inventory")),
        feed=_from_activity(store(document, "activity")),
        users=accounts,
        opening_stock=opening and opening["opening_stock"],
        opening_deposits=opening and {entry["key"]: entry["amount"] for entry in opening["deposits"]},
        opening_users=frozenset(opening["users"]) if opening else None,
        clients=clients,
        absent=" ".join(filter(None, (no_opening, no_clients, no_users))),
    )


def clients_saw(rows: Iterable[Mapping[str, Any]]) -> Clients:
    """What among the rows of the samples the equations ask about."""
    seen: dict[str, list[Seen]] = {part: [] for part in HISTORY.values()}
    intrusions: list[Intrusion] = []
    for row in rows:
        part = HISTORY.get((row["method"], row["route"]))
        if part is not None and (row["key"] or part not in KEYED):
            seen[part].append(_seen(row))
        if row["step"] in INTRUSIONS:
            intrusions.append(Intrusion(row["step"], row["trace_id"], _status(row)))
    return Clients(**{part: tuple(history) for part, history in seen.items()}, intrusions=tuple(intrusions))


def _seen(row: Mapping[str, Any]) -> Seen:
    status = _status(row)
    # A right answer that is no success is a refusal that ends the matter; a wrong one may hide anything.
    settled = row["outcome"] == "ok" and status is not None
    return Seen(row["key"] or "", row["ref"] or "", status, settled)


def _status(row: Mapping[str, Any]) -> int | None:
    return int(row["status"]) if row["status"] not in {None, ""} else None


def _from_orders(url: str) -> dict[str, Any]:
    with _reading(url) as connection:
        columns = [orders.ORDERS.c[name] for name in OrderRow.__dataclass_fields__]
        in_flight = select(orders.RECORDS.c.key).where(orders.RECORDS.c.status.is_(None))
        return {
            "orders": tuple(OrderRow(*row) for row in connection.execute(select(*columns))),
            "in_flight": tuple(connection.execute(in_flight).scalars()),
            "outbox": tuple(_entry(row) for row in _rows(connection, orders.OUTBOX)),
        }


def _from_activity(url: str) -> tuple[EntryRow, ...]:
    opened = activity.at(url, must_exist=True)
    try:
        return tuple(_entry(row) for row in activity.feed_in(opened).everything())
    finally:
        opened.close()


def _users(document: Document) -> tuple[tuple[UserRow, ...] | None, str]:
    """None for a shop whose tokens come from elsewhere."""
    if not (document.get("stores") or {}).get("users"):
        return None, "The stack names no store of users."
    with _reading(store(document, "users")) as connection:
        columns = [users.USERS.c[name] for name in UserRow.__dataclass_fields__]
        return tuple(UserRow(*row) for row in connection.execute(select(*columns))), ""


def _entry(row: Mapping[str, Any]) -> EntryRow:
    return EntryRow(row["event_id"], row["user_id"], row["kind"], row["order_id"])


def _from_payments(url: str) -> dict[str, Any]:
    with _reading(url) as connection:
        return {
            "accounts": {row["id"]: row["balance"] for row in _rows(connection, payments.ACCOUNTS)},
            "transfers": tuple(
                TransferRow(row["id"], row["kind"], row["reference"]) for row in _rows(connection, payments.TRANSFERS)
            ),
            "postings": tuple(
                PostingRow(row["transfer_id"], row["account_id"], row["amount"])
                for row in _rows(connection, payments.POSTINGS)
            ),
        }


def _from_inventory(url: str) -> dict[str, Any]:
    with _reading(url) as connection:
        reserved = select(inventory.RESERVATIONS.c.id).where(inventory.RESERVATIONS.c.state == State.RESERVED)
        return {
            "stock": tuple(
                StockRow(row["product_id"], row["on_hand"], row["reserved"])
                for row in _rows(connection, inventory.STOCK)
            ),
            "reservations_open": tuple(connection.execute(reserved).scalars()),
        }


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    database = Database(url, must_exist=True)
    try:
        with database.read() as connection:
            yield connection
    finally:
        database.close()


def _rows(connection: Connection, table: Table) -> Iterable[Mapping[str, Any]]:
    return connection.execute(select(table)).mappings()  # type: ignore[return-value] # rows are mappings with str keys


def _opening(folder: Path) -> tuple[dict[str, Any] | None, str]:
    file = folder / "populate.json"
    if not file.is_file():
        return None, "There is no populate.json: the shop was not filled by the populate hook."
    return json.loads(file.read_text()), ""


def _clients(samples: str | None) -> tuple[Clients | None, str]:
    if not samples:
        return None, "No samples were given."
    files = sorted(Path(samples).glob("requests-*.csv"))
    parquet = Path(samples) / "requests.parquet"
    if files:
        return clients_saw(row for file in files for row in _csv(file)), ""
    if parquet.is_file():
        return clients_saw(_parquet(parquet)), ""
    return None, f"There are no samples in {samples}."


def _csv(file: Path) -> Iterator[Mapping[str, Any]]:
    with file.open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _parquet(file: Path) -> Iterator[Mapping[str, Any]]:
    import duckdb

    relation = duckdb.connect().read_parquet(str(file)).project(", ".join(COLUMNS))
    for row in relation.fetchall():
        yield dict(zip(COLUMNS, row, strict=True))
