"""What the inventory speaks of: stock, and reservations of it.

A reservation bears its order's id, chosen by the caller: so a release can come before a reservation that is still
under way, and the late reservation finds itself released.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from fleet.kit.body import Input

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
MAX_QUANTITY = 100


class State(StrEnum):
    """A reservation is reserved, then either released, or committed and perhaps returned."""

    RESERVED = "reserved"
    COMMITTED = "committed"
    RELEASED = "released"
    RETURNED = "returned"


class Refusal(StrEnum):
    """Why a step could not be taken."""

    UNKNOWN_PRODUCT = "unknown-product"
    SOLD_OUT = "sold-out"
    UNKNOWN_RESERVATION = "unknown-reservation"
    OTHER_STATE = "other-state"


class Stock(BaseModel):
    """`available` is what may still be reserved."""

    product_id: str
    available: int


class Reservation(BaseModel):
    """Stock set aside for an order."""

    id: str
    product_id: str
    quantity: int
    state: State


class NewReservation(Input):
    """`reservation_id` is the order's id."""

    reservation_id: Id
    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY, strict=True)]


class ProductPath(Input):
    """The product in the path."""

    product_id: Id


class ReservationPath(Input):
    """The reservation in the path."""

    reservation_id: Id
