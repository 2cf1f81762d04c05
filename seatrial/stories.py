"""traces.json: the slowest and the failed requests of a run with every log line of their traces.

Kept with the run, so that a report needs neither the project nor the logs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from seatrial.backends.logs import LogLine

SCHEMA = 1


def stories(notable: Iterable[Mapping[str, Any]], told: Iterable[LogLine]) -> dict[str, Any]:
    """The document. Times are epoch seconds; `lines` are in the order of their ends."""
    lines: dict[str, list[LogLine]] = {}
    for line in told:
        lines.setdefault(line.trace, []).append(line)
    return {
        "schema": SCHEMA,
        "requests": [
            {
                **row,
                "lines": [asdict(line) for line in sorted(lines.get(row["trace_id"], ()), key=lambda each: each.at)],
            }
            for row in notable
        ],
    }
