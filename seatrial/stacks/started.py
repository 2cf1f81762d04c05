"""What every stack does whose replicas this process has started: restart them, drain them, wait for them, tell of them.

Leaves what a replica is, a process or a container, and how it is started and removed, to each kind of stack.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from seatrial.errors import UsageError
from seatrial.run_folder import write_json
from seatrial.stacks import observation
from seatrial.stacks.draining import Traffic, stopped, traffic
from seatrial.stacks.owned import OwnedStack
from seatrial.stacks.processes import Child
from seatrial.stacks.protocol import StopRecord
from seatrial.stacks.readiness import ready
from seatrial.stacks.restarting import restarted
from seatrial.stacks.seats import Seat, traffic_targets
from seatrial.stacks.turns import Turns, to_the_end

S = TypeVar("S", bound=Seat)


class StartedStack(OwnedStack, Generic[S]):
    """The common part; a Site of restarting. `_seats` are all replicas, none before `up` has found places for them."""

    _seats: list[S]

    # What each kind of stack says

    @abstractmethod
    def start(self, seat: S) -> None:
        """Start what runs there."""

    @abstractmethod
    def is_free(self, seat: S) -> bool:
        """Whether nobody listens at its ports."""

    @abstractmethod
    def _met(self, seat: S) -> None:
        """It has become ready."""

    @abstractmethod
    def _told_of(self, seat: S) -> bool:
        """Whether its callers go by the discovery file."""

    @abstractmethod
    def _own_entry(self, seat: S) -> dict[str, Any]:
        """What its entry in stack.json says of its main process and its log."""

    def _starting(self) -> Iterable[Child]:
        """Processes that would end where a start goes wrong."""
        return self._others()

    def _is_ready(self, seat: S) -> bool:
        return observation.is_ready(seat.url, self._admin_path(seat, "ready"))

    def _rested(self) -> Turns[None]:
        """What is waited for between two restarts of one service."""
        yield from ()

    # What a trial asks

    def entry_url(self) -> str:
        """The address that clients use: the entry's first replica."""
        return next(seat.url for seat in self._seats if seat.service == self.project.fleet.entry)

    @property
    def discovery_file(self) -> Path:
        """Where the addresses of all replicas that take requests are."""
        return self.run_dir / "discovery.json"

    def restart(self, service: str, replica: int | None = None) -> None:
        """One replica after another, until each is ready. Raises UsageError for one that is not there."""
        to_the_end(self.restarting(service, replica))

    def restarting(self, service: str, replica: int | None = None) -> Turns[None]:
        """`restart` in turns."""
        if (component := self._restarting_component(service)) is not None:
            yield from component
            return
        chosen = [seat for seat in self._seats if seat.service == service and replica in {None, seat.replica}]
        if not chosen:
            known = ", ".join(seat.instance for seat in self._seats)
            wanted = service if replica is None else f"{service}-{replica}"
            raise UsageError(f"there is no {wanted} in run {self.run.id}. Running are: {known}.")
        for number, seat in enumerate(chosen):
            if number:
                yield from self._rested()
            yield from self._restart(seat)

    def drain(self) -> list[StopRecord]:
        """Each layer with the time it needs, callers before those they call. What had died by itself has no record."""
        self.watch()
        self._set_state("draining")
        records: list[StopRecord] = []
        for layer in self.project.fleet.stop_order():
            living = [seat.child for seat in self._seats if seat.service in layer and seat.child and not seat.lost]
            records += to_the_end(stopped(living))
        for record in records:
            self.run.event("stop", **asdict(record))
        return records

    # Starting

    def await_ready(self, awaited: Sequence[S]) -> Turns[None]:
        """Until all are ready. Raises StackError."""
        checks: dict[str, Callable[[], bool]] = {seat.instance: partial(self._is_ready, seat) for seat in awaited}
        if self._state == "starting":
            checks |= self._prometheus_check()
        told = partial(self._on_event, "ready")
        children = [child for child in self._starting() if child.name in checks]
        yield from ready(checks, children, lambda name, seconds: told(name=name, seconds=seconds))
        for seat in awaited:
            self._met(seat)

    # While it runs

    def _restart(self, seat: S) -> Turns[None]:
        """One replica. Callers that can be told ask the others meanwhile, if there are any that live."""
        self.watch()
        before = seat.worker_pid
        siblings = [each for each in self._seats if each.service == seat.service and each is not seat and each.serves]
        done = yield from restarted(self, seat, alone=not (self._told_of(seat) and siblings))
        told = {"service": seat.service, "instance": seat.instance, "seconds": done.seconds}
        stop = asdict(done.stop) if done.stop else None
        workers = {"worker_before": before, "worker_after": seat.worker_pid}
        self.run.event("restart", **told, down_seconds=done.down_seconds, emptied=done.emptied, stop=stop, **workers)
        self._on_event("restarted", **told)
        self._set_state(self._state)

    def publish(self) -> None:
        """Write what clients discover."""
        write_json(self.discovery_file, traffic_targets(self._seats))

    def traffic(self, seat: S) -> Traffic | None:
        """What the replica's metrics say of its requests."""
        return traffic(self._exposition(seat), self.project.telemetry, seat.service)

    def keep_counts(self, seat: S) -> None:
        """Write its metrics into the run's folder of those that were left; nothing when nobody answers."""
        self._keep_left(seat.instance, self._exposition(seat))

    def _exposition(self, seat: S) -> str | None:
        url = self._admin_path(seat, "metrics")
        return None if url is None else observation.fetch(url)

    def _admin_path(self, seat: S, name: str) -> str | None:
        path = getattr(self.project.fleet.admin_of(seat.service), name)
        return None if path is None else seat.admin_url + path

    # What others read

    def entries(self) -> list[dict[str, Any]]:
        """All replicas, as stack.json has them."""
        return [
            {
                "service": seat.service,
                "instance": seat.instance,
                "replica": seat.replica,
                "url": seat.url,
                "admin_url": seat.admin_url,
                "metrics_url": self._admin_path(seat, "metrics"),
                "ready_url": self._admin_path(seat, "ready"),
                "worker_pid": seat.worker_pid,
                "ready": seat.ready,
                **self._own_entry(seat),
            }
            for seat in self._seats
        ]
