"""What Docker's answers mean; a program that stands for it gives them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sham_docker import PROJECT, ShamDocker, container, key_of

from seatrial.errors import StackError
from seatrial.stacks import docker as own
from seatrial.stacks.docker import REMEDY, Container, ContainerChild, containers_of, inspect, refuse_without_docker

STARTED = datetime(2026, 11, 26, 14, 30, 58, 468996, UTC).timestamp()


def read(docker: ShamDocker, **facts: Any) -> Container:
    docker.has(container(**facts))
    return containers_of(PROJECT)[0]


def test_a_container_is_read_from_what_inspect_shows(docker: ShamDocker) -> None:
    assert read(docker) == Container(
        key=key_of("orders", 1),
        name=f"{PROJECT}-orders-1",
        service="orders",
        number=1,
        one_off=False,
        hostname="host-orders-1",
        running=True,
        healthy=True,
        pid=4101,
        started=pytest.approx(STARTED, abs=1e-6),
        exit_code=0,
        addresses={"fleet": "172.18.0.5"},
        environment={"PATH": "/bin", "NONE": ""},
    )


def test_what_a_container_was_told_is_not_shown_with_it(docker: ShamDocker) -> None:
    assert "PATH" not in repr(read(docker))


def test_all_of_the_project_are_asked_for_and_come_by_service_and_number(docker: ShamDocker) -> None:
    docker.has(container("web", 10), container("web", 2), container("api", 1, running=False, code=3))
    found = containers_of(PROJECT)
    assert [(each.service, each.number) for each in found] == [("api", 1), ("web", 2), ("web", 10)]
    assert (found[0].running, found[0].exit_code, found[0].addresses) == (False, 3, {})
    label = f"label=com.docker.compose.project={PROJECT}"
    assert docker.asked("ps") == [["ps", "--all", "--quiet", "--no-trunc", "--filter", label]]


def test_nobody_is_inspected_where_there_is_none(docker: ShamDocker) -> None:
    assert containers_of(PROJECT) == []
    assert docker.verbs() == ["ps"]


@pytest.mark.parametrize(
    "health, healthy", [(None, True), ("healthy", True), ("starting", False), ("unhealthy", False)]
)
def test_who_is_not_asked_for_health_is_well(docker: ShamDocker, health: str | None, *, healthy: bool) -> None:
    assert read(docker, health=health).healthy is healthy


def test_networks_go_by_their_names_in_the_compose_file(docker: ShamDocker) -> None:
    networks = {f"{PROJECT}_fleet": "172.18.0.5", "bridge": "172.17.0.2", f"{PROJECT}_door": ""}
    assert read(docker, networks=networks).addresses == {"fleet": "172.18.0.5", "bridge": "172.17.0.2"}


def test_a_container_for_one_command_is_told_apart(docker: ShamDocker) -> None:
    labels = {"com.docker.compose.service": "hooks", "com.docker.compose.oneoff": "True"}
    found = read(docker, labels=labels)
    assert (found.service, found.number, found.one_off) == ("hooks", 0, True)


def test_who_was_never_started_began_before_all_events(docker: ShamDocker) -> None:
    assert read(docker, started="0001-01-01T00:00:00Z").started < 0


# Commands that fail


def test_what_docker_said_is_told(docker: ShamDocker) -> None:
    docker.says("start", errors="Error: no such network\n", code=1)
    with pytest.raises(StackError, match=r"^docker start ended with exit code 1: Error: no such network$"):
        own.docker("start", "x")


def test_an_answer_that_does_not_come_is_told(docker: ShamDocker) -> None:
    docker.does("inspect", "exec sleep 60")
    with pytest.raises(StackError, match=r"docker inspect gave no answer within 0\.05 s\. Is its daemon well\?"):
        own.docker("inspect", "x", timeout=0.05)


def test_without_docker_the_remedy_is_told(no_docker: Path) -> None:
    with pytest.raises(StackError, match="there is no docker on PATH") as told:
        refuse_without_docker()
    assert str(told.value).count(REMEDY) == 1
    (no_docker / "docker").write_text("not to be run")  # nor is this one
    with pytest.raises(StackError, match="there is no docker on PATH"):
        own.docker("version")


@pytest.mark.parametrize(
    "broken, said", [("version", "Cannot connect to the Docker daemon"), ("compose", "'compose' is not a command")]
)
def test_without_a_daemon_or_compose_the_remedy_is_told(docker: ShamDocker, broken: str, said: str) -> None:
    docker.says("version", "20.10.24\n")
    docker.says("compose", "2.36.2\n")
    refuse_without_docker()
    docker.says(broken, errors=said, code=1)
    with pytest.raises(StackError, match=said) as told:
        refuse_without_docker()
    assert str(told.value).endswith(REMEDY)


def test_the_end_of_what_it_printed_is_of_both_streams(docker: ShamDocker) -> None:
    docker.does("logs", r"printf 'out\n'; printf 'err \377\n' >&2")
    assert own.last_lines("key", 7) == "out\nerr �\n"
    assert docker.asked() == [["logs", "--tail", "7", "key"]]


# A container that is asked to end


KEY = key_of("orders", 1)
# Docker's own command ends when the container has; this one when it is let.
STOP = 'echo "$SEATRIAL_RUN_ID" >"$here/told"; while [ ! -e "$here/let" ]; do sleep 0.01; done'


@pytest.fixture
def child(docker: ShamDocker) -> ContainerChild:
    docker.has(container())
    docker.does("stop", STOP)
    environment = {"PATH": f"{docker.folder}:/usr/bin:/bin", "SEATRIAL_RUN_ID": "run-1"}
    return ContainerChild("orders-1", KEY, PROJECT, environment)


def let_end(docker: ShamDocker, code: int = 143) -> None:
    docker.shows(container(running=False, code=code))
    (docker.folder / "let").touch()


def end_of(child: ContainerChild) -> int | None:
    until = time.monotonic() + 10
    while child.returncode is None and time.monotonic() < until:
        time.sleep(0.005)
    return child.returncode


def test_while_nobody_asks_it_to_end_docker_is_not_asked(docker: ShamDocker, child: ContainerChild) -> None:
    assert (child.returncode, child.asked_to_stop) == (None, False)
    assert docker.verbs() == []


def test_it_is_asked_once_and_ends_with_the_command(docker: ShamDocker, child: ContainerChild) -> None:
    for _ in range(2):
        child.terminate(20.0)
    assert (child.returncode, child.asked_to_stop) == (None, True)
    let_end(docker)
    assert [end_of(child), child.returncode] == [143, 143]
    child.kill()
    assert docker.asked() == [["stop", "--time", "20", KEY], ["inspect", KEY]]
    assert (docker.folder / "told").read_text() == "run-1\n"


def test_a_stop_that_failed_is_no_end(docker: ShamDocker, child: ContainerChild) -> None:
    docker.says("stop", errors="the daemon was busy", code=1)
    docker.shows_then(container(running=False, code=137), "kill")
    child.terminate()
    until = time.monotonic() + 10
    while not docker.asked("inspect") and time.monotonic() < until:  # the command has ended
        assert child.returncode is None
    child.kill()
    assert (child.returncode, docker.asked("kill")) == (137, [["kill", KEY]])


def test_who_runs_on_is_killed(docker: ShamDocker, child: ContainerChild) -> None:
    docker.shows_then(container(running=False, code=137), "kill", script=': >"$here/let"')
    child.terminate()
    child.kill()
    child.kill()
    assert (child.returncode, len(docker.asked("kill"))) == (137, 1)


def test_who_ends_while_it_is_being_killed_has_its_own_code(docker: ShamDocker, child: ContainerChild) -> None:
    script = 'echo "it is not running" >&2; exit 1'
    docker.shows_then(container(running=False, code=0), "kill", script=script)
    child.kill()
    assert child.returncode == 0


def test_who_cannot_be_killed_is_told(docker: ShamDocker, child: ContainerChild) -> None:
    docker.says("kill", errors="permission denied", code=1)
    with pytest.raises(StackError, match="docker kill ended with exit code 1: permission denied"):
        child.kill()


def test_who_died_is_neither_asked_nor_killed(docker: ShamDocker, child: ContainerChild) -> None:
    child.died(137)
    child.terminate()
    child.kill()
    assert (child.returncode, docker.verbs()) == (137, [])


def test_several_are_inspected_at_once(docker: ShamDocker) -> None:
    docker.has(container("web", 1), container("web", 2))
    assert [each.number for each in inspect([key_of("web", 2), key_of("web", 1)], PROJECT)] == [2, 1]
    assert len(docker.asked("inspect")) == 1
