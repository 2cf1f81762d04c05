from __future__ import annotations

import json
from pathlib import Path

import pytest

from seatrial.cli.dispatch import dispatch
from seatrial.errors import ConfigError, HookError
from seatrial.project.project import load_project
from seatrial.render.dashboards import dashboards

BOARD = {"title": "One", "panels": []}


def a_project(folder: Path, answer: object = None, *, grafana: str = "grafana: grafana", code: int = 0) -> Path:
    """Whose hook answers that, whatever it is asked."""
    told = json.dumps({"dashboards": {"one": BOARD}} if answer is None else answer)
    (folder / "hook.py").write_text(f"import sys\nsys.stdin.read()\nsys.stdout.write({told!r})\nsys.exit({code})\n")
    (folder / "fleet.yml").write_text(
        "name: two\nentry: web\nservices: {web: {command: [python, -m, web], port: 8000}}\n"
    )
    file = folder / "seatrial.yml"
    file.write_text(f"fleet: fleet.yml\n{grafana}\nhooks: {{dashboards: [python, hook.py]}}\n")
    return file


def test_what_the_hook_answers_is_written(tmp_path: Path) -> None:
    file = str(a_project(tmp_path))
    assert dispatch(["--project", file, "render", "--check"]) == 1
    assert dispatch(["--project", file, "render"]) == 0
    assert json.loads((tmp_path / "grafana" / "dashboards" / "one.json").read_text()) == BOARD
    assert dispatch(["--project", file, "render", "--check"]) == 0


def test_somebodys_own_dashboard_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "grafana" / "dashboards" / "own.json"
    own.parent.mkdir(parents=True)
    own.write_text("{}")
    assert dispatch(["--project", str(a_project(tmp_path)), "render"]) == 0
    assert own.read_text() == "{}"


@pytest.mark.parametrize(
    "answer, said",
    [
        ({}, 'must answer {"dashboards": {NAME: DASHBOARD}}'),
        ({"dashboards": [BOARD]}, "must answer"),
        ({"dashboards": {"one": "text"}}, "must answer"),
        ({"dashboards": {"../one": BOARD}}, "calls a dashboard '../one'"),
        ([], "instead of a JSON object"),
    ],
)
def test_an_answer_of_another_shape_is_refused(answer: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(HookError, match="hook dashboards") as told:
        dashboards(load_project(a_project(tmp_path, answer)))
    assert said in str(told.value)


def test_a_hook_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(HookError, match="exit code 3"):
        dashboards(load_project(a_project(tmp_path, code=3)))


def test_a_hook_without_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Add `grafana: FOLDER`"):
        load_project(a_project(tmp_path, grafana=""))


@pytest.mark.parametrize(
    "options, said",
    [
        (["--check", "--live"], "Ask one after the other"),
        (["--json", "x.json"], "belong to --live"),
        (["--run", "x"], "belong to --live"),
        (["--live"], "names no dashboards"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dispatch(["--project", str(a_project(tmp_path)), "render", *options]) == 64
    assert said in capsys.readouterr().err
