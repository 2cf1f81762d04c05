"""`python -m fleet.catalog` starts the service alone."""

from __future__ import annotations

from fleet.catalog import CatalogSettings
from fleet.kit.server import serve

if __name__ == "__main__":
    serve("fleet.catalog.app:create_app", CatalogSettings)
