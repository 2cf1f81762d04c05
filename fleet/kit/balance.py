"""Which replica gets the next call: of two picked at random the one with fewer of this process's calls under way.

Two random choices do nearly as well as knowing all queues, without the herd that runs to whoever looked idle last (Mitzenmacher,
"The power of two choices in randomized load balancing", 2001). Whether a replica may be called at all is the breaker's part.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Protocol

MEMORY_SECONDS = 1.0


class Balancer(Protocol):
    """Chooses among replicas and hears how each call ended."""

    def pick(self, addresses: Sequence[str]) -> str:
        """One of `addresses`, which is not empty; it counts as being called until `done`."""

    def done(self, address: str, *, well: bool | None) -> None:
        """The call that `pick` began has ended; None when that says nothing about the replica."""

    def forget(self, addresses: Iterable[str]) -> None:
        """These have gone."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Of one replica, in a row; `latest` is an instant."""

    row: int
    latest: float


class TwoChoices:
    """The power of two choices. A replica that fails at once never has much under way, so its recent failures weigh like calls."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = monotonic,
        sample: Callable[[Sequence[str], int], list[str]] = random.sample,
    ) -> None:
        self._clock = clock
        self._sample = sample
        self._under_way: Counter[str] = Counter()
        self._failures: dict[str, Failures] = {}
        self._lock = Lock()

    def pick(self, addresses: Sequence[str]) -> str:
        """The better of two; of equal ones either."""
        two = self._sample(addresses, min(2, len(addresses)))
        with self._lock:
            chosen = min(two, key=self._weight)
            self._under_way[chosen] += 1
        return chosen

    def _weight(self, address: str) -> int:
        failures = self._failures.get(address)
        recent = failures is not None and self._clock() - failures.latest < MEMORY_SECONDS
        return self._under_way[address] + (failures.row if failures is not None and recent else 0)

    def done(self, address: str, *, well: bool | None) -> None:
        """The call that `pick` began has ended; None when that says nothing about the replica."""
        with self._lock:
            self._under_way[address] -= 1
            if not self._under_way[address]:
                del self._under_way[address]
            if well:
                self._failures.pop(address, None)
            elif well is not None:
                before = self._failures.get(address)
                self._failures[address] = Failures(before.row + 1 if before else 1, self._clock())

    def forget(self, addresses: Iterable[str]) -> None:
        """These have gone; calls that are still under way to them are counted until they end."""
        with self._lock:
            for address in addresses:
                self._failures.pop(address, None)
