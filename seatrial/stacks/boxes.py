"""The replicas of a stack of containers: which container each is, where it answers, and which have died.

Owns the names that replicas keep while their containers' addresses change. Leaves starting and judging to compose.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seatrial.errors import StackError
from seatrial.project.compose import Compose
from seatrial.project.fleet import Fleet
from seatrial.stacks.docker import Container, ContainerChild
from seatrial.stacks.protocol import UnplannedExit
from seatrial.stacks.seats import Seat


@dataclass(slots=True)
class Box(Seat):
    """One replica in its container, which keeps its key through restarts, not its address.

    `started` is when its process did, in seconds since the epoch.
    """

    child: ContainerChild = field(kw_only=True)
    hostname: str = field(kw_only=True)
    pid: int = field(default=0, kw_only=True)
    started: float = field(default=0.0, kw_only=True)

    def found(self, container: Container, network: str) -> None:
        """Take over where it is now. Raises StackError when that network does not have it."""
        if network not in container.addresses:
            raise StackError(
                f"{container.name} has no address in the network {network}. Correct compose.network in seatrial.yml."
            )
        self.address = container.addresses[network]
        self.pid, self.started = container.pid, container.started


def boxes_of(
    fleet: Fleet, compose: Compose, found: Iterable[Container], child: Callable[[str, Container], ContainerChild]
) -> list[Box]:
    """A box for each replica, in fleet.yml's order. Raises StackError when a service has none."""
    by_service: dict[str, list[Container]] = {name: [] for name in fleet.services}
    for container in found:
        if container.service in by_service and not container.one_off:
            by_service[container.service].append(container)
    missing = [name for name, containers in by_service.items() if not containers]
    if missing:
        raise StackError(f"no container of {', '.join(missing)}: the compose file has no service of that name.")
    boxes = []
    for name, containers in by_service.items():
        for container in containers:
            box = Box(
                service=name,
                replica=container.number,
                hostname=container.hostname,
                port=compose.port,
                admin_port=compose.admin_port or compose.port,
                child=child(f"{name}-{container.number}", container),
            )
            box.found(container, compose.network)
            boxes.append(box)
    return boxes


def stores_of(found: Iterable[Container], variable: str | None) -> dict[str, str]:
    """Service to the store that its containers were told by the environment variable."""
    told = {each.service: each.environment.get(variable or "", "") for each in found if not each.one_off}
    return {service: url for service, url in told.items() if url}


@dataclass(slots=True)
class Deaths:
    """Containers that ended, from what `docker events` writes to a file, a line of JSON for each; `tell` of unplanned ones."""

    file: Path
    tell: Callable[[UnplannedExit], None]
    exits: list[UnplannedExit] = field(default_factory=list)
    _read: int = 0

    def look(self, boxes: Iterable[Box]) -> None:
        """Take what has been written since the last look."""
        by_key = {box.child.key: box for box in boxes}
        for event in self._new():
            box = by_key.get(event["Actor"]["ID"])
            if box is None or box.lost or box.child.asked_to_stop:
                continue
            if _moment(event) > box.started:  # else it tells of the end before the last start, which was planned
                code = int(event["Actor"]["Attributes"].get("exitCode", -1))
                box.lost, box.ready = True, False
                box.child.died(code)
                self._note(UnplannedExit(box.instance, box.pid, code, _moment(event)))

    def _new(self) -> list[Mapping[str, Any]]:
        try:
            with self.file.open("rb") as file:
                file.seek(self._read)
                whole, newline, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return []
        self._read += len(whole) + len(newline)
        return [json.loads(line) for line in whole.splitlines() if line]

    def _note(self, found: UnplannedExit) -> None:
        self.exits.append(found)
        self.tell(found)


def _moment(event: Mapping[str, Any]) -> float:
    return float(event["timeNano"]) / 1e9
