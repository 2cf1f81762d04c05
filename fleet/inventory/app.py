"""Puts the inventory together."""

from __future__ import annotations

from typing import Any

from fleet.inventory import InventorySettings
from fleet.inventory.routes import LOSE_RELEASE, OVERSELL, reservation_routes, stock_routes
from fleet.inventory.store import InventoryStore, migrate
from fleet.kit import auth, standalone
from fleet.kit.app import KitApp, create_kit_app
from fleet.kit.database import open_store


def create_app(settings: InventorySettings, *, store: InventoryStore | None = None, **collaborators: Any) -> KitApp:
    """The service; `collaborators` replace the kit's (see `create_kit_app`)."""
    app = create_kit_app("inventory", settings, faults=(OVERSELL, LOSE_RELEASE), **collaborators)
    store = store or InventoryStore(open_store(app.kit, migrate))
    app.register_api(stock_routes(store))
    app.register_api(reservation_routes(store, app.kit, auth.verifier(app.kit)))
    standalone.introduce(app.kit)
    return app
