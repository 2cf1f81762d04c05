"""A customer's feed of what became of their orders: append-only, each event shown once however often it is told."""

from __future__ import annotations

from fleet.kit.settings import Port, Settings


class ActivitySettings(Settings):
    """What this service is told from outside; the defaults let it run alone."""

    port: Port = 8006
