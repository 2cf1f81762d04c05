"""Who is who: accounts, logins, access tokens and the keys that sign them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from fleet.kit.settings import Port, Settings
from fleet.users.hashing import CostName

Count = Annotated[int, Field(ge=1, le=1000)]
LongSeconds = Annotated[int, Field(ge=1, le=365 * 86400)]


class UsersSettings(Settings):
    """What this service is told from outside; the defaults let it run alone."""

    port: Port = 8005
    public_url: str = ""  # in the metadata; where it listens when empty
    token_seconds: LongSeconds = 3600  # a customer's token
    service_token_seconds: LongSeconds = 600
    signing_algorithm: Literal["EdDSA", "RS256"] = "EdDSA"
    rotate_seconds: LongSeconds = 86400
    publish_seconds: LongSeconds = 180  # before a key signs; verifiers ask for the keys each 60 s
    hash_cost: CostName = "owasp"
    hashes_at_once: Count = 2
    hashes_waiting: Count = 32
    hash_wait_seconds: Annotated[float, Field(gt=0, le=60)] = 2.0
    login_failures: Count = 10  # of one account within the window; then it must wait
    login_window_seconds: LongSeconds = 900

    @field_validator("publish_seconds")
    @classmethod
    def _before_the_next_rotation(cls, value: int, info: ValidationInfo) -> int:
        if value >= info.data.get("rotate_seconds", value + 1):
            raise ValueError("must be shorter than SEATRIAL_ROTATE_SECONDS")
        return value
