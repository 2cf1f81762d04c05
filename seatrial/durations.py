"""Durations as Prometheus and Alertmanager write them."""

from __future__ import annotations

import re

from seatrial.backends.errors import BackendError

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def duration(text: str) -> float:
    """Prometheus's durations, as `500ms` or `1m30s`, in seconds."""
    parts = re.findall(r"(\d+)(ms|[smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise BackendError(f"{text!r} is no duration; write 500ms, 1s or 1m")
    return sum(int(number) * UNITS[unit] for number, unit in parts)
