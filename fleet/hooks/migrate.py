"""Makes the tables of every store, once per run, before any replica starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fleet.activity.store import migrate as migrate_activity
from fleet.catalog.store import migrate as migrate_catalog
from fleet.hooks.documents import Document, run, store
from fleet.inventory.store import migrate as migrate_inventory
from fleet.kit.database import Database
from fleet.orders.store import migrate as migrate_orders
from fleet.payments.store import migrate as migrate_payments

MIGRATIONS: Mapping[str, Callable[[Database], None]] = {
    "catalog": migrate_catalog,
    "inventory": migrate_inventory,
    "orders": migrate_orders,
    "payments": migrate_payments,
    "activity": migrate_activity,
}


def migrate(document: Document) -> dict[str, object]:
    """Migrate every store; the answer names them."""
    for service, migration in MIGRATIONS.items():
        database = Database(store(document, service))
        migration(database)
        database.close()
    return {"migrated": list(MIGRATIONS)}


if __name__ == "__main__":
    run(migrate)
