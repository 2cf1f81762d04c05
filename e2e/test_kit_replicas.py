"""Rolling restarts of two real replicas under the kit's own client: nothing is lost, nothing is sent twice."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from kit_service import Service, free_port, kill, start

from fleet.kit.attempts import Attempt
from fleet.kit.client import ServiceClient
from fleet.kit.discovery import FileDiscovery
from fleet.kit.retries import RetryPolicy
from fleet.kit.transport import RequestsTransport

RESTARTS = 30
CALLERS = 4
NOTICED = 0.2  # s; what callers get to notice that a replica has left


@dataclass
class Pair:
    """Two replicas, each with a folder of its own, and the discovery file that lists them."""

    folder: Path
    services: list[Service] = field(default_factory=list)

    @property
    def discovery(self) -> Path:
        return self.folder / "discovery.json"

    def begin(self) -> None:
        for number in range(2):
            (self.folder / f"{number}").mkdir()
            self.services.append(start(self.folder / f"{number}", free_port(), free_port()))
        self.list(*self.services)

    def list(self, *services: Service) -> None:
        groups = [{"targets": [f"127.0.0.1:{service.port}"], "labels": {"job": "sample"}} for service in services]
        new = self.folder / "discovery.new"
        new.write_text(json.dumps(groups))
        new.replace(self.discovery)

    def restart(self, number: int) -> int:
        """Take a replica out, end it, start it, put it back; its exit code."""
        leaving = self.services[number]
        self.list(*(service for service in self.services if service is not leaving))
        time.sleep(NOTICED)
        leaving.process.send_signal(signal.SIGTERM)
        code = leaving.process.wait(10)
        self.services[number] = start(self.folder / f"{number}", leaving.port, leaving.admin_port)
        self.list(*self.services)
        return code

    def taken(self) -> list[str]:
        return [line for number in range(2) for line in (self.folder / f"{number}" / "taken").read_text().split()]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(tmp_path)
    try:
        pair.begin()
        yield pair
    finally:
        for service in pair.services:
            kill(service)


@dataclass
class Callers:
    """Threads that POST without a key, so that no attempt that was sent may be repeated, until told to stop."""

    client: ServiceClient
    answers: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)
    stopping: threading.Event = field(default_factory=threading.Event)

    def call(self) -> None:
        while not self.stopping.is_set():
            number = str(next(self.numbers))
            try:
                self.answers[number] = self.client.post("/things/{number}", path={"number": number}).status
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                self.errors.append(f"{number}: {error!r}")


class Unrecorded:
    def attempted(self, attempt: Attempt) -> None:
        """The answers are looked at, not the attempts."""


def test_rolling_restarts_lose_and_double_nothing(pair: Pair) -> None:
    transport = RequestsTransport(CALLERS)
    client = ServiceClient(
        callee="sample",
        discovery=FileDiscovery(pair.discovery),
        transport=transport,
        recorder=Unrecorded(),
        policy=RetryPolicy(attempts=1),
    )
    callers = Callers(client)
    threads = [threading.Thread(target=callers.call) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    codes = [pair.restart(turn % 2) for turn in range(RESTARTS)]
    callers.stopping.set()
    for thread in threads:
        thread.join()
    transport.close()
    assert codes == [0] * RESTARTS
    assert callers.errors == []
    assert set(callers.answers.values()) == {201}
    assert sorted(pair.taken()) == sorted(callers.answers)
    assert len(callers.answers) > RESTARTS * CALLERS
