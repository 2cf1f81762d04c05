"""`python -m fleet.activity` starts the service alone."""

from __future__ import annotations

from fleet.activity import ActivitySettings
from fleet.kit.server import serve

if __name__ == "__main__":
    serve("fleet.activity.app:create_app", ActivitySettings)
