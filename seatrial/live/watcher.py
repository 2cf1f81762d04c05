"""Sees the fleet: asks its Prometheus and its replicas, and turns two moments into rates, latencies and shares.

Leaves when to look to lookout.py, and how it looks to the renderers. Owns no thread; clock and probe come from outside.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from seatrial.backends.errors import BackendError
from seatrial.backends.prometheus import Prometheus
from seatrial.live.figures import Figures
from seatrial.live.questions import Look, Question
from seatrial.project.telemetry import Telemetry
from seatrial.report.events import CallSeen, FleetSeen, ServiceSeen

# Fewer scrapes than five say more about their moments than about the fleet.
WINDOW_SCRAPES = 5
NO_PROMETHEUS = "this stack has no Prometheus"


@dataclass(frozen=True, slots=True)
class Watched:
    """One replica: its address, and where it says whether it is ready, if it does."""

    service: str
    url: str
    ready_url: str | None = None


@dataclass(slots=True)
class Watcher:
    """`edges` are the calls that are drawn; `probe` says whether a replica is ready; `interval` is between scrapes."""

    telemetry: Telemetry
    question: Question
    edges: Sequence[tuple[str, str]]
    replicas: Sequence[Watched]
    prometheus: Prometheus | None
    probe: Callable[[str, str | None], bool]
    interval: float = 1.0
    _looks: deque[Look] = field(default_factory=deque)

    def look(self, now: float) -> FleetSeen:
        """What is to be seen at `now`, in epoch seconds. Never raises: what cannot be seen is an obstacle."""
        ready, obstacle = Counter(each.service for each in self.replicas if self.probe(each.url, each.ready_url)), ""
        try:
            self._ask(float(int(now)))
        except BackendError as error:
            self._looks.clear()
            obstacle = str(error)
        return self._seen(now, ready, obstacle)

    def _ask(self, at: float) -> None:
        """At whole seconds, so that a target's scrapes are as many between two looks as there are seconds."""
        if self.prometheus is None:
            raise BackendError(NO_PROMETHEUS)
        window = WINDOW_SCRAPES * self.interval
        if self._looks and at - self._looks[-1].at > window:
            self._looks.clear()  # nobody looked for a while
        expression = self.question.expression()
        for moment in [at] if self._looks else [at - window, at]:
            self._looks.append(self.question.read(moment, self.prometheus.query(expression, moment)))
        while len(self._looks) > 1 and self._looks[1].at <= at - window:
            self._looks.popleft()

    def _seen(self, now: float, ready: Counter[str], obstacle: str) -> FleetSeen:
        figures = Figures(self.telemetry, self._looks) if self._looks else None
        numbers = Counter(each.service for each in self.replicas)
        known = [(name, number, ready[name]) for name, number in numbers.items()]
        services = [figures.service(*each) if figures else ServiceSeen(*each) for each in known]
        calls = [figures.call(*edge) if figures else CallSeen(*edge) for edge in self.edges]
        return FleetSeen(now, figures.seconds if figures else 0.0, tuple(services), tuple(calls), obstacle)
