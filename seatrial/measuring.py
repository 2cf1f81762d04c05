"""What the measuring itself cost: CPU and memory of the harness and of Prometheus while the load ran.

The generator counts its own, since it is a child that has ended when it is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
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
    """Looks at processes, by name and id; one that has gone keeps what was seen of it last.

    What is in `parents` is seen with what it has started: a launcher stays beside its server.
    """

    pids: Mapping[str, int]
    parents: Collection[str] = ()
    clock: Callable[[], float] = time.monotonic
    _first: dict[str, tuple[float, float]] = field(default_factory=dict)
    _last: dict[str, tuple[float, float]] = field(default_factory=dict)
    _most: dict[str, float] = field(default_factory=dict)
    _families: dict[str, list[psutil.Process]] = field(default_factory=dict)

    def look(self) -> None:
        """Call it when the load begins, about once a second, and at its end."""
        for name in self.pids:
            try:
                cpu, memory = self._used(self._family(name))
            except psutil.Error:
                self._families.pop(name, None)  # a restarted one has other children
                continue
            now = self.clock()
            self._first.setdefault(name, (now, cpu))
            self._last[name] = (now, cpu)
            self._most[name] = max(self._most.get(name, 0.0), memory)

    def _family(self, name: str) -> list[psutil.Process]:
        """Looked up once: to find children all processes of the machine are asked."""
        if name not in self._families:
            process = psutil.Process(self.pids[name])
            self._families[name] = [process, *(process.children(recursive=True) if name in self.parents else ())]
        return self._families[name]

    @staticmethod
    def _used(family: Iterable[psutil.Process]) -> tuple[float, float]:
        """CPU seconds and resident bytes."""
        cpu, memory = 0.0, 0.0
        for each in family:
            with each.oneshot():
                times = each.cpu_times()
                cpu, memory = cpu + times.user + times.system, memory + each.memory_info().rss
        return cpu, memory

    def costs(self) -> list[Cost]:
        """Of each process, between the first look and the last."""
        return [Cost(name, self._cores(name), self._most.get(name)) for name in self.pids]

    def _cores(self, name: str) -> float | None:
        (begin, before), (end, after) = self._first.get(name, (0.0, 0.0)), self._last.get(name, (0.0, 0.0))
        return (after - before) / (end - begin) if end > begin else None
