"""Puts the gateway together."""

from __future__ import annotations

from typing import Any

from fleet.gateway import GatewaySettings
from fleet.gateway.clients import DEFAULT_ADDRESSES
from fleet.gateway.home import HomePage, home_routes
from fleet.gateway.routes import address, document_view, guard, limit, public_routes
from fleet.gateway.store import Buckets
from fleet.kit import auth, standalone
from fleet.kit.app import KitApp, create_kit_app


def create_app(settings: GatewaySettings, **collaborators: Any) -> KitApp:
    """The service; `collaborators` replace the kit's (see `create_kit_app`)."""
    app = create_kit_app("gateway", settings, by_hand=DEFAULT_ADDRESSES, **collaborators)
    clients = {name: app.kit.client(name) for name in DEFAULT_ADDRESSES}
    opened, costly, guarded = public_routes(clients)
    home = home_routes(HomePage(clients, app.kit, settings.home_seconds))
    verifier, subjects = auth.verifier(app.kit), Buckets(settings.rate_limit, settings.rate_burst)
    for blueprint in (guarded, home):
        guard(blueprint, verifier, subjects)
    limit(costly, Buckets(settings.address_rate, settings.address_burst), address)
    for blueprint in (opened, costly, guarded):
        app.register_blueprint(blueprint)
    app.register_api(home)
    # The kit's own would describe this app, most of whose views have no documents of their own.
    app.view_functions["openapi"] = document_view(lambda: app.api_doc, clients)
    standalone.introduce(app.kit, calls=tuple(DEFAULT_ADDRESSES))
    return app
