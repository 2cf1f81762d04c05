"""`python -m fleet.payments` starts the service alone."""

from __future__ import annotations

from fleet.kit.server import serve
from fleet.payments import PaymentsSettings

if __name__ == "__main__":
    serve("fleet.payments.app:create_app", PaymentsSettings)
