"""What the activity speaks of: events told by services, and entries shown to their customer."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field

from fleet.kit.body import Input

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
LATEST = 253_402_300_799  # the year 9999


class Kind(StrEnum):
    """What happened."""

    CONFIRMED = "order.confirmed"
    FAILED = "order.failed"
    CANCELLED = "order.cancelled"


class Entry(BaseModel):
    """An entry of the feed; `at` is when it happened, in seconds since the epoch."""

    event_id: str
    kind: Kind
    order_id: str
    at: float


class Feed(BaseModel):
    """A customer's entries, the latest told first."""

    items: list[Entry]
    next_cursor: str | None


class NewEvent(Input):
    """What happened, to whom."""

    user_id: Id
    kind: Kind
    order_id: Id
    at: Annotated[float, Field(ge=0, le=LATEST, strict=True)]


class EventPath(Input):
    """The event in the path; the teller makes its id of what it tells, so that telling it again is telling it once."""

    event_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,128}$")]


Model = TypeVar("Model", bound=BaseModel)


def of_row(kind: type[Model], row: Mapping[str, Any]) -> Model:
    """What a row of a store says, which may say more."""
    return kind.model_validate({name: row[name] for name in kind.model_fields})
