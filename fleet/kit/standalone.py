"""What a service needs that nobody configured: a store in ./.seatrial, and a line that says where it listens.

The stack gives every setting, so there these defaults are never used.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fleet.kit.app import Kit
from fleet.kit.database import Database

FOLDER = Path(".seatrial")


def open_store(kit: Kit, migrate: Callable[[Database], None]) -> Database:
    """The service's store, migrated unless SEATRIAL_MIGRATE=0; the replica is ready while it answers.

    Raises:
        StoreUrlError: SEATRIAL_STORE names something that cannot be served.
    """
    database = Database(kit.settings.store or f"sqlite:///{FOLDER.absolute() / kit.service}.db")
    if kit.settings.migrate:
        migrate(database)
    kit.health.add("store", database.check)
    return database


def introduce(kit: Kit, *, calls: tuple[str, ...] = ()) -> None:
    """Log where the service listens and what it needs."""
    settings = kit.settings
    where = f"http://{settings.host}:{settings.port}"
    tokens = settings.jwks_file or FOLDER / "jwks.json"
    needs = f"; calls {', '.join(calls)} {_found(kit)}" if calls else ""
    kit.logs.event("service.introduced", f"{kit.service} on {where}; keys of tokens from {tokens}{needs}")


def _found(kit: Kit) -> str:
    file = kit.settings.discovery_file
    return f"as {file} says" if file else "at their default ports"
