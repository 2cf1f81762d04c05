"""What a metrics endpoint says besides requests: the process, and requests that are being answered now.

Process metrics go by the names that every Prometheus client library uses; a gauge of active requests is taken when it
rests at 0 while it is read, since one that counts its own reading would never let a fleet come to rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seatrial.init.families import Family

PROCESS = {
    "cpu_seconds": "process_cpu_seconds_total",
    "resident_bytes": "process_resident_memory_bytes",
    "process_start": "process_start_time_seconds",
}
DESCRIPTORS = ("process_open_fds", "process_max_fds")
ACTIVE = re.compile(r"(active|in_?progress|in_?flight|ongoing)\w*request|request\w*(active|in_?progress|in_?flight)")
CLIENT = re.compile(r"client|outgoing|upstream")


@dataclass(frozen=True, slots=True)
class Gauges:
    """Role to family, for the roles that were found; `lacking` says of the others what that costs.

    `descriptors` are the open files and how many there may be, where both are told.
    """

    roles: Mapping[str, Family]
    descriptors: tuple[Family, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def families(self) -> tuple[Family, ...]:
        """Everything that is taken."""
        return (*self.roles.values(), *self.descriptors)

    def named(self) -> dict[str, Any]:
        """As telemetry.yml has the roles."""
        named: dict[str, Any] = {role: family.name for role, family in self.roles.items()}
        if self.descriptors:
            named["descriptors"] = dict(zip(("metric", "limit"), (each.name for each in self.descriptors), strict=True))
        return named


COSTS = {
    "cpu_seconds": "no process_cpu_seconds_total: CPU is not shown",
    "resident_bytes": "no process_resident_memory_bytes: memory is not shown",
    "process_start": "no process_start_time_seconds: a process that was replaced is not noticed by its metrics",
}


def choose_gauges(families: Mapping[str, Family]) -> Gauges:
    """The process metrics that are there, and the gauge of active requests."""
    roles = {role: families[name] for role, name in PROCESS.items() if name in families}
    lacking = [cost for role, cost in COSTS.items() if role not in roles]
    for family in families.values():
        if family.type != "gauge" or not ACTIVE.search(family.name) or CLIENT.search(family.name):
            continue
        if any(family.counts.values()):
            lacking.append(f"{family.name} is not 0 while it is read: not taken, a fleet would never seem to rest")
        else:
            roles.setdefault("active_requests", family)
    files = tuple(families[name] for name in DESCRIPTORS if name in families)
    return Gauges(roles, files if len(files) == len(DESCRIPTORS) else (), tuple(lacking))
