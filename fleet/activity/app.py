"""Puts the activity together."""

from __future__ import annotations

from typing import Any

from fleet.activity import ActivitySettings
from fleet.activity.routes import SHOW_TWICE, event_routes, feed_routes
from fleet.activity.store import FeedStore, at, feed_in, migrate
from fleet.kit import auth, standalone
from fleet.kit.app import KitApp, create_kit_app
from fleet.kit.database import opened


def create_app(settings: ActivitySettings, *, store: FeedStore | None = None, **collaborators: Any) -> KitApp:
    """The service; `collaborators` replace the kit's (see `create_kit_app`)."""
    app = create_kit_app("activity", settings, faults=(SHOW_TWICE,), **collaborators)
    store = store or feed_in(opened(app.kit, at, migrate))
    verifier = auth.verifier(app.kit)
    app.register_api(feed_routes(store, verifier))
    app.register_api(event_routes(store, app.kit, verifier))
    standalone.introduce(app.kit)
    return app
