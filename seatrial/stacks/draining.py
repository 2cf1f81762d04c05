"""How a replica is stopped without losing a request: wait until it has none, ask it to end, and note how it did.

Owns the rules of rest and of patience. Leaves telling the callers that it goes, and when, to restarting.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from seatrial.backends.errors import NotExposition
from seatrial.backends.exposition import parse_exposition
from seatrial.project.telemetry import Telemetry
from seatrial.stacks.protocol import StopRecord
from seatrial.stacks.turns import Turns

# Callers look at the discovery file on each call or at most 50 ms later; the rest is for those that had looked already.
REST_SECONDS = 0.3
# As long as a request may take with all its retries; what still runs then is SIGTERM's to drain.
EMPTY_SECONDS = 10.0
# Servers are usually given 10 s for what is in flight when SIGTERM comes; this must be longer.
DRAIN_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a replica's metrics say of requests: how many are active, how many it has answered."""

    active: float
    served: float


def traffic(exposition: str | None, telemetry: Telemetry, service: str) -> Traffic | None:
    """Read it from the metrics' text; None when there is none, it is rubbish, or it tells of no requests."""
    roles = telemetry.roles_of(service)
    if exposition is None or (roles.server_requests is None and roles.active_requests is None):
        return None
    try:
        samples = parse_exposition(exposition)
    except NotExposition:
        return None
    served = roles.server_requests and telemetry.counted_as(roles.server_requests.metric)
    ignored = frozenset(roles.ignored_routes)
    return Traffic(
        active=sum(value for series, value in samples.items() if series.name == roles.active_requests),
        served=sum(value for series, value in samples.items() if series.name == served and not series.has(ignored)),
    )


def emptied(
    look: Callable[[], Traffic | None],
    *,
    clock: Callable[[], float] = time.monotonic,
    patience: float = EMPTY_SECONDS,
) -> Turns[bool]:
    """Until no request is active and none has come for REST_SECONDS; False when that was not within `patience`.

    A replica that tells nothing is given REST_SECONDS.
    """
    began = rests_since = clock()
    last = look()
    yield
    while (now := clock()) - began < patience:
        seen = look()
        if seen != last or (seen is not None and seen.active):
            rests_since = now
        elif now - rests_since >= REST_SECONDS:
            return True
        last = seen
        yield
    return False


class Ending(Protocol):
    """As much of a Child as is needed to end it."""

    name: str

    @property
    def returncode(self) -> int | None:
        """None while it runs."""

    def terminate(self) -> None:
        """Ask it to drain and end."""

    def kill(self) -> None:
        """End it, and what it has left behind."""


def stopped(
    children: Sequence[Ending],
    *,
    clock: Callable[[], float] = time.monotonic,
    patience: float = DRAIN_SECONDS,
) -> Turns[list[StopRecord]]:
    """Ask all at once, wait for each, kill those that run on after `patience`; one record each, as they ended."""
    began = clock()
    for child in children:
        child.terminate()
    left, records = list(children), []
    while left:
        overdue = clock() - began >= patience
        for child in [child for child in left if overdue or child.returncode is not None]:
            killed = child.returncode is None
            child.kill()  # in any case: a worker may outlive its main
            records.append(StopRecord(child.name, child.returncode, clock() - began, killed))
            left.remove(child)
        if left:
            yield
    return records
