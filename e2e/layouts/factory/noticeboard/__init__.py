"""The layout of Flask's tutorial: a package with an application factory, and blueprints beside it."""

from __future__ import annotations

from flask import Flask

from noticeboard import notices, observed


def create_app(test_config: dict[str, object] | None = None) -> Flask:
    app = Flask(__name__)
    app.config.from_mapping(test_config or {})
    app.register_blueprint(notices.pages)
    observed.init_app(app)
    return app
