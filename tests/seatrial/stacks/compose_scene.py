"""Where a stack of containers is tried: what Docker has, and how the stack tells of it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sham_docker import ShamDocker, container

from seatrial.project.compose import Compose
from seatrial.project.fleet import Fleet
from seatrial.project.project import Hooks, Project
from seatrial.project.telemetry import Telemetry
from seatrial.run_folder import RunFolder
from seatrial.settings import Settings
from seatrial.stacks import compose as module
from seatrial.stacks import observation, turns
from seatrial.stacks.compose import ComposeStack
from seatrial.stacks.guardian import Guardian

FLEET = Fleet.model_validate(
    {
        "name": "f",
        "entry": "web",
        "admin": {"metrics": "/metrics", "ready": "/ready"},
        "services": {"web": {"command": ["x"], "calls": ["api"]}, "api": {"command": ["x"], "store": "sqlite"}},
    }
)
COMPOSE = {
    "files": ["c.yml"],
    "network": "fleet",
    "port": 8000,
    "admin_port": 8100,
    "hooks": "hooks",
    "run": {"volume": "run", "path": "/in/run"},
    "logs": {"volume": "lines", "path": "{hostname}.jsonl"},
    "store_variable": "STORE",
}
ADDRESSES = {("web", 1): "172.18.0.2", ("api", 1): "172.18.0.3", ("api", 2): "172.18.0.4", ("api", 3): "172.18.0.5"}


@dataclass
class Docks:
    """What Docker has, and what the stack tells of."""

    folder: Path
    docker: ShamDocker
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    released: int = 0

    def stack(self, **changes: Any) -> ComposeStack:
        (self.folder / "c.yml").touch()
        project = Project(
            self.folder / "seatrial.yml", FLEET, Telemetry(), Hooks(),
            compose=Compose.model_validate(COMPOSE | changes),
        )  # fmt: skip
        run = RunFolder.create(self.folder / "runs", "up")
        settings = Settings(cache_dir=self.folder / "cache", runtime_dir=self.folder / "runtime")
        return ComposeStack(project, run, replicas={"api": 3}, on_event=self.tell, settings=settings)

    def tell(self, kind: str, /, **data: Any) -> None:
        self.told.append((kind, data))

    def release(self) -> None:
        self.released += 1

    def has(self, stack: ComposeStack, *others: dict[str, Any], **first: Any) -> None:
        """`first` is what is special about web-1."""
        networks = partial(dict.fromkeys, [f"{stack._containers.name}_fleet"])
        made = [container(*seat, networks=networks(address)) for seat, address in ADDRESSES.items()]
        if first:
            made[0] = container("web", 1, networks=networks(ADDRESSES["web", 1]), **first)
        self.docker.has(*made, *others)


def docks_of(tmp_path: Path, docker: ShamDocker, monkeypatch: pytest.MonkeyPatch) -> Docks:
    docks = Docks(tmp_path, docker)
    monkeypatch.setattr(Guardian, "start", lambda *_: SimpleNamespace(release=docks.release))
    monkeypatch.setattr(observation, "observe", partial(observation.observe, probe=lambda _: True))
    monkeypatch.setattr(observation, "is_ready", lambda url, ready_url: bool(url and ready_url))
    monkeypatch.setattr(observation, "fetch", lambda url: f"# of {url}\n")
    for each in (module, turns):
        monkeypatch.setattr(each, "POLL_SECONDS", 0.005)
    docker.says("version", "28.2.2")
    docker.does("compose", "exit 0")
    docker.does("events", "exec sleep 60")
    docker.says("start")
    docker.says("stop")
    docker.says("rm")
    return docks


@contextlib.contextmanager
def standing(docks: Docks, **changes: Any) -> Iterator[ComposeStack]:
    stack = docks.stack(**changes)
    docks.has(stack)
    try:
        stack.up()
        yield stack
    finally:
        stack.down()
        end_events(stack)


def end_events(stack: ComposeStack) -> None:
    """The guardian's work."""
    if stack._events is not None:
        stack._events.kill()


def document(stack: ComposeStack) -> dict[str, Any]:
    return json.loads((stack.run_dir / "stack.json").read_text())


def discovered(stack: ComposeStack) -> dict[str, str]:
    groups = json.loads((stack.run_dir / "discovery.json").read_text())
    return {group["labels"]["instance"]: group["targets"][0] for group in groups}


def scraped(stack: ComposeStack, service: str) -> list[str]:
    file = stack.run.metrics / "prometheus" / "targets" / f"{service}.json"
    return [target for group in json.loads(file.read_text()) for target in group["targets"]]


def compose_words(docks: Docks) -> list[list[str]]:
    """What compose was asked, without how the run is named."""
    calls = [call for call in docks.docker.asked("compose") if "--project-name" in call]
    return [call[max(at for at, word in enumerate(call) if word == "--file") + 2 :] for call in calls]


def stops(docks: Docks, stack: ComposeStack, code: int = 0) -> None:
    """`docker stop` ends the container, whose address is free from then on; `start` gives it the next."""
    network = f"{stack._containers.name}_fleet"
    for service, number in ADDRESSES:
        docks.docker.shows(container(service, number, running=False, code=code), "stop-")
        networks = {network: f"172.18.9.{number}"}
        docks.docker.shows(container(service, number, networks=networks, started="2026-11-26T15:00:00Z"), "start-")
    docks.docker.does("stop", 'cp "$here/stop-$4.json" "$here/$4.json"')
    docks.docker.does("start", 'cp "$here/start-$2.json" "$here/$2.json"')
