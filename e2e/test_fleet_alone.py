"""The services by hand, without the harness: filled, bought from, judged, and judged again with a fault set."""

from __future__ import annotations

import csv
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

ROOT = Path(__file__).parents[1]
SERVICES = ("gateway", "users", "catalog", "inventory", "orders", "payments", "activity")
COLUMNS = ("step", "method", "route", "status", "outcome", "key", "ref", "trace_id")
READY_SECONDS = 60


@dataclass(frozen=True)
class Shop:
    folder: Path
    ports: dict[str, tuple[int, int]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['gateway'][0]}"

    def hook(self, name: str, **extra: object) -> dict[str, Any]:
        document = {
            "run_dir": str(self.folder),
            "services": [
                {"service": name, "url": f"http://127.0.0.1:{port}", "admin_url": f"http://127.0.0.1:{admin}"}
                for name, (port, admin) in self.ports.items()
            ],
            "stores": {name: self.store(name) for name in SERVICES[1:]},
            "samples": None,
            "random_seed": 1,
            **extra,
        }
        command = [sys.executable, "-m", f"fleet.hooks.{name}"]
        done = subprocess.run(
            command, input=json.dumps(document), capture_output=True, text=True, cwd=ROOT, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def store(self, service: str) -> str:
        return f"sqlite:///{self.folder}/stores/{service}.db"

    def start(self, service: str) -> subprocess.Popen[bytes]:
        port, admin_port = self.ports[service]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SEATRIAL_")},
            "SEATRIAL_PORT": str(port),
            "SEATRIAL_ADMIN_PORT": str(admin_port),
            "SEATRIAL_STORE": self.store(service) if service != "gateway" else "",
            "SEATRIAL_LOG_FILE": str(self.folder / f"{service}-1.jsonl"),
            "SEATRIAL_DISCOVERY_FILE": str(self.folder / "discovery.json"),
            "SEATRIAL_CLIENT_SECRET_FILE": str(self.folder / "secrets" / service),
            "SEATRIAL_MIGRATE": "0",
            "SEATRIAL_FAULTS": "1",
        }
        with (self.folder / f"{service}-1.out").open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", f"fleet.{service}"],
                env=environment,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        for service, (_, admin_port) in self.ports.items():
            while not ready(admin_port):
                output = (self.folder / f"{service}-1.out").read_text()
                assert time.monotonic() < deadline, f"{service} is not ready: {output}"
                time.sleep(0.05)

    def buy(self, token: str, product: str) -> dict[str, object]:
        key = uuid4().hex
        answer = requests.post(
            f"{self.url}/v1/orders",
            json={"product_id": product, "quantity": 1},
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key},
            timeout=10,
        )
        right = answer.status_code in {201, 402, 409}
        ref = answer.json()["id"] if answer.status_code == 201 else ""
        outcome = "ok" if right else "wrong"
        row = ("place-order", "POST", "/v1/orders", answer.status_code, outcome, key, ref, "")
        return dict(zip(COLUMNS, row, strict=True))


def ready(admin_port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{admin_port}/health/ready", timeout=1).ok
    except requests.ConnectionError:
        return False


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [held.getsockname()[1] for held in sockets]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    numbers = iter(free_ports(2 * len(SERVICES)))
    shop = Shop(folder, {name: (next(numbers), next(numbers)) for name in SERVICES})
    groups = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"job": name, "instance": f"{name}-1"}}
        for name, (port, _) in shop.ports.items()
    ]
    (folder / "discovery.json").write_text(json.dumps(groups))
    shop.hook("migrate")
    children = [shop.start(name) for name in SERVICES]
    try:
        shop.wait_until_ready()
        shop.hook("populate")
        yield shop
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(timeout=15)


@pytest.fixture(scope="module")
def identities(shop: Shop) -> dict[str, Any]:
    return dict(json.loads((shop.folder / "identities.json").read_text()))


def buy_many(shop: Shop, identities: dict[str, Any], count: int) -> Path:
    products = [*identities["scarce"], *identities["products"]]
    customers = identities["identities"]
    with ThreadPoolExecutor(8) as buyers:
        rows = list(
            buyers.map(lambda n: shop.buy(customers[n % len(customers)]["token"], products[n % 20]), range(count))
        )
    samples = shop.folder / "samples"
    samples.mkdir(exist_ok=True)
    with (samples / f"requests-{len(list(samples.iterdir()))}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return samples


def verdicts(shop: Shop, samples: Path) -> dict[str, str]:
    findings = shop.hook("invariants", samples=str(samples))["findings"]
    return {finding["name"]: f"{finding['verdict']} {finding['reason']}" for finding in findings}


def test_a_shop_that_was_bought_from_adds_up(shop: Shop, identities: dict[str, Any]) -> None:
    found = verdicts(shop, buy_many(shop, identities, 200))
    assert [text for text in found.values() if not text.startswith("PASS")] == []


def test_a_seeded_fault_turns_its_equation_red_and_no_other(shop: Shop, identities: dict[str, Any]) -> None:
    faults = [{"name": "charge-twice", "value": None, "service": "payments", "route": None, "share": 1.0}]
    shop.hook("fault", action="apply", faults=faults)
    found = verdicts(shop, buy_many(shop, identities, 20))
    shop.hook("fault", action="lift", faults=faults)
    assert [name for name, text in found.items() if text.startswith("FAIL")] == ["net-charges-per-order"]


def test_the_whole_is_documented_at_the_door(shop: Shop) -> None:
    document = requests.get(f"{shop.url}/openapi.json", timeout=5).json()
    assert document["openapi"].startswith("3.1")
    assert {"/v1/orders", "/v1/products/{product_id}", "/v1/accounts/me/deposits"} <= document["paths"].keys()
    assert "/v1/charges" not in document["paths"]
