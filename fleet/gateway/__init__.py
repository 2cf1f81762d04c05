"""The only public door: routing, the token check, the rate limit, and the whole shop's OpenAPI document."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fleet.kit.settings import Port, Seconds, Settings


class GatewaySettings(Settings):
    """What this service is told from outside; the defaults let it run alone."""

    port: Port = 8000
    # One layer retries, the service that makes the call: a second one here would multiply the load on what already fails.
    attempts: Annotated[int, Field(ge=1, le=3)] = 1
    # As long as a whole request may take: giving up earlier leaves an order that works on behind its customer's back.
    read_timeout: Seconds = 10.0
    rate_limit: Annotated[float, Field(ge=0, le=1e6)] = 500.0  # requests per second and subject; 0: no limit
    rate_burst: Annotated[float, Field(ge=1, le=1e6)] = 1000.0  # requests at once
    address_rate: Annotated[float, Field(ge=0, le=1e6)] = (
        500.0  # likewise per client address, where there is no token yet
    )
    address_burst: Annotated[float, Field(ge=1, le=1e6)] = 1000.0
    home_seconds: Seconds = 2.0  # what is not there by then is missing on the home page
