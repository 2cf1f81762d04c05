"""How late a line can be found: lines are taken as services write them, and asked for until a search finds them.

Owns the probes: real lines of real services, a few of each log and each look, so that nothing is written that would
not be there. Leaves judging to seatrial.checks.pipeline.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Protocol

from seatrial.backends.errors import BackendError
from seatrial.checks.pipeline import Probe
from seatrial.project.telemetry import LogRoles
from seatrial.run_folder import read_json, write_json
from seatrial.ship.following import Source
from seatrial.ship.lines import identified, moment

SCHEMA = 1
LOOK_SECONDS = 0.25
# Of one log at one look: the first and the last of what is new.
PER_LOOK = 2
TAIL_BYTES = 256 << 10
# Beyond as many that are not found, no more are taken: asking must stay cheap when nothing arrives.
MOST_OPEN = 2000


class Findable(Protocol):
    """As much of Documents as is asked."""

    def present(self, ids: Sequence[str], field: str) -> set[str]:
        """Those that a search finds now. Raises BackendError."""


@dataclass(slots=True)
class _Tail:
    source: Source
    offset: int

    def lines(self) -> list[bytes]:
        """The first and the last whole line that are new; at most the end of what is new is read."""
        try:
            with self.source.path.open("rb") as file:
                size = file.seek(0, 2)
                begin = 0 if size < self.offset else max(self.offset, size - TAIL_BYTES)
                file.seek(begin)
                data = file.read(size - begin)
        except FileNotFoundError:
            return []
        end = data.rfind(b"\n") + 1
        self.offset = begin + end
        lines = data[:end].split(b"\n")[:-1]
        return lines if len(lines) <= PER_LOOK else [lines[0], lines[-1]]


@dataclass(slots=True)
class LagWatch:
    """Looks from a thread between `start` and `stop`; `roles` by service."""

    documents: Findable
    sources: Sequence[Source]
    roles: Mapping[str, LogRoles]
    clock: Callable[[], float] = time.time
    obstacle: str = ""
    _open: dict[str, tuple[str, float, str]] = field(default_factory=dict)
    _probes: list[Probe] = field(default_factory=list)
    _tails: list[_Tail] = field(default_factory=list)
    _last: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """From what is written now on."""
        self._tails = [_Tail(each, _size(each.path)) for each in self.sources]
        self._last = self.clock()
        self._thread = threading.Thread(target=self._run, name="lag", daemon=True)
        self._thread.start()

    def stop(self, patience: float) -> list[Probe]:
        """Take no more, ask for what is open for `patience` seconds, and give all."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        until = self.clock() + patience
        while self._open and self.clock() < until and not self.obstacle:
            time.sleep(LOOK_SECONDS)
            self._ask()
        never = [Probe(service, written, None, self.clock()) for service, written, _ in self._open.values()]
        return sorted([*self._probes, *never], key=lambda probe: probe.written)

    def _run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Take what is new, and ask for what is open."""
        self._take()
        self._ask()

    def _take(self) -> None:
        now = self.clock()
        for tail in self._tails if len(self._open) < MOST_OPEN else ():
            roles = self.roles[tail.source.service]
            for line in tail.lines():
                event_id, fields = identified(line, roles)
                if event_id is not None:
                    at = moment(fields.get(roles.timestamp or ""))
                    # Its own time where that can be: a clock that is wrong must not make a lag.
                    written = at if at is not None and self._last <= at <= now else self._last
                    self._open.setdefault(event_id, (tail.source.service, written, roles.event_id or ""))
        self._last = now

    def _ask(self) -> None:
        by_field: dict[str, list[str]] = {}
        for event_id, (_, _, name) in self._open.items():
            by_field.setdefault(name, []).append(event_id)
        try:
            for name, ids in by_field.items():
                found = self.documents.present(ids, name)
                now = self.clock()
                for event_id in found & self._open.keys():
                    service, written, _ = self._open.pop(event_id)
                    self._probes.append(Probe(service, written, now))
            self.obstacle = ""
        except BackendError as error:  # a server that restarts comes back; one that does not is the judge's matter
            self.obstacle = str(error)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def save_probes(path: Path, probes: Sequence[Probe]) -> None:
    """Write them as JSON, whole or not at all."""
    write_json(path, {"schema": SCHEMA, "probes": [astuple(each) for each in probes]})


def load_probes(path: Path) -> list[Probe]:
    """The saved probes; none without a file."""
    document = read_json(path)
    return [Probe(*each) for each in document["probes"]] if document else []
