"""When an objective's alerts fire: pairs of windows and the burn rate that both must exceed.

The numbers are those of "The Site Reliability Workbook" (Beyer and others, 2018), chapter 5 "Alerting on SLOs", table 5-8. A burn
rate of 1 spends the budget of the whole period in exactly the period.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MINUTE, HOUR, DAY = 60, 3600, 86_400
PERIOD_SECONDS = 30 * DAY
Severity = Literal["page", "ticket"]


@dataclass(frozen=True, slots=True)
class Burn:
    """Fires while the error ratio over `long` and over `short` (seconds) both exceed `factor` times the budget.

    The long window keeps short bursts quiet; the short one ends the alert soon after the errors end.
    """

    severity: Severity
    long: int
    short: int
    factor: float

    def detection_seconds(self, budget: float, error_ratio: float) -> float | None:
        """From the first error at a steady `error_ratio` until it fires; None when it never does."""
        share = self.factor * budget / error_ratio
        return None if share >= 1 else share * self.long  # the short window has seen enough before


@dataclass(frozen=True, slots=True)
class Schedule:
    """All pairs, and how often rules are evaluated (seconds). `period` is the time over which a budget is kept, None where
    nothing lives so long.
    """

    name: str
    burns: tuple[Burn, ...]
    evaluation: int
    period: int | None = None

    def of(self, severity: Severity) -> tuple[Burn, ...]:
        """The pairs of one alert."""
        return tuple(burn for burn in self.burns if burn.severity == severity)

    def fastest(self) -> Burn:
        """The pair with the highest factor."""
        return max(self.burns, key=lambda burn: burn.factor)

    def lengths(self, severities: frozenset[str]) -> tuple[int, ...]:
        """Every window that alerts of these severities need, shortest first."""
        chosen = [burn for burn in self.burns if burn.severity in severities]
        return tuple(sorted({length for burn in chosen for length in (burn.short, burn.long)}))


PRODUCTION = Schedule(
    "production",
    (
        Burn("page", HOUR, 5 * MINUTE, 14.4),
        Burn("page", 6 * HOUR, 30 * MINUTE, 6),
        Burn("ticket", DAY, 2 * HOUR, 3),
        Burn("ticket", 3 * DAY, 6 * HOUR, 1),
    ),
    evaluation=30,
    period=PERIOD_SECONDS,
)
# For stacks that live for minutes and are scraped each second. Each pair is scaled on its own, so that the shortest window still
# has its scrapes; tickets are about days, which no trial has.
TRIAL = Schedule("trial", (Burn("page", 30, 5, 14.4), Burn("page", 60, 10, 6)), evaluation=2)


def text(seconds: int) -> str:
    """As PromQL writes it: the largest unit that divides it."""
    for unit, length in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
