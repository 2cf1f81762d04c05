"""One objective, however it was written, and what follows from its numbers.

Pure. Leaves reading files to `spec` and `openslo`, and rules to `rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# What stands for the window in a query, as in Sloth's prometheus/v1 spec.
WINDOW = "{{.window}}"
KIND, THRESHOLD, STEPS = "seatrial_kind", "seatrial_threshold_seconds", "seatrial_steps"
AVAILABILITY, LATENCY, CORRECTNESS = "availability", "latency", "correctness"
KINDS = (AVAILABILITY, LATENCY, CORRECTNESS)


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is written."""

    file: Path
    line: int


@dataclass(frozen=True, slots=True)
class Alert:
    """One of the two alerts of an objective; None of it is made where it is not wanted."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Objective:
    """`target` is a share of events, as 0.99. `bad` and `total` count events per second; `ratio` is the share of bad ones
    where it is given instead. All three are PromQL with WINDOW in it.

    `threshold` (seconds) and `steps` of the load say which raw samples show the same; without steps none do.
    """

    service: str
    name: str
    target: float
    place: Place
    bad: str = ""
    total: str = ""
    ratio: str = ""
    description: str = ""
    kind: str = AVAILABILITY
    threshold: float | None = None
    steps: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    alert: str = ""
    page: Alert | None = None
    ticket: Alert | None = None

    @property
    def id(self) -> str:
        """Unique among a project's."""
        return f"{self.service}-{self.name}"

    @property
    def budget(self) -> float:
        """The share of events that may be bad."""
        return round(1 - self.target, 9)

    def error_ratio(self, window: str) -> str:
        """The share of bad events over `window` (`5m`), as PromQL; 0 where there were events and never a bad one."""
        bad, total = self.bad.strip(), self.total.strip()
        query = self.ratio or f"(\n{bad}\nor\n0 * ({total})\n)\n/\n(\n{total}\n)"
        return query.replace(WINDOW, window)

    def queries(self) -> dict[str, str]:
        """The queries by their names in the spec."""
        named = {"error_query": self.bad, "total_query": self.total, "error_ratio_query": self.ratio}
        return {name: query for name, query in named.items() if query}


def query_keys(name: str) -> tuple[str, ...]:
    """Where Sloth's spec has a query, below its objective."""
    return ("sli", "raw" if name == "error_ratio_query" else "events", name)
