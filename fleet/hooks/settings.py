"""How large a shop `populate` makes; each field is the variable SEATRIAL_POPULATE_<FIELD>."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Count = Annotated[int, Field(ge=0, le=100_000)]


class PopulateSettings(BaseSettings):
    """Money in minor units. Rich customers never run out of it in a load, poor ones soon do."""

    model_config = SettingsConfigDict(env_prefix="SEATRIAL_POPULATE_", frozen=True, env_ignore_empty=True)

    customers: Annotated[int, Field(ge=1, le=100_000)] = 200
    products: Annotated[int, Field(ge=1, le=99_999)] = 300
    scarce: Count = 3  # of the products: sold out soon
    poor_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    stock: Count = 100_000  # of each product that is not scarce
    scarce_stock: Count = 1
    rich_balance: Annotated[int, Field(ge=1, le=1_000_000_000)] = 100_000_000
    poor_balance: Annotated[int, Field(ge=1, le=1_000_000_000)] = 2_000
    at_once: Annotated[int, Field(ge=1, le=64)] = 4  # customers at the door
