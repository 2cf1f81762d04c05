"""Sees orders to their end, step by step: in the request that placed or cancelled them, or later in the recovery loop.

Every step is stored before the next call goes out, under a lease that is renewed each time; the last transaction stores
the end with the answer that the order's key stands for, and with what the feed is to be told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from time import monotonic, time
from uuid import uuid4

from prometheus_client import Counter

from fleet.kit import exchange
from fleet.kit.app import Kit
from fleet.kit.errors import Conflict, PaymentRequired, ProblemError
from fleet.kit.idempotency import Claim, Records, Reply
from fleet.orders import store as statements
from fleet.orders.clients import Clients
from fleet.orders.model import FINAL, UNDOING, Event, Order, OrderView, Outcome, Result, Step, status_of
from fleet.orders.store import Lease, LeaseLost, OrdersStore

LOSE_RELEASE, SKIP_REFUND, LOSE_EVENT, LEAK_ORDERS = "lose-release", "skip-refund", "lose-event", "leak-orders"
UNDO_SECONDS = 10.0  # what undoing gets, even when the request's own time is used up
LEASE_SECONDS = 15.0  # renewed at each step, and longer than any step may take: a request's 10 s, or UNDO_SECONDS
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0  # seconds until an order that could not be settled is taken up again
PLACE, CANCEL = "POST /v1/orders", "POST /v1/orders/<order_id>/cancel"  # the routes that keys belong to


class SoldOut(Conflict):
    """Less is available than was asked for."""

    slug, title = "sold-out", "Sold out"


class PaymentDeclined(PaymentRequired):
    """The account holds less than the price."""

    slug, title = "payment-declined", "Payment declined"


class OrderFailed(ProblemError):
    """A service behind this one failed; whatever had been done is undone."""

    status, slug, title = 503, "order-failed", "The order failed and was undone"


class OrderPending(ProblemError):
    """A service behind this one failed, and it is not known yet how the order ends."""

    status, slug, title = 503, "order-pending", "The order is not settled yet"


REFUSALS: dict[str, type[ProblemError]] = {SoldOut.slug: SoldOut, PaymentDeclined.slug: PaymentDeclined}


@dataclass(frozen=True)
class Leases:
    """Makes leases in the name of this process: `<instance>/<process>/<number>`, so that none can pass for another."""

    instance: str
    process: str = field(default_factory=lambda: uuid4().hex[:8])
    numbers: Callable[[], int] = field(default_factory=lambda: count(1).__next__)
    clock: Callable[[], float] = time

    @property
    def replica(self) -> str:
        """How the names of this replica's leases begin, whatever its process."""
        return f"{self.instance}/"

    @property
    def mine(self) -> str:
        """How the names of this process's leases begin."""
        return f"{self.replica}{self.process}/"

    def new(self, seconds: float = LEASE_SECONDS) -> Lease:
        """A lease from now on, under a name of its own."""
        return self.renewed(f"{self.mine}{self.numbers()}", seconds)

    def renewed(self, by: str, seconds: float = LEASE_SECONDS) -> Lease:
        """The same holder's lease, from now on."""
        now = self.clock()
        return Lease(by, now, now + seconds)


@dataclass(frozen=True)
class Saga:
    """Settles orders; `announced` is called when there is something for the feed."""

    store: OrdersStore
    clients: Clients
    kit: Kit
    records: Records
    leases: Leases
    announced: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        for step in FINAL:  # at 0 from the start, as all counters: of a series that is born later no rate tells
            self._ended(step)

    def _ended(self, step: Step) -> Counter:
        return self.kit.metrics.counter("orders_total").labels(order_status=status_of(step))

    def settle(self, order: Order, held: Lease) -> Reply:
        """Take step after step until the end, which the answer tells.

        Raises:
            OrderPending: a step cannot be settled now, or somebody else has taken the order up.
        """
        try:
            while order.step not in FINAL:
                following = order.after(self._call(order))
                if following is None:
                    raise self._put_off(order, held)
                order = following
                if order.step not in FINAL:
                    self.store.save(order, self.leases.renewed(held.by))
            return self._close(order, held)
        except LeaseLost:
            raise _pending(order) from None

    def _call(self, order: Order) -> Result:
        if order.step in UNDOING:
            _grant(UNDO_SECONDS)
            if self._left_out(order.step):
                return Result(Outcome.DONE)
        return self.clients.call(order)

    def _left_out(self, step: Step) -> bool:
        """The seeded bugs: a compensation that is taken for done."""
        refund = step in {Step.REFUND, Step.UNCHARGE}
        return self.kit.faults.active(SKIP_REFUND if refund else LOSE_RELEASE)

    def _put_off(self, order: Order, held: Lease) -> OrderPending:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**order.tries)
        self.store.put_off(order, self.leases.renewed(held.by, pause))
        self.kit.logs.event(
            "order.put-off",
            f"Order {order.id} waits at {order.step}, try {order.tries + 1}",
            level="warning",
            order_id=order.id,
            order_status=status_of(order.step),
        )
        return _pending(order)

    def _close(self, order: Order, held: Lease) -> Reply:
        answer, status = reply(order), status_of(order.step)
        with self.store.database.write(order.subject) as connection:
            statements.move(connection, order, self.leases.renewed(held.by))
            self.records.finish(connection, claim_of(order), answer)
            if not self.kit.faults.active(LOSE_EVENT):
                statements.announce(connection, Event.of(order, self.leases.clock()))
        self.announced()
        self._ended(order.step).inc()
        self.kit.logs.event("order.settled", f"Order {status}", order_id=order.id, order_status=status)
        return answer


@dataclass(frozen=True)
class Recovery:
    """Takes up orders that nobody is at work on: left by a crash, or put off."""

    saga: Saga

    def __post_init__(self) -> None:
        self._recovered()

    def _recovered(self) -> Counter:
        return self.saga.kit.metrics.counter("orders_recovered_total")

    def round(self) -> bool:
        """Take up one order; whether there was one."""
        held = self.saga.leases.new()
        order = self.saga.store.take_up(held)
        if order is None:
            return False
        try:
            self.saga.settle(order, held)
        except OrderPending:
            return True
        self._recovered().inc()
        return True


def claim_of(order: Order) -> Claim:
    """The claim that the order's end answers: of its cancelling, or of its placing."""
    cancelled = order.step is Step.CANCELLED
    key = (order.cancel_key or "") if cancelled else order.key
    return Claim(order.subject, CANCEL if cancelled else PLACE, key, fingerprint="")


def reply(order: Order) -> Reply:
    """The answer that a settled order gets."""
    match order.step:
        case Step.CONFIRMED:
            return Reply.of(OrderView.of(order), 201, location=f"/v1/orders/{order.id}")
        case Step.CANCELLED:
            return Reply.of(OrderView.of(order))
        case _:
            kind = REFUSALS.get(order.reason, OrderFailed)
            return Reply.refusal(kind(f"The order failed: {order.reason}.", extensions={"order_id": order.id}))


def _pending(order: Order) -> OrderPending:
    return OrderPending("Send the request again with the same key.", extensions={"order_id": order.id})


def _grant(seconds: float) -> None:
    """Give the running request at least this long from now on: giving up half undone would leave the order stuck."""
    scope = exchange.current()
    if scope is not None and scope.deadline is not None:
        scope.deadline = max(scope.deadline, monotonic() + seconds)
