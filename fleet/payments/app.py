"""Puts payments together."""

from __future__ import annotations

from typing import Any

from fleet.kit import auth, standalone
from fleet.kit.app import KitApp, create_kit_app
from fleet.kit.database import open_store
from fleet.payments import PaymentsSettings
from fleet.payments.routes import CHARGE_TWICE, REFUND_TWICE, account_routes, charge_routes
from fleet.payments.store import PaymentsStore, migrate


def create_app(settings: PaymentsSettings, *, store: PaymentsStore | None = None, **collaborators: Any) -> KitApp:
    """The service; `collaborators` replace the kit's (see `create_kit_app`)."""
    app = create_kit_app("payments", settings, faults=(CHARGE_TWICE, REFUND_TWICE), **collaborators)
    store = store or PaymentsStore(open_store(app.kit, migrate))
    verifier = auth.verifier(app.kit)
    app.register_api(account_routes(store, app.kit, verifier))
    app.register_api(charge_routes(store, app.kit, verifier))
    standalone.introduce(app.kit)
    return app
