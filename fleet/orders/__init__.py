"""The order saga: price, reserve, charge, commit, and the way back."""

from __future__ import annotations

from fleet.kit.settings import Port, Settings


class OrdersSettings(Settings):
    """What this service is told from outside; the defaults let it run alone."""

    port: Port = 8003
