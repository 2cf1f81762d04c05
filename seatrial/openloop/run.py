"""One run inside one process: starts journeys when they are due, counts them, and drains them at the end.

Whatever ends a run (its end, the web page's stop, SIGINT, SIGTERM, a worker told to quit) calls `stop` and
`drain`, in any order and as often as it likes. Knows nothing of Locust: its events come in through `user`.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import gevent
from gevent import GreenletExit
from gevent.event import Event
from gevent.pool import Group

from seatrial.openloop.arrivals import Arrival, Stream
from seatrial.openloop.client import Client
from seatrial.openloop.clock import Clock
from seatrial.openloop.errors import JourneyFailed
from seatrial.openloop.journey import Journey, Script, Surroundings
from seatrial.openloop.profile import Profile
from seatrial.openloop.recorder import Journal, JourneyRow, RequestRow
from seatrial.openloop.steps import Step

_logger = logging.getLogger(__name__)
_ACCOUNT_SECONDS = 1.0
# Enough to say what is wrong with a journey function; a flood of them says no more.
_ERRORS_KEPT = 5
# getrusage(2): ru_maxrss is in kilobytes, on macOS in bytes.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Run:
    """Shared by all users of the process; `steps` is the longest journey's number of steps."""

    def __init__(  # noqa: PLR0913 - a run joins these parts and owns their order
        self,
        profile: Profile,
        client: Client,
        journal: Journal,
        *,
        worker: int,
        steps: int,
        data: Mapping[str, Any],
        announce: Callable[[RequestRow | JourneyRow], None],
        clock: Clock,
    ) -> None:
        self.profile, self.worker, self.clock = profile, worker, clock
        self.started_at = clock.now()
        self.ends_at = self.started_at + profile.seconds
        self.stopped_at: float | None = None
        self._client, self._journal, self._announce, self._steps = client, journal, announce, steps
        self._around = Surroundings(client, clock.now, self._stage_at, self._report, profile.think, data, gevent.sleep)
        self._journeys, self._users = Group(), Group()
        self._enrolled, self._bound, self._in_flight_max = 0, 0, 0
        self._cpu = time.process_time()
        self.counts: Counter[str] = Counter()
        self._errors: list[str] = []
        self._services: dict[str, tuple[str, ...]] = {}
        self._right: dict[str, tuple[int, ...]] = {}
        self._draining, self._drained = False, Event()
        self._accountant = gevent.spawn(self._account_each_second)

    def covers(self, at: float) -> bool:
        """Whether an arrival at `at` is one of this run. Locust ends users a moment after the last stage."""
        return self.stopped_at is None and at < self.ends_at

    def enroll(self) -> int:
        """The calling greenlet is a user from now on: its number on this worker, counted from 0."""
        self._enrolled += 1
        self._users.add(gevent.getcurrent())
        self._bound = max(self._bound, self.profile.bound(len(self._users), self._steps))
        return self._enrolled - 1

    def leave(self, stream: Stream, pending: Arrival, at: float, scripts: Mapping[str, Script]) -> None:
        """A user ends with `pending` drawn for `at`: what was due by now begins late, and is never skipped."""
        until = self.clock.now() if self.stopped_at is None else self.stopped_at
        while at <= until and at < self.ends_at:
            self.arrive(pending, at, scripts[pending.journey])
            pending = stream.draw()
            at += pending.gap

    def arrive(self, arrival: Arrival, at: float, script: Script) -> None:
        """Begin a journey that was scheduled for `at`, or shed it when too many are in flight. Never waits."""
        self.counts["planned"] += 1
        if len(self._journeys) >= self._bound:
            self.counts["shed"] += 1
            self._keep(JourneyRow(self._stage_at(at), arrival.journey, at, None, None, "shed"))
            return
        self._journeys.start(gevent.Greenlet(self._travel, arrival, at, script))
        self._in_flight_max = max(self._in_flight_max, len(self._journeys))

    def stop(self) -> None:
        """No arrival from now on; journeys under way go on."""
        if self.stopped_at is None:
            self.stopped_at = self.clock.now()

    def drain(self) -> None:
        """Wait for the journeys under way, cut off what remains after `drain_seconds`, close; idempotent.

        Callers that come while another drains wait for it: when any of them returns, all rows are on disk.
        """
        self.stop()
        if self._draining:
            self._drained.wait()
            return
        self._draining = True
        try:
            self._users.kill(block=True)  # on a signal Locust ends them only after `quitting`, when rows are closed
            gevent.sleep(0)  # lets journeys that were started in this instant begin, so that they have a row
            self._journeys.join(timeout=self.profile.drain_seconds)
        finally:
            # Also on a second Ctrl-C, which is raised out of the join: rows matter more than haste.
            self._journeys.kill(block=True)
            self._close()
            self._drained.set()

    def figures(self) -> dict[str, Any]:
        """The generator's account of itself so far; times in epoch seconds."""
        wall = (self.stopped_at or self.clock.now()) - self.started_at
        return {
            "pid": os.getpid(),
            "worker": self.worker,
            "seed": self.profile.seed,
            "started_at": round(self.started_at, 6),
            "stopped_at": None if self.stopped_at is None else round(self.stopped_at, 6),
            "wall_seconds": round(wall, 3),
            "cpu_seconds": round(time.process_time() - self._cpu, 3),
            "rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT,
            **{name: self.counts[name] for name in ("planned", "started", "shed", "ok", "failed", "unfinished")},
            "requests": self.counts["requests"],
            "in_flight": len(self._journeys),
            "in_flight_max": self._in_flight_max,
            "in_flight_bound": self._bound,
            "drained": self._drained.is_set(),
            "journey_errors": self._errors,
            "expected_services": self._services,
            "right_statuses": self._right,
        }

    def _travel(self, arrival: Arrival, at: float, script: Script) -> None:
        started = self.clock.now()
        self.counts["started"] += 1
        outcome = "unfinished"
        try:
            script(Journey(arrival.journey, at, arrival.seed, self._around))
            outcome = "ok"
        except JourneyFailed:
            outcome = "failed"
        except GreenletExit:
            pass  # the drain ended it, which is an outcome and no error
        except Exception as error:  # noqa: BLE001 - a journey function's own fault must be told, and must not end the run
            outcome = "failed"
            self._blame(arrival.journey, error)
        finally:
            self.counts[outcome] += 1
            self._keep(JourneyRow(self._stage_at(at), arrival.journey, at, started, self.clock.now(), outcome))

    def _blame(self, journey: str, error: Exception) -> None:
        self.counts["errors"] += 1
        if len(self._errors) < _ERRORS_KEPT:
            self._errors.append(f"{journey}: {error!r}")
            _logger.error("journey %s has a fault of its own", journey, exc_info=error)

    def _report(self, row: RequestRow, step: Step) -> None:
        self.counts["requests"] += 1
        self._services.setdefault(step.name, step.touches)
        self._right.setdefault(step.name, tuple(step.right))
        self._journal.request(row)
        self._announce(row)

    def _keep(self, row: JourneyRow) -> None:
        self._journal.journey(row)
        if row.started is None:
            self._announce(row)

    def _stage_at(self, at: float) -> str:
        return self.profile.stage_at(at - self.started_at)

    def _account_each_second(self) -> None:
        while True:
            gevent.sleep(_ACCOUNT_SECONDS)
            self._journal.account(self.figures())

    def _close(self) -> None:
        self._accountant.kill(block=False)
        self._client.close()
        self._journal.account(self.figures() | {"drained": True})
        self._journal.close()
