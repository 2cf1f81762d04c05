"""Puts the gateway together."""

from __future__ import annotations

from typing import Any

from fleet.gateway import GatewaySettings
from fleet.gateway.clients import DEFAULT_ADDRESSES
from fleet.gateway.routes import document_view, public_routes
from fleet.gateway.store import Buckets
from fleet.kit import auth, standalone
from fleet.kit.app import KitApp, create_kit_app
from fleet.kit.discovery import StaticDiscovery


def create_app(settings: GatewaySettings, **collaborators: Any) -> KitApp:
    """The service; `collaborators` replace the kit's (see `create_kit_app`)."""
    if settings.discovery_file is None:
        collaborators.setdefault("discovery", StaticDiscovery(DEFAULT_ADDRESSES | auth.DEFAULT_ADDRESSES))
    app = create_kit_app("gateway", settings, **collaborators)
    clients = {name: app.kit.client(name) for name in DEFAULT_ADDRESSES}
    buckets = Buckets(settings.rate_limit, settings.rate_burst)
    for blueprint in public_routes(clients, auth.verifier(app.kit), buckets):
        app.register_blueprint(blueprint)
    # The kit's own would describe this app, which has views but no documents of them.
    app.view_functions["openapi"] = document_view(clients)
    standalone.introduce(app.kit, calls=tuple(DEFAULT_ADDRESSES))
    return app
