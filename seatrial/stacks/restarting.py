"""A planned restart of one replica: out of discovery, emptied, stopped, started, ready, back into discovery.

Owns the order, and what differs for a replica without a sibling or one that has died already. Leaves each step to
the stack. Why in this order: docs/adr/0011-planned-restarts.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from seatrial.errors import StackError
from seatrial.stacks.draining import Traffic, emptied, stopped
from seatrial.stacks.protocol import StopRecord
from seatrial.stacks.seats import Seat
from seatrial.stacks.turns import Turns

FREE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Restarted:
    """What a restart came to. `seconds` is all of it, `down_seconds` from SIGTERM until it was ready again.

    `stop` is None for a replica that had died before; `emptied` whether its requests had ended before SIGTERM.
    """

    seconds: float
    down_seconds: float
    stop: StopRecord | None
    emptied: bool


S = TypeVar("S", bound=Seat)
S_contra = TypeVar("S_contra", bound=Seat, contravariant=True)


class Site(Protocol[S_contra]):
    """What a restart asks of the stack."""

    def watch(self) -> None:
        """See who has died by itself: that must not pass for stopped."""

    def publish(self) -> None:
        """Write the discovery file anew, with the replicas that are `listed`."""

    def traffic(self, place: S_contra, /) -> Traffic | None:
        """What the replica says of its requests."""

    def keep_counts(self, place: S_contra, /) -> None:
        """Keep what its process has counted, which ends with it."""

    def is_free(self, place: S_contra, /) -> bool:
        """Whether nobody listens at its ports."""

    def start(self, place: S_contra, /) -> None:
        """Start its process."""

    def await_ready(self, places: Sequence[S_contra], /) -> Turns[None]:
        """Until all are ready. Raises StackError."""


def restarted(site: Site[S], place: S, *, alone: bool, clock: Callable[[], float] = time.monotonic) -> Turns[Restarted]:
    """Restart the replica; `alone` when no sibling could take its requests, so that callers are not told of it.

    Raises StackError when it does not come up; it then stays out of discovery.
    """
    began = clock()
    was_emptied = False
    site.watch()
    if not alone:
        place.listed = False
        site.publish()
        if not place.lost:
            was_emptied = yield from emptied(lambda: site.traffic(place), clock=clock)
        site.watch()
    site.keep_counts(place)
    asked, had_died = clock(), place.lost
    records = yield from stopped([place.child] if place.child else [], clock=clock)
    yield from _freed(site, place, clock)
    site.start(place)
    yield from site.await_ready([place])
    if not place.listed:
        place.listed = True
        site.publish()
    ended = clock()
    return Restarted(ended - began, ended - asked, None if had_died else records[0], was_emptied)


def _freed(site: Site[S], place: S, clock: Callable[[], float]) -> Turns[None]:
    """While somebody answers there, the one before would pass for the one to come."""
    until = clock() + FREE_SECONDS
    while not site.is_free(place):
        if clock() > until:
            raise StackError(
                f"{place.instance} was stopped, but its ports {place.port} and {place.admin_port} are held"
            )
        yield
