"""What the measuring itself cost: CPU and memory of the harness and of Prometheus while the load ran.

The generator counts its own, since it is a child that has ended when it is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psutil


@dataclass(frozen=True, slots=True)
class Cost:
    """`cpu` in cores, on average; `rss_bytes` of resident memory, at most. None is not known."""

    name: str
    cpu: float | None
    rss_bytes: float | None


@dataclass(slots=True)
class Meter:
    """Looks at processes, by name and id; one that has gone keeps what was seen of it last."""

    pids: Mapping[str, int]
    clock: Callable[[], float] = time.monotonic
    _first: dict[str, tuple[float, float]] = field(default_factory=dict)
    _last: dict[str, tuple[float, float]] = field(default_factory=dict)
    _most: dict[str, float] = field(default_factory=dict)

    def look(self) -> None:
        """Call it when the load begins, about once a second, and at its end."""
        for name, pid in self.pids.items():
            try:
                process = psutil.Process(pid)
                with process.oneshot():
                    times, memory = process.cpu_times(), process.memory_info().rss
            except psutil.Error:
                continue
            seen = (self.clock(), times.user + times.system)
            self._first.setdefault(name, seen)
            self._last[name] = seen
            self._most[name] = max(self._most.get(name, 0.0), float(memory))

    def costs(self) -> list[Cost]:
        """Of each process, between the first look and the last."""
        return [Cost(name, self._cores(name), self._most.get(name)) for name in self.pids]

    def _cores(self, name: str) -> float | None:
        (begin, before), (end, after) = self._first.get(name, (0.0, 0.0)), self._last.get(name, (0.0, 0.0))
        return (after - before) / (end - begin) if end > begin else None
