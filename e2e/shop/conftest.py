"""One suite, two stacks: `pytest e2e/shop --on local|compose`. The stack is started once for all of its tests."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from containers import daemon_or_skip, images, projects
from pytest_docker.plugin import Services, get_docker_services
from shop_client import Client, newcomer
from shop_stacks import REPLICAS, ROOT, ComposeShop, LocalShop, Stack
from shop_telemetry import Telemetry
from stack_runs import Bench

from seatrial.stacks.docker import docker
from seatrial.stacks.guardian import remove_project

NAME = "seatrial-e2e"
SWEEP_SECONDS = 20.0
SCALE = " ".join(f"--scale {name}={number}" for name, number in REPLICAS.items())
# Any free port at the doors, so that several such stacks stand beside one another.
TOLD = "env SEATRIAL_GATEWAY_PORT= SEATRIAL_PROMETHEUS_PORT= SEATRIAL_GRAFANA_PORT= SEATRIAL_FAULTS=1"


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    on = config.getoption("--on")
    for item in items:
        only, slow = item.get_closest_marker("only_on"), item.get_closest_marker("slow_on")
        if only is not None and only.args[0] != on:
            item.add_marker(pytest.mark.skip(reason=f"for --on {only.args[0]}: {only.args[1]}"))
        if slow is not None and slow.args[0] == on:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def on(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--on"))


@pytest.fixture(scope="session")
def docker_compose_command() -> str:
    asked = os.environ.get("COMPOSE_PROFILES", "").split(",")  # which an option would hide
    profiles = " ".join(f"--profile {each}" for each in ("load", *filter(None, asked)))
    return f"{TOLD} docker compose {profiles}"


@pytest.fixture(scope="session")
def docker_compose_file() -> list[str]:
    files = [ROOT / "docker-compose.yml", ROOT / "docker-compose.override.yml"]
    return [str(file) for file in files if file.is_file()]


@pytest.fixture(scope="session")
def docker_compose_project_name() -> str:
    return f"{NAME}-{os.getpid()}"


@pytest.fixture(scope="session")
def docker_setup() -> list[str]:
    # Named, since with its profile the load would be driven at once. `populate` is run for itself: up does not wait for its end.
    return [
        f"up --detach --wait --wait-timeout 180 --no-build {SCALE} gateway prometheus recorder",
        "run --rm --no-TTY --no-deps populate",
    ]


@pytest.fixture(scope="session")
def docker_services(
    docker_compose_command: str,
    docker_compose_file: list[str],
    docker_compose_project_name: str,
    docker_setup: list[str],
) -> Iterator[Services]:
    """pytest-docker's own, but that what a failed `up` has started is told of and goes too, and so does what a killed pytest left."""
    daemon_or_skip()
    build_missing()
    sweep_orphans()
    before = signal.signal(signal.SIGTERM, _interrupt)  # pytest would end without a word to any fixture
    try:
        with get_docker_services(
            docker_compose_command, docker_compose_file, docker_compose_project_name, docker_setup, []
        ) as services:
            yield services
    except Exception as error:
        unwell = ComposeShop(Services(None), docker_compose_project_name).unwell()
        raise AssertionError(f"{error}\n{unwell}") from error
    finally:
        # Not `down`, which drains: a cancelled job has 7.5 s.
        remove_project(docker_compose_project_name, time.monotonic() + SWEEP_SECONDS)
        signal.signal(signal.SIGTERM, before)


def build_missing() -> None:
    """Where registries can be reached, `docker compose build` has made them; elsewhere they are built anew, which is quick when nothing changed."""
    offline = (ROOT / "docker-compose.override.yml").exists()
    if offline or not docker("images", "--quiet", "seatrial/fleet:local").strip():
        images()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def sweep_orphans() -> None:
    """Projects of ours whose pytest has been killed."""
    for project in sorted(set(projects(f"{NAME}-"))):
        pid = project.removeprefix(f"{NAME}-")
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            remove_project(project, time.monotonic() + SWEEP_SECONDS)


@pytest.fixture(scope="session")
def stack(on: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    shop: Stack
    if on == "compose":
        services = request.getfixturevalue("docker_services")
        shop = ComposeShop(services, request.getfixturevalue("docker_compose_project_name"))
        yield shop
        keep_when_failed(request, shop)
        return
    bench = Bench(tmp_path_factory.mktemp("shop") / "runs", ROOT / "seatrial.yml")
    with bench.detached("--faults", *(f"--replicas={name}={number}" for name, number in REPLICAS.items())) as status:
        shop = LocalShop(bench, status)
        yield shop
        keep_when_failed(request, shop)


def keep_when_failed(request: pytest.FixtureRequest, shop: Stack) -> None:
    """Logs as artefacts, where CI finds them."""
    if request.session.testsfailed:
        shop.keep_logs(ROOT / "runs" / f"e2e-{shop.kind}")


@pytest.fixture
def shop(stack: Stack) -> Client:
    """Somebody at the door, whom nobody knows."""
    return Client(stack.entry)


@pytest.fixture
def customer(stack: Stack) -> Client:
    return newcomer(stack.entry)


@pytest.fixture
def telemetry(stack: Stack) -> Telemetry:
    return Telemetry(stack)


@pytest.fixture
def product(shop: Client) -> dict[str, Any]:
    """One of which there are many."""
    for each in shop.get("/v1/products", params={"limit": 50}).json()["items"]:
        if shop.get(f"/v1/stock/{each['id']}").json()["available"] > 1000:
            return dict(each)
    raise AssertionError("no product is in stock")
