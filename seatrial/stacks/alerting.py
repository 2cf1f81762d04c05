"""Who is told of alerts while a stack stands: its Alertmanager, and a receiver that records what it sends.

Owns their ports, starting and stopping. A stack without Alertmanager goes on: alerts fire, and nobody is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from seatrial.project.project import Project
from seatrial.run_folder import RunFolder, write_json
from seatrial.settings import Settings, child_environment
from seatrial.stacks import alertmanager, observation, processes
from seatrial.stacks.places import HOST
from seatrial.stacks.ports import PortLocks
from seatrial.stacks.processes import Child
from seatrial.stacks.receiver import FILE, Receiver

NAME = "alertmanager"
PORT, RECEIVER_PORT = 9093, 9095


class Alerting:
    """Nothing is touched before `take_ports`; everything from the main thread."""

    def __init__(self, project: Project, run: RunFolder, settings: Settings) -> None:
        self._source, self._run = project.alertmanager, run
        self._found = alertmanager.find_alertmanager(settings.cache_dir) if project.alertmanager else None
        self._url = ""
        self._receiver: Receiver | None = None
        self._child: Child | None = None

    @property
    def obstacle(self) -> str:
        """Why nobody is told; empty when somebody is, or nobody is to be."""
        if self._source is None or self._found is not None:
            return ""
        return f"no Alertmanager that will do was found, so nobody is told of alerts. {alertmanager.REMEDY}"

    def take_ports(self, ports: PortLocks, *, preferred: bool) -> None:
        """Before Prometheus is told whom to send to."""
        if self._found is None:
            return
        self._url = f"http://{HOST}:{ports.take([PORT] if preferred else [])}"
        file = self._run.path / FILE
        self._receiver = Receiver(file, ports.take([RECEIVER_PORT] if preferred else []))
        group = [{"targets": [self._url.removeprefix("http://")]}]
        write_json(self._run.metrics / "prometheus" / "alertmanagers" / f"{NAME}.json", group)

    def start(self) -> None:
        """Both of them."""
        if self._found is None or self._receiver is None or self._source is None:
            return
        self._receiver.start()
        folder = self._run.metrics / NAME
        configuration = alertmanager.write_configuration(self._source, folder, self._receiver.url)
        self._child = processes.start(
            NAME,
            alertmanager.command(self._found.binary, configuration, self._url.removeprefix("http://")),
            environment=child_environment(self._run.id),
            cwd=self._found.binary.parent,  # where a cached one has its templates
            output=self._run.logs / f"{NAME}.out",
        )

    def checks(self) -> dict[str, Callable[[], bool]]:
        """Whether it is ready, by its name; empty when there is none."""
        return {NAME: partial(observation.answers, f"{self._url}/-/ready")} if self._child else {}

    def children(self) -> list[Child]:
        """The process that was started."""
        return [self._child] if self._child else []

    def targets(self) -> dict[str, str]:
        """Where its metrics are."""
        return {NAME: f"{self._url}/metrics"} if self._url else {}

    def document(self) -> dict[str, Any] | None:
        """As stack.json has it."""
        if self._source is None:
            return None
        return {
            "url": self._url or None,
            "pid": self._child and self._child.pid,
            "receiver_url": self._receiver and self._receiver.url,
            "obstacle": self.obstacle,
        }

    def stop(self, deadline: float) -> None:
        """Both, by `deadline` (monotonic seconds)."""
        processes.stop_all(self.children(), max(deadline, time.monotonic()))
        if self._receiver is not None:
            self._receiver.stop()
