from pathlib import Path

import pytest

from seatrial.errors import ConfigError, UsageError
from seatrial.project.find import find_project
from seatrial.project.project import BUILT_IN_PROMETHEUS, Project, load_project

ROOT = Path(__file__).parents[3]
STUB = ROOT / "e2e" / "stub_fleet" / "seatrial.yml"
FOREIGN = ROOT / "e2e" / "foreign" / "seatrial.yml"


def changed(tmp_path: Path, text: str) -> Path:
    for name in ("fleet.yml", "telemetry.yml"):
        (tmp_path / name).write_text((STUB.parent / name).read_text())
    (tmp_path / "seatrial.yml").write_text(text)
    return tmp_path / "seatrial.yml"


@pytest.mark.parametrize("file", [ROOT / "seatrial.yml", STUB, FOREIGN], ids=["sample", "stub", "foreign"])
def test_the_projects_here_are_right(file: Path) -> None:
    assert isinstance(load_project(file), Project)


def test_paths_become_absolute() -> None:
    project = load_project(ROOT / "seatrial.yml")
    assert project.root == ROOT
    assert project.load
    assert project.load.locustfile == ROOT / "loadtests" / "locustfile.py"


def test_a_project_needs_a_fleet_only(tmp_path: Path) -> None:
    project = load_project(changed(tmp_path, "fleet: fleet.yml\n"))
    assert (project.telemetry.metrics, project.load, project.hooks.populate) == ({}, None, None)


@pytest.mark.parametrize(
    "line, metrics, folder",
    [
        pytest.param("", "/metrics", BUILT_IN_PROMETHEUS, id="built in"),
        pytest.param("", "null", None, id="nothing to scrape"),
        pytest.param("prometheus: false", "/metrics", None, id="none wanted"),
    ],
)
def test_prometheus_is_built_in_where_there_are_metrics(
    tmp_path: Path, line: str, metrics: str, folder: Path | None
) -> None:
    file = changed(tmp_path, f"fleet: fleet.yml\n{line}\n")
    fleet = (tmp_path / "fleet.yml").read_text().replace("metrics: /metrics", f"metrics: {metrics}")
    (tmp_path / "fleet.yml").write_text(fleet)
    assert load_project(file).prometheus == folder


def test_the_built_in_configuration_is_there() -> None:
    assert (BUILT_IN_PROMETHEUS / "prometheus.yml").is_file()


def test_paths_that_seatrial_asks_by_itself_are_ignored() -> None:
    project = load_project(STUB)
    assert project.telemetry.roles_of("front").ignored_routes == ("/health/live", "/health/ready", "/metrics")


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
        pytest.param("telemetry: telemetry.yml", 1, "fleet is missing", id="no fleet named"),
    ],
)
def test_a_wrong_project_is_refused_where_it_is_wrong(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_project(changed(tmp_path, text))
    assert caught.value.line == line
    assert words in str(caught.value)


def test_roles_of_a_stranger_are_refused_where_they_stand(tmp_path: Path) -> None:
    file = changed(tmp_path, "fleet: fleet.yml\ntelemetry: telemetry.yml")
    with (tmp_path / "telemetry.yml").open("a") as telemetry:
        telemetry.write("services: {nobody: {busy: null}}\n")
    with pytest.raises(ConfigError, match=r"services names 'nobody'.*Known are: front, back"):
        load_project(file)


def test_the_project_is_found_from_below(tmp_path: Path) -> None:
    file = changed(tmp_path, "")
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_project(tmp_path / "a" / "b") == file


def test_no_project_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--project"):
        find_project(tmp_path)
