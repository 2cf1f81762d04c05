"""A replica's place in a stack that this process has started: it stays while what runs there changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from seatrial.stacks.draining import Ending
from seatrial.stacks.prometheus import target_group


@dataclass(slots=True)
class Seat:
    """One replica. `worker_pid` is the process that answers, None where it is not known; `lost`: what ran there ended by itself; `listed`: whoever reads the discovery file is told of it."""

    service: str
    replica: int
    port: int
    admin_port: int
    child: Ending | None = None
    worker_pid: int | None = None
    address: str = field(default="", kw_only=True)
    ready: bool = field(default=False, kw_only=True)
    lost: bool = field(default=False, kw_only=True)
    listed: bool = field(default=True, kw_only=True)

    @property
    def instance(self) -> str:
        """The replica's name in metrics and findings."""
        return f"{self.service}-{self.replica}"

    @property
    def url(self) -> str:
        """Where requests go."""
        return f"http://{self.address}:{self.port}"

    @property
    def admin_url(self) -> str:
        """Where metrics, health and fault switches are."""
        return f"http://{self.address}:{self.admin_port}"

    @property
    def serves(self) -> bool:
        """Whether callers that are sent there are answered."""
        return self.listed and self.ready and not self.lost


def traffic_targets(seats: Iterable[Seat]) -> list[dict[str, Any]]:
    """What clients discover, in Prometheus's file_sd format."""
    return [
        target_group(f"{seat.address}:{seat.port}", job=seat.service, instance=seat.instance)
        for seat in seats
        if seat.listed
    ]
