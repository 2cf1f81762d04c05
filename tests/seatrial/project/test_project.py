from pathlib import Path

import pytest

from seatrial.errors import ConfigError, UsageError
from seatrial.project.find import find_project
from seatrial.project.project import Project, load_project

ROOT = Path(__file__).parents[3]
STUB = ROOT / "e2e" / "stub_fleet" / "seatrial.yml"


def changed(tmp_path: Path, text: str) -> Path:
    for name in ("fleet.yml", "telemetry.yml"):
        (tmp_path / name).write_text((STUB.parent / name).read_text())
    (tmp_path / "seatrial.yml").write_text(text)
    return tmp_path / "seatrial.yml"


@pytest.mark.parametrize("file", [ROOT / "seatrial.yml", STUB], ids=["sample", "stub"])
def test_the_projects_here_are_right(file: Path) -> None:
    assert isinstance(load_project(file), Project)


def test_paths_become_absolute() -> None:
    project = load_project(ROOT / "seatrial.yml")
    assert project.root == ROOT
    assert project.load
    assert project.load.locustfile == ROOT / "loadtests" / "locustfile.py"


def test_a_project_needs_neither_prometheus_nor_hooks(tmp_path: Path) -> None:
    project = load_project(changed(tmp_path, "fleet: fleet.yml\ntelemetry: telemetry.yml\n"))
    assert (project.prometheus, project.load, project.hooks.populate) == (None, None, None)


@pytest.mark.parametrize(
    "text, line, words",
    [
        pytest.param("fleet: no.yml\ntelemetry: telemetry.yml", 1, "fleet names no.yml", id="no fleet"),
        pytest.param("fleet: fleet.yml\ntelemetry: telemetry.yml\nslo: no.yml", 3, "slo names no.yml", id="no slo"),
        pytest.param(
            "fleet: fleet.yml\ntelemetry: telemetry.yml\nprometheus: .", 3, "no prometheus.yml", id="no prometheus"
        ),
        pytest.param(
            "fleet: fleet.yml\ntelemetry: telemetry.yml\nhooks: {fill: [a]}", 3, "known are: populate", id="hook"
        ),
        pytest.param("fleet: fleet.yml", 1, "telemetry is missing", id="no telemetry"),
    ],
)
def test_a_wrong_project_is_refused_where_it_is_wrong(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_project(changed(tmp_path, text))
    assert caught.value.line == line
    assert words in str(caught.value)


def test_the_project_is_found_from_below(tmp_path: Path) -> None:
    file = changed(tmp_path, "")
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_project(tmp_path / "a" / "b") == file


def test_no_project_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--project"):
        find_project(tmp_path)
