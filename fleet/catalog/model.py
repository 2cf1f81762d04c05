"""What the catalog speaks of: products and pages of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from fleet.kit.body import HeaderInput, Input
from fleet.kit.paging import PageQuery

PRODUCT_ID = r"^[A-Za-z0-9-]{1,64}$"
HEADERS = {  # of both 200 and 304
    "ETag": {"description": "Of this very body.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "Keep it, but ask each time.", "schema": {"const": "no-cache"}},
}


class Product(BaseModel):
    """`price` is in minor units of the shop's one currency."""

    model_config = {"openapi_extra": {"headers": HEADERS}}  # type: ignore[typeddict-unknown-key] # flask-openapi3's

    id: str
    name: str
    description: str
    price: int


class ProductPage(BaseModel):
    """Products in the order of their ids."""

    model_config = {"openapi_extra": {"headers": HEADERS}}  # type: ignore[typeddict-unknown-key] # flask-openapi3's

    items: list[Product]
    next_cursor: str | None


class ProductQuery(PageQuery):
    """`q` finds products whose name contains it, whatever the case of ASCII letters."""

    q: Annotated[str, Field(max_length=100)] = ""


class ProductPath(Input):
    """The product in the path."""

    product_id: Annotated[str, Field(pattern=PRODUCT_ID)]


class Condition(HeaderInput):
    """What the caller has already."""

    if_none_match: Annotated[str, Field(alias="If-None-Match", description="ETags of answers that are known.")] = ""
