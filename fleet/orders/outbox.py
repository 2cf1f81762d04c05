"""Tells the feed what became of orders: at least once, until it says that it knows.

The events lie in the orders' own store, written with what they tell; a replica takes a few at a time under a lease.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleet.kit.errors import ClientError
from fleet.kit.logs import Logs
from fleet.orders.clients import Clients
from fleet.orders.model import Event
from fleet.orders.saga import Leases
from fleet.orders.store import OrdersStore

AT_ONCE = 20
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0  # seconds until events that could not be told are tried again


@dataclass(frozen=True)
class Outbox:
    """Empties the outbox."""

    store: OrdersStore
    clients: Clients
    leases: Leases
    logs: Logs

    def round(self) -> bool:
        """Tell the oldest events; whether there may be more. What fails holds up those behind it, not their order."""
        held = self.leases.new()
        events = self.store.events(held, AT_ONCE)
        for number, event in enumerate(events):
            try:
                self.clients.tell(event)
            except ClientError as error:
                self._later(events[number:], held.by, error)
                return False
            self.store.told(event)
        return len(events) == AT_ONCE

    def _later(self, events: list[Event], by: str, error: ClientError) -> None:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(events[0].tries, 8))
        self.store.tell_later(events, self.leases.renewed(by, pause))
        what = f"{len(events)} events wait to be told, the first since try {events[0].tries + 1}"
        self.logs.event("outbox.put-off", what, level="warning", error_message=str(error), order_id=events[0].order_id)
