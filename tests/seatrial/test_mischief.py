"""Deeds of drills on processes and files of the test's own."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from seatrial.alerts.drills import Drill
from seatrial.errors import UsageError
from seatrial.mischief import Mischief
from seatrial.stacks.turns import Turns, to_the_end


class Standing:
    """Keeps what it is asked for."""

    def __init__(self, run_dir: Path, document: Mapping[str, Any]) -> None:
        self.run_dir, self._document = run_dir, document
        self.hooks: list[tuple[str, Any]] = []
        self.restarts: list[tuple[str, int | None]] = []
        services = {"web": None}
        fleet = type("Fleet", (), {"services": services})()
        hooks = type("Hooks", (), {"fault": ["fault"]})()
        self.project = type("Project", (), {"fleet": fleet, "hooks": hooks})()

    def document(self) -> Mapping[str, Any]:
        return self._document

    def hook(self, name: str, command: Any, **told: Any) -> dict[str, Any]:
        self.hooks.append((name, told or command))
        return {}

    def restarting(self, service: str, replica: int | None = None) -> Turns[None]:
        self.restarts.append((service, replica))
        yield


@pytest.fixture
def process() -> Iterator[psutil.Process]:
    """A session of its own, as every child of a stack has."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as started:
        yield psutil.Process(started.pid)
        started.kill()


def doing(standing: Standing, **drill: Any) -> Mischief:
    mischief = Mischief(Drill(alert="A", **drill), standing)  # type: ignore[arg-type]
    to_the_end(mischief.doing(), lambda _: None)
    return mischief


def undo(mischief: Mischief) -> None:
    to_the_end(mischief.undoing(), lambda _: None)


def stack(process: psutil.Process) -> dict[str, Any]:
    return {"services": [{"service": "web", "main_pid": process.pid}], "prometheus": {"pid": process.pid}}


def test_a_fault_is_applied_and_lifted(tmp_path: Path) -> None:
    standing = Standing(tmp_path, {})
    undo(doing(standing, fault=["latency=0.5@web"]))
    assert [(name, told["action"], told["faults"][0]["value"]) for name, told in standing.hooks] == [
        ("fault", "apply", 0.5),
        ("fault", "lift", 0.5),
    ]


def wait_for(process: psutil.Process, *, stopped: bool) -> None:
    """A signal takes its moment."""
    until = time.monotonic() + 5
    while (process.status() == psutil.STATUS_STOPPED) is not stopped:
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("name", ["web", "prometheus"])
def test_what_is_frozen_goes_on(name: str, process: psutil.Process, tmp_path: Path) -> None:
    mischief = doing(Standing(tmp_path, stack(process)), freeze=name)
    wait_for(process, stopped=True)
    undo(mischief)
    wait_for(process, stopped=False)


def test_what_is_killed_is_restarted(process: psutil.Process, tmp_path: Path) -> None:
    standing = Standing(tmp_path, stack(process))
    mischief = doing(standing, kill="web")
    assert process.wait(5) == -signal.SIGKILL
    undo(mischief)
    assert standing.restarts == [("web", 1)]


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What Docker was told; it remembers whether the one container is paused."""
    told: list[tuple[str, ...]] = []

    def answer(*words: str) -> str:
        if words[0] == "inspect":
            return f"{str([each[0] for each in told][-1:] == ['pause']).lower()}\n"
        told.append(words)
        return ""

    monkeypatch.setattr("seatrial.mischief.docker", answer)
    return told


def in_containers(tmp_path: Path) -> Standing:
    return Standing(tmp_path, {"services": [{"service": "web", "main_pid": None, "container": "c0ffee"}]})


def test_a_container_that_is_killed_is_restarted(docker: list[tuple[str, ...]], tmp_path: Path) -> None:
    standing = in_containers(tmp_path)
    undo(doing(standing, kill="web"))
    assert docker == [("kill", "--signal", "KILL", "c0ffee")]
    assert standing.restarts == [("web", 1)]


def test_a_container_that_is_frozen_goes_on(docker: list[tuple[str, ...]], tmp_path: Path) -> None:
    mischief = doing(in_containers(tmp_path), freeze="web")
    assert docker == [("pause", "c0ffee")]
    undo(mischief)
    undo(mischief)
    assert docker == [("pause", "c0ffee"), ("unpause", "c0ffee")]


@pytest.mark.parametrize("drill", [{"freeze": "web"}, {"kill": "web"}])
def test_what_somebody_else_runs_is_left_alone(drill: dict[str, str], tmp_path: Path) -> None:
    standing = Standing(tmp_path, {"services": [{"service": "web", "main_pid": None}]})
    with pytest.raises(UsageError, match="no process of web: it is somebody else's"):
        doing(standing, **drill)


def test_a_restart_is_done_as_often_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatrial.mischief.SCRAPED_SECONDS", 0.0)
    standing = Standing(tmp_path, {})
    undo(doing(standing, restart="web", times=3))
    assert standing.restarts == [("web", None)] * 3


def test_targets_are_forgotten_and_told_again(tmp_path: Path) -> None:
    file = tmp_path / "metrics" / "prometheus" / "targets" / "web.json"
    file.parent.mkdir(parents=True)
    groups = [{"targets": ["127.0.0.1:1"], "labels": {"job": "web"}}]
    file.write_text(json.dumps(groups))
    mischief = doing(Standing(tmp_path, {}), forget="web")
    assert json.loads(file.read_text()) == []
    undo(mischief)
    assert json.loads(file.read_text()) == groups
    undo(mischief)
    assert json.loads(file.read_text()) == groups


def test_a_command_is_run_again_until_it_is_noticed(tmp_path: Path) -> None:
    standing = Standing(tmp_path, {})
    mischief = doing(standing, run=["python", "-m", "storm"])
    assert standing.hooks == []
    mischief.again()
    mischief.again()
    assert standing.hooks == [("drill", ("python", "-m", "storm"))] * 2


@pytest.mark.parametrize("drill", [{"freeze": "alertmanager"}, {"freeze": "shop"}, {"kill": "shop"}])
def test_what_is_not_there_cannot_be_done(drill: dict[str, str], process: psutil.Process, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the stack runs no"):
        doing(Standing(tmp_path, stack(process)), **drill)
