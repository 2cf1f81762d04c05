import ast
import json
import time
from pathlib import Path

import pytest
from sham_docker import PROJECT, ShamDocker

from seatrial.stacks import guardian
from seatrial.stacks.ports import PortLocks


def run_with_leftovers(tmp_path: Path) -> tuple[Path, Path]:
    run_dir, ports = tmp_path / "run", tmp_path / "ports"
    (run_dir / "logs").mkdir(parents=True)
    (run_dir / "secrets").mkdir()
    ports.mkdir()
    for name in ("identities.json", "secrets/orders", ".run.json.7.tmp", "logs/.a.8.tmp", "run.json", "logs/a.jsonl"):
        (run_dir / name).touch()
    (ports / "20000.lock").write_text("run-1")
    (ports / "20001.lock").write_text("run-2")
    return run_dir, ports


def test_secrets_and_partial_files_go_and_evidence_stays(tmp_path: Path) -> None:
    run_dir, ports = run_with_leftovers(tmp_path)
    guardian.remove_leftovers("run-1", run_dir, ports)
    assert sorted(path.name for path in run_dir.rglob("*") if path.is_file()) == ["a.jsonl", "run.json"]


def test_only_the_runs_own_port_locks_go(tmp_path: Path) -> None:
    run_dir, ports = run_with_leftovers(tmp_path)
    guardian.remove_leftovers("run-1", run_dir, ports)
    assert [path.name for path in ports.iterdir()] == ["20001.lock"]


def test_a_lock_that_is_held_stays(tmp_path: Path) -> None:
    locks = PortLocks(tmp_path / "ports", "run-1")
    port = locks.take()
    guardian.remove_leftovers("run-1", tmp_path, tmp_path / "ports")
    assert (tmp_path / "ports" / f"{port}.lock").exists()
    locks.release()


def test_a_run_that_left_nothing_is_no_error(tmp_path: Path) -> None:
    guardian.remove_leftovers("run-1", tmp_path, tmp_path / "absent")


def test_nobody_carries_an_unknown_run() -> None:
    assert guardian.processes_of("no-such-run") == []


def test_it_imports_psutil_and_the_standard_library_only() -> None:
    tree = ast.parse(Path(guardian.__file__).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert not any(str(name).startswith("seatrial") for name in imported)


# Containers


class Left:
    """What Docker has of a project that its owner left: each in a file, of which a line is one of them."""

    def __init__(self, docker: ShamDocker, **things: str) -> None:
        self.docker = docker
        for words, kind in (("ps", "containers"), ("network ls", "networks"), ("volume ls", "volumes")):
            (docker.folder / kind).write_text(things.get(kind, ""))
            docker.does(words, f'cat "$here/{kind}"')
        docker.does("rm", ': >"$here/containers"')
        in_use = 'if [ -s "$here/containers" ]; then echo "is in use" >&2; exit 1; fi'
        docker.does("network rm", f'{in_use}; : >"$here/networks"')
        docker.does("volume rm", f'{in_use}; : >"$here/volumes"')

    def removals(self) -> list[list[str]]:
        """Without what only looks."""
        return [call for call in self.docker.asked() if {"rm"} & set(call[:2])]

    def looks(self) -> int:
        return len(self.docker.asked("volume", "ls"))

    def all(self) -> str:
        return "".join((self.docker.folder / kind).read_text() for kind in ("containers", "networks", "volumes"))


def soon(seconds: float = 60.0) -> float:
    return time.monotonic() + seconds


def test_containers_go_first_then_networks_then_volumes(docker: ShamDocker) -> None:
    left = Left(docker, containers="c1\nc2\n", networks="n1\n", volumes="v1\nv2\n")
    guardian.remove_project(PROJECT, soon())
    assert left.removals() == [
        ["rm", "--force", "--volumes", "c1", "c2"],
        ["network", "rm", "n1"],
        ["volume", "rm", "--force", "v1", "v2"],
    ]
    assert left.all() == ""


def test_only_what_carries_the_projects_label_is_looked_for(docker: ShamDocker) -> None:
    Left(docker)
    guardian.remove_project(PROJECT, soon())
    label = ["--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}"]
    looks = [["ps", "--all", *label], ["network", "ls", *label], ["volume", "ls", *label]]
    assert docker.asked() == [*looks, *looks]


def test_it_looks_again_until_nothing_is_found_twice(docker: ShamDocker) -> None:
    left = Left(docker, containers="c1\n")
    guardian.remove_project(PROJECT, soon())
    assert (len(left.removals()), left.looks()) == (1, 3)


def test_what_docker_was_still_making_goes_too(docker: ShamDocker) -> None:
    """A container that appears after a look that found nothing."""
    left = Left(docker, networks="n1\n")
    docker.does("ps", 'echo x >>"$here/looks"; [ "$(wc -l <"$here/looks")" -eq 3 ] && echo late; exit 0')
    guardian.remove_project(PROJECT, soon())
    assert [call[-1] for call in left.removals()] == ["n1", "late"]
    assert left.looks() == 5


def test_what_could_not_be_removed_is_tried_again(docker: ShamDocker) -> None:
    left = Left(docker, containers="c1\n", networks="n1\n")
    docker.does("rm", '[ -e "$here/tried" ] && : >"$here/containers"; : >"$here/tried"')
    guardian.remove_project(PROJECT, soon())
    assert left.all() == ""
    assert [call[0] for call in left.removals()] == ["rm", "network", "rm", "network"]


def test_what_stays_is_left_at_the_deadline(docker: ShamDocker) -> None:
    Left(docker, containers="c1\n")
    docker.says("rm", errors="the daemon is busy", code=1)
    began = time.monotonic()
    guardian.remove_project(PROJECT, soon(0.2))
    assert 0.2 <= time.monotonic() - began < 10


def test_a_docker_that_hangs_is_left_at_the_deadline(docker: ShamDocker) -> None:
    for words in ("ps", "network", "volume"):
        docker.does(words, "exec sleep 60")
    began = time.monotonic()
    guardian.remove_project(PROJECT, soon(0.2))
    assert time.monotonic() - began < 10


@pytest.mark.usefixtures("no_docker")
def test_without_docker_there_is_nothing_to_remove() -> None:
    guardian.remove_project(PROJECT, soon())


def test_the_deadline_may_have_passed(docker: ShamDocker) -> None:
    guardian.remove_project(PROJECT, time.monotonic())
    assert docker.verbs() == []


def test_a_run_without_containers_asks_for_none(tmp_path: Path, docker: ShamDocker) -> None:
    guardian.remove_containers(tmp_path, soon())
    assert docker.verbs() == []


def test_at_the_end_of_its_owner_a_runs_containers_go_and_then_its_secrets(tmp_path: Path, docker: ShamDocker) -> None:
    run_dir, ports = run_with_leftovers(tmp_path)
    left = Left(docker, containers="c1\n")
    docker.does("rm", f'[ -e "{run_dir}/secrets" ] && : >"$here/containers"')
    (run_dir / "compose.json").write_text(json.dumps({"name": PROJECT}))
    guardian.sweep("no-such-run", run_dir, ports)
    assert left.all() == ""
    assert not (run_dir / "secrets").exists()
    assert (run_dir / "compose.json").exists()
