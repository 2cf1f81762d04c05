"""The replicas of one callee: which of them a call may go to next, and what each attempt said about the one it went to.

Brings together where they are (`discovery`), which is the best (`balance`) and which are left alone (`breaker`), and tells
all of them, and the connections, when an address has gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fleet.kit.balance import Balancer
from fleet.kit.breaker import Leave
from fleet.kit.discovery import Discovery
from fleet.kit.errors import Unavailable
from fleet.kit.retries import RETRIED_STATUS
from fleet.kit.transport import Received, Transport, TransportError

PATIENCE = 1.0  # s; a replica that had less time than this to answer is not said to be silent


class Gate(Protocol):
    """May refuse a call before it is sent: the seam for a circuit breaker."""

    def admit(self, callee: str, address: str) -> Leave:
        """What `settled` gets back; Unavailable to refuse."""

    def settled(self, callee: str, address: str, leave: Leave, *, answered: bool) -> None:
        """How an admitted attempt ended; not called when that says nothing about the replica."""

    def forget(self, addresses: Iterable[str]) -> None:
        """These have gone."""


@dataclass(frozen=True, slots=True)
class Place:
    """A replica that an attempt goes to, with the gate's leave."""

    address: str
    leave: Leave


@dataclass(slots=True, kw_only=True)
class Replicas:
    """Safe for threads; one per callee and process."""

    callee: str
    discovery: Discovery
    balancer: Balancer
    gate: Gate
    transport: Transport
    _known: Sequence[str] = field(default=(), init=False)

    def place(self, tried: Sequence[str]) -> Place:
        """One that may be called now, and one that is not among `tried` if there is any; `ended` must follow.

        Raises:
            Unavailable: there is none.
        """
        addresses = self._addresses()
        place = self._admitted([address for address in addresses if address not in tried])
        place = place or self._admitted([address for address in addresses if address in tried])
        if place is None:
            why = "may be called now: it gave no answer several times" if addresses else "is known"
            raise Unavailable(f"No replica of {self.callee} {why}.", callee=self.callee)
        return place

    def others(self, tried: Sequence[str]) -> bool:
        """Whether there are any that are not among `tried`."""
        return not set(self._addresses()) <= set(tried)

    def ended(self, place: Place, came: Received | TransportError, seconds: float) -> None:
        """Learn from an attempt that had `seconds` for its answer."""
        if isinstance(came, TransportError) and not came.sent:
            self.discovery.doubt(self.callee)
        if isinstance(came, TransportError) and came.timed_out and seconds < PATIENCE:
            self.balancer.done(place.address, well=None)
            return
        well = isinstance(came, Received) and came.status not in RETRIED_STATUS
        self.balancer.done(place.address, well=well)
        self.gate.settled(self.callee, place.address, place.leave, answered=isinstance(came, Received))

    def _admitted(self, addresses: list[str]) -> Place | None:
        while addresses:
            address = self.balancer.pick(addresses)
            try:
                return Place(address, self.gate.admit(self.callee, address))
            except Unavailable:
                self.balancer.done(address, well=None)
                addresses.remove(address)
        return None

    def _addresses(self) -> Sequence[str]:
        addresses = self.discovery.addresses(self.callee)
        if addresses != self._known:
            gone = set(self._known) - set(addresses)
            self._known = addresses
            for holder in (self.balancer, self.gate, self.transport) if gone else ():
                holder.forget(gone)
        return addresses
