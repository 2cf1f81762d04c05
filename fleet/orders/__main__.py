"""`python -m fleet.orders` starts the service alone."""

from __future__ import annotations

from fleet.kit.server import serve
from fleet.orders import OrdersSettings

if __name__ == "__main__":
    serve("fleet.orders.app:create_app", OrdersSettings)
