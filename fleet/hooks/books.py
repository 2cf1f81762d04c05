"""What the equations look at, as plain rows: the shop's books, and what clients saw of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fleet.orders.model import OrderStatus, status_of


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as stored; prices in minor units, `cancel_key` is its cancelling's Idempotency-Key."""

    id: str
    subject: str
    key: str
    product_id: str
    quantity: int
    unit_price: int
    step: str
    cancel_key: str | None = None

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
class EntryRow:
    """What a customer's feed shows, or the outbox still has to tell, of an order."""

    event_id: str
    user_id: str
    kind: str
    order_id: str


@dataclass(frozen=True, slots=True)
class UserRow:
    """An account; two names that look alike have one skeleton."""

    id: str
    name: str
    skeleton: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client saw of one request: `ref` is the id in a success, `status` None when no answer came.

    `settled` says that the answer was one of those that end the matter, so nothing may have happened but what it says.
    """

    key: str
    ref: str
    status: int | None
    settled: bool

    @property
    def acknowledged(self) -> bool:
        """The client holds the id of what was made."""
        return self.status in {200, 201} and bool(self.ref)


@dataclass(frozen=True, slots=True)
class Told:
    """What clients were told of one key, which may have been sent several times: ids of successes, refusals' statuses.

    Without either nobody knows what became of it.
    """

    refs: frozenset[str]
    refusals: tuple[int, ...]

    @classmethod
    def by_key(cls, history: Iterable[Seen]) -> dict[str, Told]:
        """All that was told of each key; what one answer leaves open another may have settled."""
        answers: defaultdict[str, list[Seen]] = defaultdict(list)
        for seen in history:
            answers[seen.key].append(seen)
        return {key: cls.of(seen) for key, seen in answers.items()}

    @classmethod
    def of(cls, answers: Iterable[Seen]) -> Told:
        """What these answers tell together."""
        known = [seen for seen in answers if seen.acknowledged or seen.settled]
        refusals = (seen.status for seen in known if not seen.acknowledged)
        return cls(
            frozenset(seen.ref for seen in known if seen.acknowledged),
            tuple(status for status in refusals if status is not None),
        )

    @property
    def answered(self) -> bool:
        """Whether somebody was told how it ended."""
        return bool(self.refs or self.refusals)

    @property
    def contrary(self) -> bool:
        """Whether what was told cannot all be true."""
        return len(self.refs) + bool(self.refusals) > 1


@dataclass(frozen=True, slots=True)
class Intrusion:
    """A request for what the client must not get; `status` is None when no answer came."""

    step: str
    trace: str
    status: int | None

    @property
    def let_in(self) -> bool:
        """Whether it got it."""
        return self.status is not None and self.status < 300  # noqa: PLR2004 - a success


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients' own history of the load: what they did under keys, whom they registered, and what they must not get."""

    orders: tuple[Seen, ...] = ()
    deposits: tuple[Seen, ...] = ()
    cancellations: tuple[Seen, ...] = ()
    registrations: tuple[Seen, ...] = ()
    intrusions: tuple[Intrusion, ...] = ()


@dataclass(frozen=True)
class Books:
    """All that the equations look at. `opening_stock`, `opening_deposits` (amount by key) and `opening_users` (ids) are
    populate's, `clients` the load's; None where there is none, and `absent` says why.
    """

    orders: tuple[OrderRow, ...] = ()
    in_flight: tuple[str, ...] = ()
    outbox: tuple[EntryRow, ...] = ()
    feed: tuple[EntryRow, ...] | None = ()
    users: tuple[UserRow, ...] | None = ()
    accounts: Mapping[str, int] = field(default_factory=dict)
    transfers: tuple[TransferRow, ...] = ()
    postings: tuple[PostingRow, ...] = ()
    stock: tuple[StockRow, ...] = ()
    reservations_open: tuple[str, ...] = ()
    opening_stock: Mapping[str, int] | None = None
    opening_deposits: Mapping[str, int] | None = None
    opening_users: frozenset[str] | None = None
    clients: Clients | None = None
    absent: str = ""
