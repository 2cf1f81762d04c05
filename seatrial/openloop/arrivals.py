"""Which journey arrives when: one independent Poisson process per Locust user, drawn from a seed alone."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from itertools import accumulate
from random import Random
from typing import NamedTuple


class Arrival(NamedTuple):
    """`gap` is seconds since the arrival before; `seed` feeds everything the journey itself draws."""

    gap: float
    journey: str
    seed: int


class Menu:
    """Journeys with their weights; a weight of 0 leaves a journey out."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self.names = tuple(name for name, weight in weights.items() if weight > 0)
        self._edges = tuple(accumulate(weights[name] for name in self.names))

    def pick(self, random: Random) -> str:
        """One name, each with the probability weight / sum of weights."""
        return self.names[bisect(self._edges, random.random() * self._edges[-1])]


class Stream:
    """The arrivals of the `user`-th user on worker number `worker`: unit rate, exponential gaps.

    The same (seed, worker, user) and menu give the same arrivals on every machine; other users are
    independent, and sums of Poisson processes are Poisson.
    """

    def __init__(self, seed: int, worker: int, user: int, menu: Menu) -> None:
        # A string is hashed with SHA-512, so neighbouring seeds and numbers do not give related streams.
        self._random = Random(f"{seed}/{worker}/{user}")
        self._menu = menu

    def draw(self) -> Arrival:
        """The next arrival."""
        random = self._random
        return Arrival(random.expovariate(1.0), self._menu.pick(random), random.getrandbits(64))
