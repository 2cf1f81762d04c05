"""Gathers what the equations look at: rows of the stores, populate.json, and the clients' samples."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from fleet.hooks.books import Books, Clients, OrderRow, PostingRow, Seen, StockRow, TransferRow
from fleet.hooks.documents import Document, HookError, store
from fleet.inventory import store as inventory
from fleet.inventory.model import State
from fleet.kit.database import Database, sqlite_path
from fleet.orders import store as orders
from fleet.payments import store as payments

ORDER = ("POST", "/v1/orders")
DEPOSIT = ("POST", "/v1/accounts/me/deposits")


def gather(document: Document) -> Books:
    """Everything there is; what is absent is None, with the reason.

    Raises:
        HookError: a store is missing, or a file cannot be read.
    """
    opening, no_opening = _opening(Path(document["run_dir"]))
    clients, no_clients = _clients(document.get("samples"))
    return Books(
        **_from_orders(store(document, "orders")),
        **_from_payments(store(document, "payments")),
        **_from_inventory(store(document, "inventory")),
        opening_stock=opening and opening["opening_stock"],
        opening_deposits=opening and {entry["key"]: entry["amount"] for entry in opening["deposits"]},
        clients=clients,
        absent=" ".join(filter(None, (no_opening, no_clients))),
    )


def clients_saw(rows: Iterable[Mapping[str, Any]]) -> Clients:
    """The orders and deposits among the rows of the samples."""
    seen: dict[tuple[str, str], list[Seen]] = {ORDER: [], DEPOSIT: []}
    for row in rows:
        matter = seen.get((row["method"], row["route"]))
        if matter is not None and row["key"]:
            matter.append(_seen(row))
    return Clients(tuple(seen[ORDER]), tuple(seen[DEPOSIT]))


def _seen(row: Mapping[str, Any]) -> Seen:
    status = int(row["status"]) if row["status"] not in {None, ""} else None
    # A right answer that is no 201 is a refusal that ends the matter; a wrong one may hide anything.
    settled = row["outcome"] == "ok" and status is not None
    return Seen(row["key"], row["ref"] or "", status, settled)


def _from_orders(url: str) -> dict[str, Any]:
    with _reading(url) as connection:
        columns = [orders.ORDERS.c[name] for name in OrderRow.__dataclass_fields__]
        in_flight = select(orders.RECORDS.c.key).where(orders.RECORDS.c.status.is_(None))
        return {
            "orders": tuple(OrderRow(*row) for row in connection.execute(select(*columns))),
            "in_flight": tuple(connection.execute(in_flight).scalars()),
        }


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
    if not sqlite_path(url).is_file():
        raise HookError(f"There is no store at {url}; migrate first.")
    database = Database(url)
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

    columns = ("method", "route", "status", "outcome", "key", "ref")
    relation = duckdb.connect().read_parquet(str(file)).project(", ".join(columns))
    for row in relation.fetchall():
        yield dict(zip(columns, row, strict=True))
