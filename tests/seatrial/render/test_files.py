import json
from pathlib import Path

import pytest

from seatrial.cli.dispatch import dispatch
from seatrial.project.project import load_project
from seatrial.project.telemetry import LogField
from seatrial.render.files import rendered, stale, write
from seatrial.render.index_templates import templates
from seatrial.ship.names import IndexNames

ROOT = Path(__file__).parents[3]


def test_the_sample_is_rendered_as_committed() -> None:
    assert list(stale(rendered(load_project(ROOT / "seatrial.yml")))) == []


def test_every_log_field_has_its_property_and_nothing_else_has() -> None:
    fields = {"a.b": LogField(type="keyword"), "c": LogField(type="date_nanos")}
    made = templates(fields, IndexNames.of("shop"))
    mappings = made["component.seatrial-shop-logs.mappings"]["template"]["mappings"]
    assert mappings["dynamic"] == "strict"
    assert {name: each["type"] for name, each in mappings["properties"].items()} == {
        "a.b": "keyword",
        "c": "date_nanos",
    }


def test_an_index_template_is_made_of_components_that_are_there() -> None:
    made = templates({}, IndexNames.of("shop"))
    composed = made["index.seatrial-shop-logs"]["composed_of"]
    assert {f"component.{name}" for name in composed} <= set(made)


@pytest.fixture
def files(tmp_path: Path) -> dict[Path, str]:
    wanted = {tmp_path / "index.a.json": "1\n", tmp_path / "component.b.json": "2\n"}
    write(wanted)
    return wanted


def test_what_was_written_is_not_stale(files: dict[Path, str]) -> None:
    assert list(stale(files)) == []


def test_each_kind_of_staleness_is_named(files: dict[Path, str]) -> None:
    first, second = files
    first.write_text("edited")
    second.unlink()
    (first.parent / "index.old.json").write_text(
        '{"_meta": "Generated from telemetry.yml by `seatrial render`: do not edit."}'
    )
    (first.parent / "own.json").write_text("{}")  # somebody's own, beside them
    assert [(path.name, matter) for path, matter in stale(files)] == [
        ("index.a.json", "is stale"),
        ("component.b.json", "is not there"),
        ("index.old.json", "is rendered by nothing any more"),
    ]
    write(files)
    assert list(stale(files)) == []


def a_project(folder: Path) -> Path:
    (folder / "fleet.yml").write_text(
        "name: two\nentry: web\nservices: {web: {command: [python, -m, web], port: 8000}}\n"
    )
    (folder / "telemetry.yml").write_text("logs: {event.id: {type: keyword}}\n")
    file = folder / "seatrial.yml"
    file.write_text("fleet: fleet.yml\ntelemetry: telemetry.yml\nprometheus: false\nelasticsearch: es\n")
    return file


def test_check_is_red_until_it_is_rendered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(a_project(tmp_path))
    assert dispatch(["--project", file, "render", "--check"]) == 1
    assert not (tmp_path / "es").exists()
    assert dispatch(["--project", file, "render"]) == 0
    assert dispatch(["--project", file, "render", "--check"]) == 0
    mapping = json.loads((tmp_path / "es" / "component.seatrial-two-logs.mappings.json").read_text())
    assert list(mapping["template"]["mappings"]["properties"]) == ["event.id"]
    (tmp_path / "telemetry.yml").write_text("logs: {event.id: {type: keyword}, message: {type: text}}\n")
    assert dispatch(["--project", file, "render", "--check"]) == 1
    assert "component.seatrial-two-logs.mappings.json is stale" in capsys.readouterr().out


def test_a_project_without_a_folder_is_told_what_to_add(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = a_project(tmp_path)
    file.write_text(file.read_text().replace("elasticsearch: es\n", ""))
    assert dispatch(["--project", str(file), "render"]) == 64
    assert "Add `elasticsearch: FOLDER`" in capsys.readouterr().err
