"""The place of each replica in a local stack: its name, its ports, and what it is told.

Pure but for the locks that it is handed. Leaves starting to local.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.project.fleet import Fleet, fill
from seatrial.stacks.ports import PortLocks
from seatrial.stacks.processes import Child
from seatrial.stacks.prometheus import target_group

HOST = "127.0.0.1"


@dataclass(slots=True)
class Place:
    """One replica's ports, which stay when its process changes, and the process that is there now.

    `lost`: its process or worker ended by itself; `listed`: the discovery file names it.
    """

    service: str
    replica: int
    port: int
    admin_port: int
    child: Child | None = None
    worker_pid: int | None = None
    ready: bool = False
    lost: bool = False
    listed: bool = True

    @property
    def instance(self) -> str:
        """The replica's name in metrics and logs."""
        return f"{self.service}-{self.replica}"

    @property
    def url(self) -> str:
        """Where requests go."""
        return f"http://{HOST}:{self.port}"

    @property
    def admin_url(self) -> str:
        """Where metrics, health and fault switches are."""
        return f"http://{HOST}:{self.admin_port}"


def take_places(fleet: Fleet, replicas: Mapping[str, int], ports: PortLocks, *, preferred: bool) -> list[Place]:
    """A place for every replica. With `preferred` the first of each service gets fleet.yml's ports if they are free."""
    places = []
    for name, service in fleet.services.items():
        for number in range(1, replicas.get(name, service.replicas) + 1):
            wished = preferred and number == 1
            port = ports.take([service.port] if wished else [])
            places.append(Place(name, number, port, ports.take([service.admin_port] if wished else [])))
    return places


def traffic_targets(places: Iterable[Place]) -> list[dict[str, Any]]:
    """What the fleet's clients discover."""
    return [
        target_group(f"{HOST}:{place.port}", job=place.service, instance=place.instance)
        for place in places
        if place.listed
    ]


def admin_targets(places: Iterable[Place], service: str) -> list[dict[str, Any]]:
    """What Prometheus scrapes of one service."""
    return [
        target_group(f"{HOST}:{place.admin_port}", job=service, instance=place.instance)
        for place in places
        if place.service == service
    ]


def store_url(run_dir: Path, service: str) -> str:
    """One SQLite file per service, shared by its replicas."""
    return f"sqlite:///{run_dir}/stores/{service}.db"


def environment_of(place: Place, fleet: Fleet, run_dir: Path, *, faults: bool) -> dict[str, str]:
    """fleet.yml's variables for this replica, the service's own over the fleet's, with their {braces} filled."""
    service = fleet.services[place.service]
    values = {
        "host": HOST,
        "port": str(place.port),
        "admin_port": str(place.admin_port),
        "service": place.service,
        "replica": str(place.replica),
        "instance": place.instance,
        "store": store_url(run_dir, place.service) if service.store else "",
        "log_file": str(run_dir / "logs" / f"{place.instance}.jsonl"),
        "discovery_file": str(run_dir / "discovery.json"),
        "run_dir": str(run_dir),
        "faults": "1" if faults else "0",
    }
    return {name: fill(text, values) for name, text in {**fleet.environment, **service.environment}.items()}
