"""`python -m fleet.inventory` starts the service alone."""

from __future__ import annotations

from fleet.inventory import InventorySettings
from fleet.kit.server import serve

if __name__ == "__main__":
    serve("fleet.inventory.app:create_app", InventorySettings)
