"""The ledger: deposits, charges, refunds, in double entry."""

from __future__ import annotations

from fleet.kit.settings import Port, Settings


class PaymentsSettings(Settings):
    """What this service is told from outside; the defaults let it run alone."""

    port: Port = 8004
