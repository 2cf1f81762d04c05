"""Puts the activity together."""

from __future__ import annotations

from typing import Any

from fleet.activity import ActivitySettings
from fleet.activity.routes import SHOW_TWICE, event_routes, feed_routes
from fleet.activity.store import ActivityStore, migrate
from fleet.kit import auth, standalone
from fleet.kit.app import KitApp, create_kit_app
from fleet.kit.database import open_store


def create_app(settings: ActivitySettings, *, store: ActivityStore | None = None, **collaborators: Any) -> KitApp:
    """The service; `collaborators` replace the kit's (see `create_kit_app`)."""
    app = create_kit_app("activity", settings, faults=(SHOW_TWICE,), **collaborators)
    store = store or ActivityStore(open_store(app.kit, migrate))
    verifier = auth.verifier(app.kit)
    app.register_api(feed_routes(store, verifier))
    app.register_api(event_routes(store, app.kit, verifier))
    standalone.introduce(app.kit)
    return app
