"""Makes the tables of every store, and the services' client secrets, once per run, before any replica starts.

A secret is random; the users' store gets its digest, the service a file that only its user can read.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from fleet.activity.store import migrate as migrate_activity
from fleet.catalog.store import migrate as migrate_catalog
from fleet.hooks.documents import Document, run, store
from fleet.inventory.store import migrate as migrate_inventory
from fleet.kit.database import Database
from fleet.orders.store import migrate as migrate_orders
from fleet.payments.store import migrate as migrate_payments
from fleet.users.store import Client, UsersStore, digest
from fleet.users.store import migrate as migrate_users

MIGRATIONS: Mapping[str, Callable[[Database], None]] = {
    "catalog": migrate_catalog,
    "inventory": migrate_inventory,
    "orders": migrate_orders,
    "payments": migrate_payments,
    "activity": migrate_activity,
    "users": migrate_users,
}
# Services that call others for themselves: scope by callee.
GRANTS: Mapping[str, Mapping[str, str]] = {
    "orders": {"inventory": "reservations", "payments": "charges", "activity": "events"},
}


def migrate(document: Document) -> dict[str, object]:
    """Migrate every store and register the clients; the answer names both."""
    for service, migration in MIGRATIONS.items():
        database = Database(store(document, service))
        migration(database)
        database.close()
    register_clients(store(document, "users"), Path(document["run_dir"]) / "secrets")
    return {"migrated": list(MIGRATIONS), "clients": list(GRANTS)}


def register_clients(url: str, folder: Path) -> None:
    """Give each client its grants and a secret; one that has a secret keeps it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(url)
    for client, grants in GRANTS.items():
        UsersStore(database).register_client(Client(client, digest(_secret(folder / client)), grants))
    database.close()


def _secret(file: Path) -> str:
    """What the file holds; made anew when there is none."""
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as new:
            new.write(secrets.token_urlsafe(32))
    return file.read_text("ascii")


if __name__ == "__main__":
    run(migrate)
