import shutil
from pathlib import Path

import pytest

from seatrial.backends.log_files import LogFile, files_of, slices_between


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "web-1.jsonl"
    file.write_bytes(b"before 1\nbefore 2\n")
    return file


def between(log: Path, before: tuple[LogFile, ...]) -> list[bytes]:
    return [line for part in slices_between("web", before, files_of(log)) for line in part.lines().splitlines()]


def append(log: Path, text: bytes) -> None:
    with log.open("ab") as file:
        file.write(text)


def test_what_was_appended_is_between(log: Path) -> None:
    before = files_of(log)
    append(log, b"new\n")
    assert between(log, before) == [b"new"]


def test_nothing_is_between_when_nothing_was_written(log: Path) -> None:
    assert between(log, files_of(log)) == []


def test_a_log_that_was_not_there_is_new(tmp_path: Path, log: Path) -> None:
    assert between(log, files_of(tmp_path / "other.jsonl")) == [b"before 1", b"before 2"]


def test_through_a_rename(log: Path) -> None:
    before = files_of(log)
    append(log, b"old file\n")
    log.rename(log.with_name("web-1.jsonl.1"))
    append(log, b"new file\n")
    assert sorted(between(log, before)) == [b"new file", b"old file"]


def test_through_two_renames(log: Path) -> None:
    before = files_of(log)
    for number in (2, 1):
        append(log, b"%d\n" % number)
        log.rename(log.with_name(f"web-1.jsonl.{number}"))
    append(log, b"0\n")
    assert sorted(between(log, before)) == [b"0", b"1", b"2"]


def test_through_a_copy_and_truncation(log: Path) -> None:
    before = files_of(log)
    append(log, b"copied\n")
    shutil.copy(log, log.with_name("web-1.jsonl.1"))
    log.write_bytes(b"after\n")
    assert sorted(between(log, before)) == [b"after", b"copied"]


def test_a_file_that_is_gone_is_told(log: Path) -> None:
    before = files_of(log)
    log.write_bytes(b"other\n")
    with pytest.raises(ValueError, match=r"web-1\.jsonl is not there any more, nor a copy of it"):
        slices_between("web", before, files_of(log))


def test_a_reading_survives_json(log: Path) -> None:
    import json
    from dataclasses import asdict

    (file,) = files_of(log)
    assert LogFile.read(json.loads(json.dumps(asdict(file)))) == file
