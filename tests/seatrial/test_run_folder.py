import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from seatrial.errors import SeatrialError
from seatrial.run_folder import RunFolder, read_json, run_id_at, run_ids, write_json


def ticking(start: float = 100.0) -> Callable[[], float]:
    times = iter(range(int(start), int(start) + 100))
    return lambda: float(next(times))


def test_an_id_tells_when_the_run_began() -> None:
    assert run_id_at(1795401901.0, "a1b2") == "20261123-024501-a1b2"


def test_ids_are_listed_oldest_first_and_nothing_else_is(tmp_path: Path) -> None:
    for name in ("20261123-024502-0000", "20261123-024501-ffff", "latest", "notes"):
        (tmp_path / name).mkdir()
    assert run_ids(tmp_path) == ["20261123-024501-ffff", "20261123-024502-0000"]
    assert run_ids(tmp_path / "absent") == []


def test_a_new_run_has_its_folders_and_its_record(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "up", clock=ticking(), seed=7)
    assert {path.name for path in run.path.iterdir()} >= {"stores", "logs", "metrics", "samples", "run.json"}
    record = json.loads((run.path / "run.json").read_text())
    assert record == {
        "schema": 1,
        "id": run.id,
        "kind": "up",
        "started": 100.0,
        "finished": None,
        "seed": 7,
        "events": [],
    }


def test_two_runs_of_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    runs = [RunFolder.create(tmp_path, "trial", clock=lambda: 100.0) for _ in range(20)]
    assert len({run.path for run in runs}) == 20


def test_events_are_appended_with_their_time(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "up", clock=ticking())
    run.event("restart", service="a")
    run.event("ready")
    assert read_json(run.path / "run.json")["events"] == [
        {"at": 101.0, "kind": "restart", "service": "a"},
        {"at": 102.0, "kind": "ready"},
    ]


def test_latest_names_the_run_that_ended_last(tmp_path: Path) -> None:
    first, second = (RunFolder.create(tmp_path, "up", clock=ticking()) for _ in range(2))
    second.finish()
    first.finish()
    assert (tmp_path / "latest").resolve() == first.path
    assert read_json(first.path / "run.json")["finished"] == 101.0


def test_another_process_can_open_a_run(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "up", seed=3)
    assert RunFolder.open(run.path).record == run.record


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeatrialError, match="is no run"):
        RunFolder.open(tmp_path)


def test_a_file_is_the_old_one_until_the_new_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_json(file, {"old": 1})
    with pytest.raises(ValueError, match="Circular"):
        write_json(file, loop())
    assert read_json(file) == {"old": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def loop() -> list[object]:
    endless: list[object] = []
    endless.append(endless)
    return endless


def test_a_secret_is_never_readable_by_others(tmp_path: Path) -> None:
    write_json(tmp_path / "s.json", {}, mode=0o600)
    assert stat.S_IMODE((tmp_path / "s.json").stat().st_mode) == 0o600
