"""Puts the catalog together."""

from __future__ import annotations

from typing import Any

from fleet.catalog import CatalogSettings
from fleet.catalog.routes import product_routes
from fleet.catalog.store import CatalogStore, migrate
from fleet.kit import standalone
from fleet.kit.app import KitApp, create_kit_app
from fleet.kit.database import open_store


def create_app(settings: CatalogSettings, *, store: CatalogStore | None = None, **collaborators: Any) -> KitApp:
    """The service; `collaborators` replace the kit's (see `create_kit_app`)."""
    app = create_kit_app("catalog", settings, **collaborators)
    store = store or CatalogStore(open_store(app.kit, migrate))
    app.register_api(product_routes(store))
    standalone.introduce(app.kit)
    return app
