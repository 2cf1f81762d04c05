"""The shop on either stack, as the suites see it: where its replicas are, what watches them, and what may be done to them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import requests
import yaml
from pytest_docker.plugin import Services
from stack_runs import Bench

from seatrial.stacks.docker import Container, containers_of, docker, inspect, last_lines

ROOT = Path(__file__).parents[2]
SERVICES: list[str] = list(yaml.safe_load((ROOT / "fleet" / "fleet.yml").read_text())["services"])
REPLICAS: Mapping[str, int] = {name: 3 if name == "orders" else 2 for name in SERVICES}
PORT, ADMIN_PORT = 8000, 8100
PATIENCE = 40.0
# deploy/compose/README.md: what callers need to come back to a replica that was away.
SETTLE_SECONDS = 1.0


@dataclass(frozen=True)
class Replica:
    """`instance` is what Prometheus calls it, `key` how its stack does."""

    service: str
    instance: str
    url: str
    admin_url: str
    key: str


class Stack(Protocol):
    """The running shop."""

    kind: str

    @property
    def entry(self) -> str:
        """The door that customers take."""

    @property
    def prometheus(self) -> str:
        """Where to ask for metrics."""

    def replicas(self, service: str) -> list[Replica]:
        """Those that run now."""

    def lines(self) -> Iterator[dict[str, Any]]:
        """Every log line that a service has written."""

    def restart(self, replica: Replica) -> None:
        """As its owner would, and wait until it is ready."""

    def kill(self, replica: Replica) -> None:
        """At once, without a word."""

    def revive(self, replica: Replica) -> None:
        """Start what was killed, and wait until it is ready."""

    def keep_logs(self, folder: Path) -> None:
        """Copy what would explain a failure there."""


@dataclass
class LocalShop:
    """As `seatrial up` runs it."""

    bench: Bench
    status: Mapping[str, Any]
    kind: str = "local"

    @property
    def entry(self) -> str:
        return str(self.status["entry_url"])

    @property
    def prometheus(self) -> str:
        return str(self.status["prometheus"]["url"])

    def replicas(self, service: str) -> list[Replica]:
        return [
            Replica(service, each["instance"], each["url"], each["admin_url"], str(each["replica"]))
            for each in self.status["services"]
            if each["service"] == service
        ]

    def lines(self) -> Iterator[dict[str, Any]]:
        for file in (Path(self.status["run_dir"]) / "logs").glob("*.jsonl"):
            yield from map(json.loads, file.read_text().splitlines())

    def restart(self, replica: Replica) -> None:
        done = self.bench.call("restart", replica.service, "--replica", replica.key)
        assert done.returncode == 0, done.stderr

    def kill(self, replica: Replica) -> None:
        now = self.bench.status(self.status["run"])["services"]
        pid = next(each["main_pid"] for each in now if each["instance"] == replica.instance)
        os.kill(pid, signal.SIGKILL)

    def revive(self, replica: Replica) -> None:
        self.restart(replica)

    def keep_logs(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for file in (Path(self.status["run_dir"]) / "logs").glob("*.out"):
            (folder / file.name).write_bytes(file.read_bytes())


@dataclass
class ComposeShop:
    """As `docker compose up` runs it: docker-compose.yml and nothing of the harness."""

    services: Services
    project: str
    kind: str = "compose"

    @property
    def entry(self) -> str:
        # Asked anew each time: a container that starts again gets another port, and pytest-docker remembers the first.
        gateway = self.replicas("gateway")[0]
        return f"http://{docker('port', gateway.key, str(PORT)).splitlines()[0]}"

    @property
    def prometheus(self) -> str:
        return f"http://127.0.0.1:{self.services.port_for('prometheus', 9090)}"

    def replicas(self, service: str) -> list[Replica]:
        return [
            _replica(each)
            for each in containers_of(self.project)
            if each.service == service and each.running and not each.one_off
        ]

    def lines(self) -> Iterator[dict[str, Any]]:
        for each in containers_of(self.project):
            if each.service in SERVICES:
                yield from map(json.loads, docker("logs", each.key).splitlines())

    def restart(self, replica: Replica) -> None:
        docker("restart", "--time", "15", replica.key)
        self._await_ready(replica)

    def kill(self, replica: Replica) -> None:
        docker("kill", replica.key)

    def revive(self, replica: Replica) -> None:
        docker("start", replica.key)
        self._await_ready(replica)

    def _await_ready(self, replica: Replica) -> None:
        until = time.monotonic() + PATIENCE
        now = _replica(inspect([replica.key], self.project)[0])
        while not is_ready(now):
            assert time.monotonic() < until, last_lines(replica.key)
            time.sleep(0.1)
        time.sleep(SETTLE_SECONDS)

    def keep_logs(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for each in containers_of(self.project):
            (folder / f"{each.name}.out").write_text(last_lines(each.key, 2000))

    def unwell(self) -> str:
        """What those say at last that are not healthy, or ended with an error."""
        found = [
            each for each in containers_of(self.project) if not each.healthy or (not each.running and each.exit_code)
        ]
        return "\n".join(f"{each.name} (exit code {each.exit_code}) ends:\n{last_lines(each.key)}" for each in found)


def _replica(found: Container) -> Replica:
    address = found.addresses["fleet"]
    name = f"{found.service}-{address}"  # deploy/compose/prometheus.yml
    return Replica(found.service, name, f"http://{address}:{PORT}", f"http://{address}:{ADMIN_PORT}", found.key)


def is_ready(replica: Replica) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"{replica.admin_url}/health/ready", timeout=2).ok
    return False
