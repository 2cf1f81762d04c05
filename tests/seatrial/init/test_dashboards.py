from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from seatrial.cli.dispatch import dispatch
from seatrial.init.dashboards import KEYS, add_dashboards, dashboard_files
from seatrial.project.project import ProjectFile

ROOT = Path(__file__).parents[3]


def project(folder: Path) -> Path:
    (folder / "seatrial.yml").write_text("fleet: fleet.yml\n")
    return folder


def test_they_are_the_checkouts_own() -> None:
    assert dashboard_files() == {
        f"dashboards/{path.name}": path.read_text() for path in (ROOT / "dashboards").glob("*.py")
    }


def test_they_are_added_to_a_project_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch(["--project", str(project(tmp_path) / "seatrial.yml"), "init", "--dashboards"]) == 0
    assert (tmp_path / "dashboards" / "fleet_overview.py").is_file()
    said = capsys.readouterr().out
    assert KEYS.splitlines()[0] in said
    assert "seatrial render" in said
    assert (tmp_path / "seatrial.yml").read_text() == "fleet: fleet.yml\n"


def test_what_they_need_is_a_projects() -> None:
    read = ProjectFile.model_validate({"fleet": "fleet.yml", **yaml.safe_load(KEYS)})
    assert (str(read.grafana), list(read.hooks.dashboards or ())) == (
        "observability/grafana",
        ["python", "-m", "dashboards"],
    )


def test_nothing_of_somebodys_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = project(tmp_path) / "dashboards" / "service.py"
    own.parent.mkdir()
    own.write_text("mine")
    command = ["--project", str(tmp_path / "seatrial.yml"), "init", "--dashboards"]
    assert dispatch(command) == 64
    assert "in the way: dashboards/service.py" in capsys.readouterr().err
    assert own.read_text() == "mine"
    assert dispatch([*command, "--force"]) == 0
    assert own.read_text() != "mine"


def test_without_a_project_services_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="Name its services too"):
        add_dashboards(tmp_path, force=False)
