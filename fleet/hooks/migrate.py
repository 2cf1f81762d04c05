"""Makes the tables of every store, and the services' client secrets, once per run, before any replica starts.

A secret is random; the users' store gets its digest, the service a file that only its user can read.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from fleet.hooks.documents import Document, run, store
from fleet.kit.database import Database
from fleet.users.store import Client, UsersStore, digest

# Services that call others for themselves: scope by callee.
GRANTS: Mapping[str, Mapping[str, str]] = {
    "orders": {"inventory": "reservations", "payments": "charges", "activity": "events"},
}


def migrate(document: Document) -> dict[str, object]:
    """Migrate every store, by its own service's `migrate`, and register the clients; the answer names both."""
    stores = document.get("stores") or {}
    for service, url in stores.items():
        module = import_module(f"fleet.{service}.store")
        opened = getattr(module, "at", Database)(url)  # of services whose store may be another than SQL's
        module.migrate(opened)
        opened.close()
    register_clients(store(document, "users"), Path(document["run_dir"]) / "secrets")
    return {"migrated": list(stores), "clients": list(GRANTS)}


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
