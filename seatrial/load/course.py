"""The course of a load, second by second, while it runs: what a chart shows.

Rows come in the order of the files; a second is told once it is whole, which the generator's accounts say: they
are written after the rows that they speak of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

SHARES = (0.5, 0.95, 0.99)
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class LoadSecond:
    """One second, counted from the first arrival. `offered` journeys were planned, `arrived` came (shed ones too).

    Journeys and requests belong to the second in which they ended; latencies in seconds, from the intended start.
    """

    second: int
    offered: int
    arrived: float
    ended: int
    requests: int
    failures: int
    shed: float = 0.0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


@dataclass(slots=True)
class _Tally:
    latencies: list[float] = field(default_factory=list)
    failures: int = 0
    journeys: int = 0


class Course:
    """Gathers rows into seconds; `rates` are the profile's journeys per second."""

    def __init__(self, rates: Sequence[int]) -> None:
        self._rates = rates
        self._began: float | None = None
        self._open: dict[int, _Tally] = {}
        self._early: list[Callable[[], None]] = []
        self._told = 0
        self._accounts = (0.0, 0, 0)

    def begin(self, accounts: Sequence[Mapping[str, Any]]) -> None:
        """Learn from the first accounts when arrivals began; rows that came before them wait until then."""
        if self._began is None and accounts:
            self._began = min(float(account["started_at"]) for account in accounts)
            for place in self._early:
                place()
            self._early.clear()

    def request(self, ended: float, latency: float, *, ok: bool) -> None:
        """Count a request; `ended` in epoch seconds."""
        if self._began is None:
            self._early.append(partial(self.request, ended, latency, ok=ok))
            return
        tally = self._tally(ended)
        if tally is not None:
            tally.latencies.append(latency)
            tally.failures += not ok

    def journey(self, ended: float) -> None:
        """Count a journey that has ended."""
        if self._began is None:
            self._early.append(partial(self.journey, ended))
            return
        tally = self._tally(ended)
        if tally is not None:
            tally.journeys += 1

    def whole(self, accounts: Sequence[Mapping[str, Any]]) -> tuple[LoadSecond, ...]:
        """The seconds that have become whole since the last call."""
        until = min((int(account["wall_seconds"]) for account in accounts), default=0)
        if until <= self._told:
            return ()
        arrived, shed = self._arrivals(accounts)
        seconds = tuple(self._second(number, arrived, shed) for number in range(self._told, until))
        self._told = until
        return seconds

    def _tally(self, ended: float) -> _Tally | None:
        second = int(ended - (self._began or 0.0))
        return self._open.setdefault(second, _Tally()) if second >= self._told else None

    def _arrivals(self, accounts: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
        """Arrivals and shed ones per second since the accounts before these."""
        wall = max(float(account["wall_seconds"]) for account in accounts)
        planned, shed = (sum(int(account[key]) for account in accounts) for key in ("planned", "shed"))
        (before, *counts), self._accounts = self._accounts, (wall, planned, shed)
        seconds = wall - before
        return (planned - counts[0]) / seconds, (shed - counts[1]) / seconds

    def _second(self, number: int, arrived: float, shed: float) -> LoadSecond:
        tally = self._open.pop(number, None) or _Tally()
        ranked = sorted(tally.latencies)
        p50, p95, p99 = (_nearest_rank(ranked, share) for share in SHARES)
        offered = self._rates[number] if number < len(self._rates) else 0
        counts = (tally.journeys, len(ranked), tally.failures)
        return LoadSecond(number, offered, arrived, *counts, shed, p50, p95, p99)


def _nearest_rank(ranked: Sequence[float], share: float) -> float | None:
    """As statistics.percentiles has it, without its arrays."""
    return ranked[max(1, math.ceil(share * len(ranked) - ROUNDING)) - 1] if ranked else None
