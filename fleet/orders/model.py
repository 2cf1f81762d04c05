"""What orders speak of, and the saga as a table: which step follows which outcome.

RESERVE ─▶ CHARGE ─▶ COMMIT ─▶ CONFIRMED
   │          │         │
   │          │         ├─ no answer: WITHDRAW ─ committed after all: CONFIRMED
   │          │         ▼
   │          └──────▶ REFUND ─▶ RELEASE ─▶ FAILED
   └─ refused: FAILED; no answer: RELEASE

CONFIRMED, cancelled by its customer: UNCHARGE ─▶ RESTOCK ─▶ CANCELLED
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from fleet.kit.body import Input

MAX_QUANTITY = 100
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


class Step(StrEnum):
    """What an order does next; the last three are final."""

    RESERVE = "reserve"
    CHARGE = "charge"
    COMMIT = "commit"
    WITHDRAW = "withdraw"
    REFUND = "refund"
    RELEASE = "release"
    UNCHARGE = "uncharge"
    RESTOCK = "restock"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """Of a call: done, refused for good, or unknown: it may have happened, may not, may still."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


NEXT: dict[tuple[Step, Outcome], Step] = {
    (Step.RESERVE, Outcome.DONE): Step.CHARGE,
    (Step.RESERVE, Outcome.REFUSED): Step.FAILED,
    (Step.RESERVE, Outcome.UNKNOWN): Step.RELEASE,
    (Step.CHARGE, Outcome.DONE): Step.COMMIT,
    (Step.CHARGE, Outcome.REFUSED): Step.RELEASE,
    (Step.CHARGE, Outcome.UNKNOWN): Step.REFUND,
    (Step.COMMIT, Outcome.DONE): Step.CONFIRMED,
    (Step.COMMIT, Outcome.REFUSED): Step.REFUND,
    (Step.COMMIT, Outcome.UNKNOWN): Step.WITHDRAW,
    (Step.WITHDRAW, Outcome.DONE): Step.REFUND,
    (Step.WITHDRAW, Outcome.REFUSED): Step.CONFIRMED,
    (Step.REFUND, Outcome.DONE): Step.RELEASE,
    (Step.RELEASE, Outcome.DONE): Step.FAILED,
    (Step.UNCHARGE, Outcome.DONE): Step.RESTOCK,
    (Step.RESTOCK, Outcome.DONE): Step.CANCELLED,
}
"""What is missing here cannot be settled now: the order stays pending where it is, visible, to be taken up again."""

FINAL = frozenset({Step.CONFIRMED, Step.FAILED, Step.CANCELLED})
CANCELLING = frozenset({Step.UNCHARGE, Step.RESTOCK})
UNDOING = frozenset({Step.WITHDRAW, Step.REFUND, Step.RELEASE}) | CANCELLING
UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Result:
    """A call's outcome; `reason` says why it was refused."""

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order; `reason` is set once it is bound to fail. `seq` orders the listing, 0 until stored.

    `key` and `cancel_key` are the Idempotency-Keys that it was placed and cancelled with; `tries` counts how often it
    could not be settled.
    """

    id: str
    subject: str
    product_id: str
    quantity: int
    unit_price: int
    created: float
    step: Step = Step.RESERVE
    reason: str = ""
    seq: int = 0
    key: str = ""
    cancel_key: str | None = None
    tries: int = 0

    @property
    def total(self) -> int:
        """The price of all pieces, in minor units."""
        return self.quantity * self.unit_price

    def after(self, result: Result) -> Order | None:
        """The order one step on, or None when it cannot be settled now. The first reason to fail is kept."""
        step = NEXT.get((self.step, result.outcome))
        if step is None:
            return None
        well = step in {Step.CHARGE, Step.COMMIT, Step.CONFIRMED, Step.RESTOCK, Step.CANCELLED}
        return replace(self, step=step, reason="" if well else self.reason or result.reason or UNAVAILABLE)


class OrderStatus(StrEnum):
    """Pending until a final step; a confirmed order may be cancelled, which takes its time too."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


def status_of(step: str) -> OrderStatus:
    """What a step means to the customer."""
    if step in FINAL:
        return OrderStatus(step)
    return OrderStatus.CANCELLING if step in CANCELLING else OrderStatus.PENDING


@dataclass(frozen=True, slots=True)
class Event:
    """What the feed is told of an order's end; `id` is the same however often it is told."""

    id: str
    order_id: str
    user_id: str
    kind: str
    at: float
    tries: int = 0

    @classmethod
    def of(cls, order: Order, at: float) -> Event:
        """The event of a settled order; `at` in epoch seconds."""
        status = status_of(order.step)
        return cls(f"{order.id}.{status}", order.id, order.subject, f"order.{status}", at)


class OrderView(BaseModel):
    """An order as its customer sees it; money in minor units, `created` in seconds since the epoch."""

    id: str
    status: OrderStatus
    product_id: str
    quantity: int
    unit_price: int
    total: int
    reason: str
    created: float

    @classmethod
    def of(cls, order: Order) -> OrderView:
        """The view of an order."""
        return cls(
            id=order.id,
            status=status_of(order.step),
            product_id=order.product_id,
            quantity=order.quantity,
            unit_price=order.unit_price,
            total=order.total,
            reason=order.reason,
            created=order.created,
        )


class OrderPage(BaseModel):
    """A customer's orders, the latest first."""

    items: list[OrderView]
    next_cursor: str | None


class NewOrder(Input):
    """What a customer wants."""

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY, strict=True)]


class OrderPath(Input):
    """The order in the path."""

    order_id: Id
