"""What the equations look at, as plain rows: the shop's books, and what clients saw of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet.orders.model import OrderStatus, status_of


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as stored; prices in minor units."""

    id: str
    subject: str
    key: str
    product_id: str
    quantity: int
    unit_price: int
    step: str

    @property
    def status(self) -> OrderStatus:
        """What its step means."""
        return status_of(self.step)


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer; `reference` is a deposit's key, else an order's id."""

    id: str
    kind: str
    reference: str


@dataclass(frozen=True, slots=True)
class PostingRow:
    """One leg of a transfer."""

    transfer_id: str
    account_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class StockRow:
    """A product's pieces."""

    product_id: str
    on_hand: int
    reserved: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client saw of one POST with a key: `ref` is the id in a 201, `status` None when no answer came.

    `settled` says that the answer was one of those that end the matter, so nothing may have happened but what it says.
    """

    key: str
    ref: str
    status: int | None
    settled: bool

    @property
    def acknowledged(self) -> bool:
        """The client holds the id of what was made."""
        return self.status == 201 and bool(self.ref)  # noqa: PLR2004 - Created


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients' own history of the load: their orders and their deposits."""

    orders: tuple[Seen, ...] = ()
    deposits: tuple[Seen, ...] = ()


@dataclass(frozen=True)
class Books:
    """All that the equations look at. `opening_stock` and `opening_deposits` (amount by key) are populate's, `clients` the load's;
    None where there is none, and `absent` says why.
    """

    orders: tuple[OrderRow, ...] = ()
    in_flight: tuple[str, ...] = ()
    accounts: Mapping[str, int] = field(default_factory=dict)
    transfers: tuple[TransferRow, ...] = ()
    postings: tuple[PostingRow, ...] = ()
    stock: tuple[StockRow, ...] = ()
    reservations_open: tuple[str, ...] = ()
    opening_stock: Mapping[str, int] | None = None
    opening_deposits: Mapping[str, int] | None = None
    clients: Clients | None = None
    absent: str = ""
