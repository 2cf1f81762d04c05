"""Figures as a person reads them, one way everywhere: 41.3 ms, 1.83 s, 0.20 %, 171.2/s, 9 412."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

MEGABYTE = 1_000_000
SHOWN = 3


def figure(value: float | None, unit: str = "") -> str:
    """The value with its unit; empty when there is none."""
    if value is None or not math.isfinite(value):
        return ""
    return FORMATS.get(unit, _plain)(value)


def _plain(value: float) -> str:
    """Thousands are set apart by a narrow space's plain cousin."""
    return f"{value:,.0f}".replace(",", " ") if value == round(value) else f"{value:.3g}"


FORMATS: dict[str, Callable[[float], str]] = {
    "s": lambda value: f"{value:.2f} s" if value >= 1 else f"{value * 1000:.3g} ms",
    "ratio": lambda value: f"{value:.2%}".replace("%", " %"),
    "1/s": lambda value: f"{value:.1f}/s",
    "bytes": lambda value: f"{value / MEGABYTE:.0f} MB",
    "cores": lambda value: f"{value:.2f} cores",
    "s/s": lambda value: f"{value:.3g} s/s",
    "files": lambda value: f"{value:.0f} files",
}


def shortened(faults: Sequence[str]) -> str:
    """The first few faults, and how many more there are."""
    more = f" (and {len(faults) - SHOWN} more)" if len(faults) > SHOWN else ""
    return "; ".join(faults[:SHOWN]) + more
