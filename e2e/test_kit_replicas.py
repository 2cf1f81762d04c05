"""Real replicas under the kit's own client: restarted in turn nothing is lost or sent twice, killed they are used again at once."""

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
from kit_service import Service, free_port, kill, start, until

from fleet.kit.attempts import Attempt
from fleet.kit.client import ServiceClient
from fleet.kit.discovery import FileDiscovery
from fleet.kit.errors import Unavailable
from fleet.kit.retries import RetryPolicy
from fleet.kit.transport import RequestsTransport

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


def client_of(discovery: Path, transport: RequestsTransport) -> ServiceClient:
    """As the gateway's: one attempt of whatever was sent."""
    return ServiceClient(
        callee="sample",
        discovery=FileDiscovery(discovery),
        transport=transport,
        recorder=Unrecorded(),
        policy=RetryPolicy(attempts=1),
    )


@pytest.fixture
def transport() -> Iterator[RequestsTransport]:
    transport = RequestsTransport(CALLERS)
    yield transport
    transport.close()


@pytest.mark.parametrize("restarts", [4, pytest.param(30, marks=pytest.mark.slow)])
def test_rolling_restarts_lose_and_double_nothing(pair: Pair, transport: RequestsTransport, restarts: int) -> None:
    callers = Callers(client_of(pair.discovery, transport))
    threads = [threading.Thread(target=callers.call) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    codes = [pair.restart(turn % 2) for turn in range(restarts)]
    callers.stopping.set()
    for thread in threads:
        thread.join()
    assert codes == [0] * restarts
    assert callers.errors == []
    assert set(callers.answers.values()) == {201}
    assert sorted(pair.taken()) == sorted(callers.answers)
    assert len(callers.answers) > restarts * CALLERS


def test_only_replica_is_used_again_as_soon_as_it_is_back(pair: Pair, transport: RequestsTransport) -> None:
    killed = pair.services[0]
    pair.list(killed)
    client = client_of(pair.discovery, transport)
    assert works(client)
    kill(killed)
    opened = time.monotonic() + 1.0
    while time.monotonic() < opened:  # well beyond the five silences that open the circuit
        assert not works(client)
        time.sleep(0.01)
    pair.services[0] = start(pair.folder / "0", killed.port, killed.admin_port)
    until(lambda: works(client), 1.0)


def works(client: ServiceClient) -> bool:
    try:
        return client.get("/quick").status == 200
    except Unavailable:
        return False
