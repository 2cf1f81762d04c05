"""The place of each replica in a local stack: its name, its ports, and what it is told.

Pure but for the locks that it is handed. Leaves starting to local.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seatrial.errors import StackError
from seatrial.project.fleet import STREAMS, Fleet, fill
from seatrial.stacks.ports import PortLocks
from seatrial.stacks.processes import Child
from seatrial.stacks.seats import Seat

HOST = "127.0.0.1"


@dataclass(slots=True)
class Place(Seat):
    """One replica's ports, which stay when its process changes, and the process that is there now."""

    child: Child | None = None
    address: str = field(default=HOST, kw_only=True)


def take_places(fleet: Fleet, replicas: Mapping[str, int], ports: PortLocks, *, preferred: bool) -> list[Place]:
    """A place for every replica. With `preferred` the first of each service gets fleet.yml's ports if they are free.

    Raises StackError when a port is taken at which a service always listens.
    """
    places = []
    for name, service in fleet.services.items():
        for number in range(1, replicas.get(name, service.replicas) + 1):
            wished = preferred and number == 1
            told = fleet.told(name)
            port = _port(name, service.port, ports, told="port" in told, wished=wished)
            admin_port = port
            if fleet.has_admin_port(name):
                admin_port = _port(name, service.admin_port, ports, told="admin_port" in told, wished=wished)
            places.append(Place(name, number, port, admin_port))
    return places


def _port(name: str, named: int | None, ports: PortLocks, *, told: bool, wished: bool) -> int:
    if told or named is None:
        return ports.take([named] if wished and named is not None else [])
    if not ports.lock(named):
        raise StackError(
            f"{name} always listens on port {named}, which is taken. End what holds it, or tell {name} its port: "
            "write {port} into its command or its environment."
        )
    return named


def store_url(run_dir: Path, service: str) -> str:
    """One SQLite file per service, shared by its replicas."""
    return f"sqlite:///{run_dir}/stores/{service}.db"


@dataclass(frozen=True, slots=True)
class Telling:
    """What replicas are told: the values of their {braces}, which need to know where all others are."""

    fleet: Fleet
    root: Path
    run_dir: Path
    urls: Mapping[str, str]
    faults: bool = False

    def values(self, place: Place) -> dict[str, Any]:
        """By name in braces."""
        return {
            "host": HOST,
            "port": str(place.port),
            "admin_port": str(place.admin_port),
            "service": place.service,
            "replica": str(place.replica),
            "instance": place.instance,
            "store": store_url(self.run_dir, place.service) if self.fleet.services[place.service].store else "",
            "log_file": str(self._own_log(place)),
            "discovery_file": str(self.run_dir / "discovery.json"),
            "run_dir": str(self.run_dir),
            "faults": "1" if self.faults else "0",
            "urls": self.urls,
        }

    def environment(self, place: Place) -> dict[str, str]:
        """Its variables, the service's own over the fleet's."""
        values = self.values(place)
        return {name: fill(text, values) for name, text in self.fleet.environment_of(place.service).items()}

    def command(self, place: Place) -> list[str]:
        """What starts it."""
        values = self.values(place)
        return [fill(part, values) for part in self.fleet.services[place.service].command or ()]

    def log_file(self, place: Place) -> Path | None:
        """Where its log lines are; a stream's go into the run's own file."""
        named = self.fleet.log_of(place.service)
        if named is None or named in STREAMS:
            return self._own_log(place) if named else None
        return self.root / fill(named, self.values(place))

    def stream(self, place: Place) -> str | None:
        """The stream that it writes its log lines to; None when it writes a file, or none."""
        named = self.fleet.log_of(place.service)
        return named if named in STREAMS else None

    def _own_log(self, place: Place) -> Path:
        return self.run_dir / "logs" / f"{place.instance}.jsonl"


def first_urls(places: Iterable[Place]) -> dict[str, str]:
    """Each service's first replica."""
    urls: dict[str, str] = {}
    for place in places:
        urls.setdefault(place.service, place.url)
    return urls
