"""What `docker compose` is asked and told for a run, and what of the run its containers share."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from seatrial.errors import UsageError
from seatrial.project.compose import OVERRIDE, Compose
from seatrial.project.fleet import Fleet
from seatrial.project.project import Hooks, Project
from seatrial.project.telemetry import Telemetry
from seatrial.run_folder import RunFolder
from seatrial.stacks import guardian
from seatrial.stacks.compose_project import ComposeProject, inside, refuse_without_compose, whom

RUN = {"volume": "run", "path": "/shop/run"}
LOGS = {"volume": "lines", "path": "{hostname}.jsonl"}
OWNER = "4711:4712"


def compose(**changes: Any) -> Compose:
    return Compose.model_validate(
        {"files": ["deploy/a.yml"], "network": "fleet", "port": 8000, "user": OWNER} | changes
    )


def of(folder: Path, *, faults: bool = False, **changes: Any) -> ComposeProject:
    (folder / "deploy").mkdir()
    return ComposeProject(compose(**changes), folder, RunFolder.create(folder / "runs", "up"), faults)


def run_as(monkeypatch: pytest.MonkeyPatch, uid: int, gid: int = 100) -> list[tuple[Path, int, int]]:
    """Whose folders become whose."""
    owned: list[tuple[Path, int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(os, "getegid", lambda: gid)
    monkeypatch.setattr(os, "chown", lambda path, user, group: owned.append((Path(path), user, group)))
    return owned


def test_its_containers_are_known_by_the_run(tmp_path: Path) -> None:
    run = of(tmp_path)
    assert run.name == f"seatrial-{run.run.id}"


@pytest.mark.parametrize(
    "files, override, read",
    [
        pytest.param(["deploy/a.yml"], None, ["deploy/a.yml"], id="one"),
        pytest.param(["deploy/a.yml", "b.yml"], None, ["deploy/a.yml", "b.yml"], id="two"),
        pytest.param(
            ["deploy/a.yml", "b.yml"], "deploy", ["deploy/a.yml", "b.yml", f"deploy/{OVERRIDE}"], id="an override"
        ),
        pytest.param(["deploy/a.yml", "b.yml"], ".", ["deploy/a.yml", "b.yml"], id="an override beside another"),
        pytest.param(
            ["deploy/a.yml", f"deploy/{OVERRIDE}", "b.yml"],
            "deploy",
            ["deploy/a.yml", f"deploy/{OVERRIDE}", "b.yml"],
            id="an override that is named",
        ),
    ],
)
def test_each_file_is_laid_over_the_one_before_and_the_runs_own_over_all(
    tmp_path: Path, files: list[str], override: str | None, read: list[str]
) -> None:
    run = of(tmp_path, files=files)
    if override is not None:
        (tmp_path / override / OVERRIDE).touch()
    named = [part for file in read for part in ("--file", str(tmp_path / file))]
    own = ["--file", str(run.run.path / "compose.json")]
    begun = ["docker", "compose", "--progress", "plain", "--project-name", run.name]
    assert run.command("up", "--detach") == [*begun, *named, *own, "up", "--detach"]


@pytest.mark.parametrize("faults, told", [(True, "1"), (False, "0")])
def test_what_it_is_told_is_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, *, faults: bool
) -> None:
    run_as(monkeypatch, 1000)
    monkeypatch.setenv("KEPT", "yes")
    run = of(tmp_path, faults=faults, environment={"FAULTS": "<{faults}>", "USER_ID": "{user}", "PLAIN": "{{x}}"})
    environment = run.environment()
    assert (environment["FAULTS"], environment["USER_ID"], environment["PLAIN"]) == (f"<{told}>", "1000:100", "{x}")
    assert (environment["KEPT"], environment["SEATRIAL_RUN_ID"]) == ("yes", run.run.id)


@pytest.mark.parametrize("uid, who", [(0, OWNER), (1000, "1000:100")])
def test_containers_run_as_who_runs_this_but_never_as_root(monkeypatch: pytest.MonkeyPatch, uid: int, who: str) -> None:
    run_as(monkeypatch, uid)
    assert whom(compose()) == who


def test_folders_of_the_run_become_volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owned = run_as(monkeypatch, 1000)
    run = of(tmp_path, run=RUN, logs=LOGS)
    run.hand_over()

    def bound(folder: Path) -> dict[str, Any]:
        return {"driver": "local", "driver_opts": {"type": "none", "o": "bind", "device": str(folder)}}

    assert json.loads((run.run.path / "compose.json").read_text()) == {
        "name": run.name,
        "volumes": {"run": bound(run.run.path), "lines": bound(run.run.logs)},
    }
    assert owned == []


def test_the_guardian_finds_the_name_where_it_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, asked = of(tmp_path), []
    monkeypatch.setattr(guardian, "remove_project", lambda name, _until: asked.append(name))
    run.hand_over()
    guardian.remove_containers(run.run.path, 0.0)
    assert asked == [run.name]


def test_root_gives_these_folders_to_who_writes_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owned = run_as(monkeypatch, 0)
    run = of(tmp_path, run=RUN, logs=LOGS)
    run.hand_over()
    assert owned == [(run.run.path, 4711, 4712), (run.run.logs, 4711, 4712)]


def test_a_run_that_shares_nothing_has_a_name_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owned = run_as(monkeypatch, 0)
    run = of(tmp_path)
    run.hand_over()
    assert json.loads((run.run.path / "compose.json").read_text()) == {"name": run.name, "volumes": {}}
    assert owned == []


@pytest.mark.parametrize(
    "value, found",
    [
        ("/runs/r1", "/shop/run"),
        ("/runs/r1/", "/shop/run/"),
        ("/runs/r1/samples/a", "/shop/run/samples/a"),
        ("/runs/r10/samples", "/runs/r10/samples"),
        ("/runs/r1.old", "/runs/r1.old"),
        ("/runs", "/runs"),
        ("x/runs/r1/a", "x/runs/r1/a"),
        ("see /runs/r1/a", "see /runs/r1/a"),
        ("/runs/r1/a/runs/r1/b", "/shop/run/a/runs/r1/b"),
        (["/runs/r1/a", {"log": "/runs/r1/b", "/runs/r1": 1}], ["/shop/run/a", {"log": "/shop/run/b", "/runs/r1": 1}]),
        (None, None),
        (7, 7),
        (True, True),
    ],
)
def test_paths_of_the_run_are_told_as_a_container_finds_them(value: object, found: object) -> None:
    assert inside({"it": value}, "/runs/r1", "/shop/run") == {"it": found}


# What must be there


def project(folder: Path, **changes: Any) -> Project:
    fleet = Fleet.model_validate({"name": "f", "entry": "a", "services": {"a": {"command": ["x"]}}})
    (folder / "a.yml").touch()
    return Project(folder / "seatrial.yml", fleet, Telemetry(), Hooks(), **changes)


def test_a_project_without_the_key_is_told_to_add_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--on compose needs a compose file, and .*/seatrial\.yml names none\. Add"):
        refuse_without_compose(project(tmp_path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"seatrial\.yml: compose names no\.yml, which does not exist\. Correct the"):
        refuse_without_compose(project(tmp_path, compose=compose(files=["a.yml", "no.yml"])))


def test_what_is_there_is_given_back(tmp_path: Path) -> None:
    there = compose(files=["a.yml"])
    assert refuse_without_compose(project(tmp_path, compose=there)) is there
