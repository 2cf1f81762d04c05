"""The images of services, built where no registry can be reached, and run as they are meant to: read-only, as nobody special."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException

import pytest
import requests
from containers import BASE, Container, docker, images, running

pytestmark = pytest.mark.slow
MEGABYTE = 1_000_000
ABOVE_BASE = 120 * MEGABYTE
STORE = ("--volume", "/shop/stores", "--env", "SEATRIAL_STORE=sqlite:////shop/stores/catalog.db")
CLIENTS = 16


def size(image: str) -> int:
    return int(json.loads(docker("image", "inspect", image))[0]["Size"])


@pytest.fixture(scope="module")
def catalog() -> Iterator[Container]:
    images()
    with running("seatrial/catalog:local", *STORE) as container:
        container.await_healthy()
        yield container


@pytest.mark.parametrize("service", ["gateway", "catalog", "inventory", "orders", "payments", "users", "activity"])
def test_an_image_is_small_and_says_what_it_is(service: str) -> None:
    images()
    image = f"seatrial/{service}:local"
    assert size(image) - size(BASE) < ABOVE_BASE
    labels = json.loads(docker("image", "inspect", image))[0]["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == f"seatrial/{service}"
    assert len(labels["org.opencontainers.image.revision"]) == 40


def test_services_share_all_but_their_own_layer() -> None:
    images()
    layers = [
        json.loads(docker("image", "inspect", f"seatrial/{each}:local"))[0]["RootFS"]["Layers"]
        for each in ("orders", "users")
    ]
    assert len(set(layers[0]) & set(layers[1])) >= len(layers[0]) - 1


def test_building_again_changes_nothing() -> None:
    images()
    before = docker("image", "inspect", "--format", "{{.Id}}", "seatrial/orders:local")
    images.cache_clear()
    images()
    assert docker("image", "inspect", "--format", "{{.Id}}", "seatrial/orders:local") == before


def test_the_loads_image_knows_the_shops_journeys() -> None:
    images()
    assert "Shop" in docker("run", "--rm", "--read-only", "--tmpfs", "/tmp", "seatrial/load:local", "--list")


def test_it_has_no_compiler_and_no_installer() -> None:
    images()
    script = "for each in gcc cc make uv; do command -v $each && exit 1; done; ls /opt/venv/bin/pip && exit 1; exit 0"
    docker("run", "--rm", "--entrypoint", "sh", "seatrial/orders:local", "-c", script)


def test_it_answers_as_nobody_special_from_a_root_that_is_read_only(catalog: Container) -> None:
    answer = requests.get(f"http://{catalog.address}:8000/v1/products", timeout=5)
    assert answer.status_code == 200
    assert docker("exec", catalog.key, "id", "-u") == "10001"
    assert "Read-only" in docker("exec", catalog.key, "sh", "-c", "touch /app/x 2>&1; true")
    assert "CapEff:\t0000000000000000" in docker("exec", catalog.key, "cat", "/proc/self/status")


def test_its_log_lines_are_the_contracts(catalog: Container) -> None:
    lines = [json.loads(line) for line in docker("logs", catalog.key).splitlines()]
    assert {"service.name", "event.id", "@timestamp"} <= set(lines[0])


def test_a_stop_under_load_loses_no_request() -> None:
    """Who was let in gets an answer; who comes after is turned away before a request is sent."""
    images()
    with running("seatrial/catalog:local", *STORE) as container:
        container.await_healthy()
        outcomes = drive(container)
        assert container.state()["State"]["ExitCode"] == 0
        answered = [line for line in docker("logs", container.key).splitlines() if "GET /v1/products 200" in line]
    assert outcomes["lost"] == 0, outcomes
    assert outcomes["answered"] == len(answered) > 200
    assert outcomes["turned away"] > 0


def drive(container: Container) -> Counter[str]:
    """Clients that ask again and again, a connection each time, until the container has stopped."""
    outcomes: Counter[str] = Counter()
    stopped, address = threading.Event(), container.address

    def client() -> None:
        while not stopped.is_set():
            connection = HTTPConnection(address, 8000, timeout=15)
            try:
                connection.connect()
            except OSError:
                outcomes["turned away"] += 1
                time.sleep(0.05)
                continue
            try:
                connection.request("GET", "/v1/products")
                outcomes["answered" if connection.getresponse().read() else "lost"] += 1
            except (OSError, HTTPException):
                outcomes["lost"] += 1
            finally:
                connection.close()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(3)
    docker("stop", "--time", "15", container.key)
    time.sleep(0.5)
    stopped.set()
    for thread in threads:
        thread.join()
    return outcomes
