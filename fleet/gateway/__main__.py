"""`python -m fleet.gateway` starts the service alone."""

from __future__ import annotations

from fleet.gateway import GatewaySettings
from fleet.kit.server import serve

if __name__ == "__main__":
    serve("fleet.gateway.app:create_app", GatewaySettings)
