"""`--on` of verbs that start a fleet: what cannot be had there is refused before there is a folder for the run."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from seatrial.cli.dispatch import dispatch
from seatrial.cli.invocation import Invocation
from seatrial.cli.up import Wish
from seatrial.cli.where import On, refuse_elsewhere, started_here
from seatrial.errors import StackError
from seatrial.project.project import load_project
from seatrial.run_folder import RunFolder
from seatrial.settings import Settings
from seatrial.stacks.compose import ComposeStack
from seatrial.stacks.docker import REMEDY
from seatrial.stacks.local import LocalStack
from seatrial.stacks.owned import OnEvent, ignore

SEATRIAL = "fleet: fleet.yml\nload: {locustfile: l.py, profiles: .}\n"
COMPOSE = "compose: {files: [c.yml], network: fleet, port: 8000}\n"
FLEET = "name: f\nentry: a\nservices:\n  a: {command: [x], port: 1}\n"
UP, TRIAL = ("up", "--no-page"), ("trial", "one")


@pytest.fixture(autouse=True)
def _no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for name, text in (("fleet.yml", FLEET), ("one.yml", "stages: [{name: s, rate: 1, seconds: 1}]"), ("c.yml", "")):
        (tmp_path / name).write_text(text)
    (tmp_path / "seatrial.yml").write_text(SEATRIAL + COMPOSE)
    return tmp_path / "seatrial.yml"


def said(file: Path, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...], on: str) -> tuple[int, str]:
    """The exit code, and what is told; nothing has been begun."""
    code = dispatch(["--project", str(file), *verb, "--on", on])
    assert not (file.parent / "runs").exists()
    return code, capsys.readouterr().err


def test_up_is_not_for_what_runs_already(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = said(file, capsys, UP, "external")
    assert (code, told.count("\n")) == (64, 1)
    assert "--on external is one that runs. Use `seatrial trial --on external`." in told


@pytest.mark.parametrize("verb", [UP, TRIAL], ids=["up", "trial"])
def test_containers_need_the_key(file: Path, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]) -> None:
    file.write_text(SEATRIAL)
    told = f"seatrial: --on compose needs a compose file, and {file} names none. Add `compose`.\n"
    assert said(file, capsys, verb, "compose") == (64, told)


@pytest.mark.parametrize("verb", [UP, TRIAL], ids=["up", "trial"])
def test_containers_need_the_file(file: Path, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]) -> None:
    (file.parent / "c.yml").unlink()
    told = f"seatrial: {file}: compose names c.yml, which does not exist. Correct the path.\n"
    assert said(file, capsys, verb, "compose") == (64, told)


@pytest.mark.parametrize("verb", [UP, TRIAL], ids=["up", "trial"])
def test_containers_need_docker(file: Path, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]) -> None:
    assert said(file, capsys, verb, "compose") == (3, f"seatrial: there is no docker on PATH. {REMEDY}\n")


@pytest.mark.parametrize("verb", [UP, TRIAL], ids=["up", "trial"])
def test_no_other_places_are_known(file: Path, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]) -> None:
    code, told = said(file, capsys, verb, "mars")
    assert (code, "'mars'" in told) == (64, True)


def test_what_needs_no_docker_does_not_ask_for_it(file: Path) -> None:
    project = load_project(file)
    refuse_elsewhere(project, On.LOCAL, {})
    with pytest.raises(StackError):
        refuse_elsewhere(project, On.COMPOSE, {})


def test_containers_may_be_several_of_a_service_with_a_fixed_port(file: Path) -> None:
    """Each has an address of its own: what is refused is Docker's absence only."""
    with pytest.raises(StackError, match="no docker on PATH"):
        refuse_elsewhere(load_project(file), On.COMPOSE, {"a": 2})


@pytest.mark.parametrize("on, kind", [(On.LOCAL, LocalStack), (On.COMPOSE, ComposeStack)])
def test_the_stack_is_of_the_kind_that_was_asked_for(file: Path, tmp_path: Path, on: On, kind: type) -> None:
    run = RunFolder.create(tmp_path / "runs", "up")
    settings = Settings(cache_dir=tmp_path / "cache", runtime_dir=tmp_path / "runtime")
    stack = started_here(
        load_project(file), run, on, Invocation(file, settings), cast("OnEvent", ignore),
        faults=False, replicas={}, pipeline=None,
    )  # fmt: skip
    assert type(stack) is kind


@pytest.mark.parametrize("on, told", [(On.LOCAL, []), (On.COMPOSE, ["--on=compose"])])
def test_a_supervisor_is_told_where(on: On, told: list[str]) -> None:
    wish = Wish(populate=True, faults=True, page=True, seed=7, replicas={"a": 2}, on=on)
    assert wish.options() == ["--faults", "--seed=7", *told, "--replicas=a=2"]
