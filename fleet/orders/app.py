"""Puts the orders together."""

from __future__ import annotations

from typing import Any

from fleet.kit import auth, standalone
from fleet.kit.app import KitApp, create_kit_app
from fleet.kit.database import open_store
from fleet.kit.discovery import StaticDiscovery
from fleet.orders import OrdersSettings
from fleet.orders.clients import DEFAULT_ADDRESSES, Clients
from fleet.orders.routes import LOSE_RELEASE, order_routes
from fleet.orders.store import OrdersStore, migrate


def create_app(settings: OrdersSettings, *, store: OrdersStore | None = None, **collaborators: Any) -> KitApp:
    """The service; `collaborators` replace the kit's (see `create_kit_app`)."""
    if settings.discovery_file is None:
        collaborators.setdefault("discovery", StaticDiscovery(DEFAULT_ADDRESSES))
    app = create_kit_app("orders", settings, faults=(LOSE_RELEASE,), **collaborators)
    store = store or OrdersStore(open_store(app.kit, migrate))
    clients = Clients(*(app.kit.client(name) for name in DEFAULT_ADDRESSES))
    app.register_api(order_routes(store, clients, app.kit, auth.verifier(app.kit)))
    standalone.introduce(app.kit, calls=tuple(DEFAULT_ADDRESSES))
    return app
