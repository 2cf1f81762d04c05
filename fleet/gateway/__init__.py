"""The only public door: routing, the token check, the rate limit, and the whole shop's OpenAPI document."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fleet.kit.settings import Port, Settings


class GatewaySettings(Settings):
    """What this service is told from outside; the defaults let it run alone."""

    port: Port = 8000
    rate_limit: Annotated[float, Field(ge=0, le=1e6)] = 500.0  # requests per second and subject; 0: no limit
    rate_burst: Annotated[float, Field(ge=1, le=1e6)] = 1000.0  # requests at once
