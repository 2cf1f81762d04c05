"""Products and search."""

from __future__ import annotations

from fleet.kit.settings import Port, Settings


class CatalogSettings(Settings):
    """What this service is told from outside; the defaults let it run alone."""

    port: Port = 8001
