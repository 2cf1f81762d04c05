from dataclasses import replace
from pathlib import Path

import pytest

from seatrial import doctor
from seatrial.doctor import Examination
from seatrial.run_folder import write_json
from seatrial.settings import Settings

STUB = Path(__file__).parents[2] / "e2e" / "stub_fleet" / "seatrial.yml"


def file_in_the_way(tmp_path: Path) -> Path:
    (tmp_path / "file").touch()
    return tmp_path / "file"


@pytest.mark.parametrize(
    "found, ok",
    [
        (doctor.system("linux"), True),
        (doctor.system("darwin"), True),
        (doctor.system("win32"), False),
        (doctor.python((3, 11)), True),
        (doctor.python((3, 10)), False),
        (doctor.disk(2_000_000_000), True),
        (doctor.disk(10), False),
        (doctor.memory(2_000_000_000), True),
        (doctor.memory(10), False),
    ],
    ids=lambda each: each.found if isinstance(each, Examination) else "",
)
def test_what_is_amiss_comes_with_a_remedy(*, found: Examination, ok: bool) -> None:
    assert found.ok is ok
    assert bool(found.remedy) is not ok


def test_little_memory_is_a_warning() -> None:
    assert not doctor.memory(10).vital


def test_a_wrong_project_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "seatrial.yml").write_text("fleet: absent.yml\ntelemetry: absent.yml\n")
    found = doctor.read(tmp_path / "seatrial.yml")
    assert isinstance(found, Examination)
    assert "seatrial.yml:1:8" in found.found


def test_a_missing_prometheus_matters_only_to_who_wants_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not doctor.prometheus(tmp_path, wanted=True).ok
    assert "seatrial install" in doctor.prometheus(tmp_path, wanted=True).remedy
    assert doctor.prometheus(tmp_path, wanted=False).ok


def test_a_folder_that_will_be_made_is_writable(tmp_path: Path) -> None:
    assert doctor.writable("runs", tmp_path / "a" / "b").ok
    assert not (tmp_path / "a").exists()


def test_ports_need_a_folder_for_their_locks(tmp_path: Path) -> None:
    assert doctor.ports(tmp_path / "ports").ok
    assert not doctor.ports(file_in_the_way(tmp_path) / "ports").ok


def test_a_lock_without_holder_is_told(tmp_path: Path) -> None:
    assert doctor.locks(tmp_path).ok
    (tmp_path / "20000.lock").touch()
    assert str(tmp_path / "20000.lock") in doctor.locks(tmp_path).remedy


def test_a_run_that_ended_well_is_no_leftover(tmp_path: Path) -> None:
    (tmp_path / "20260101-000000-0001").mkdir()
    write_json(tmp_path / "20260101-000000-0001" / "stack.json", {"owner_pid": None, "owner_started": None})
    assert doctor.leftovers(tmp_path).ok


def test_everything_is_examined(tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path / "cache", runtime_dir=tmp_path / "runtime")
    found = list(doctor.examine(STUB, tmp_path / "runs", settings))
    assert {each.name for each in found} >= {
        "python",
        "prometheus",
        "alertmanager",
        "project",
        "ports",
        "disk",
        "memory",
    }
    assert all(each.ok for each in found if each.name != "prometheus")


def test_a_missing_alertmanager_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = doctor.alertmanager(tmp_path)
    assert (found.ok, found.found) == (True, "none; `seatrial drill` needs one")


def test_a_missing_elasticsearch_is_said_and_a_wrong_one_is_amiss(tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, runtime_dir=tmp_path)
    assert doctor.elasticsearch(settings).ok
    assert "--with elasticsearch" in doctor.elasticsearch(settings).found
    wrong = doctor.elasticsearch(replace(settings, es_home=tmp_path / "nowhere"))
    assert (wrong.ok, wrong.vital) == (False, False)
    assert "ES_HOME" in wrong.remedy
