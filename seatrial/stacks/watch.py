"""Looks whether processes ended that nobody had asked to, and tells of each loss once.

A server's main process often follows its worker and the other way round: that is one loss, not two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from seatrial.stacks.places import Place
from seatrial.stacks.processes import Child, is_running, worker_of
from seatrial.stacks.protocol import UnplannedExit


@dataclass(slots=True)
class Watch:
    """`tell` is given each loss when a look has found it; `alive` and `worker` look at processes."""

    tell: Callable[[UnplannedExit], None]
    alive: Callable[[int], bool] = is_running
    worker: Callable[[int, int], int | None] = worker_of
    clock: Callable[[], float] = time.time
    exits: list[UnplannedExit] = field(default_factory=list)
    _others: set[int] = field(default_factory=set)

    def look(self, places: Iterable[Place], others: Iterable[Child] = ()) -> None:
        """Look at every replica, and at other children of the stack."""
        for place in places:
            if place.child is not None and not place.child.asked_to_stop:
                self._look_at(place, place.child)
        for child in others:
            if child.returncode is not None and not child.asked_to_stop and child.pid not in self._others:
                self._others.add(child.pid)
                self._note(child.name, child.pid, child.returncode)

    def _look_at(self, place: Place, main: Child) -> None:
        worker = place.worker_pid
        if main.returncode is not None:
            if not place.lost:
                self._lost(place, main.name, main.pid, main.returncode)
        elif place.lost:
            self._found_again(place, main)
        elif worker is not None and worker != main.pid and not self.alive(worker):
            self._lost(place, f"{place.instance} worker", worker, None)

    def _found_again(self, place: Place, main: Child) -> None:
        """Some mains start another worker, whose end would be another loss."""
        worker = self.worker(main.pid, place.port)
        if worker is not None and worker != main.pid:
            place.worker_pid, place.lost = worker, False

    def _lost(self, place: Place, name: str, pid: int, returncode: int | None) -> None:
        place.worker_pid, place.lost = None, True
        self._note(name, pid, returncode)

    def _note(self, name: str, pid: int, returncode: int | None) -> None:
        found = UnplannedExit(name, pid, returncode, self.clock())
        self.exits.append(found)
        self.tell(found)
