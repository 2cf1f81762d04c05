import csv
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seatrial.openloop.recorder import JourneyRow, Nowhere, Recorder, RequestRow

REQUEST = RequestRow(
    "steady", "buy", "order", "POST", "/o", 1000.0000004, 1000.1, 0.25, 201, "ok", 9, "t", "s", "k", "id,1", ""
)


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path, "7")


def test_headers_are_on_disk_before_the_first_row(recorder: Recorder, tmp_path: Path) -> None:
    times, answer, ids = "intended_start,start,duration", "status,outcome,bytes", "trace_id,span_id,key,ref,error"
    assert lines(tmp_path / "requests-7.csv") == [f"stage,journey,step,method,route,{times},{answer},{ids}"]
    assert lines(tmp_path / "journeys-7.csv") == ["stage,journey,scheduled,started,finished,outcome"]
    recorder.close()


def test_a_request_is_written_with_microseconds_and_quotes(recorder: Recorder, tmp_path: Path) -> None:
    recorder.request(REQUEST)
    recorder.close()
    (row,) = csv.DictReader(lines(tmp_path / "requests-7.csv"))
    assert row["intended_start"] == "1000.000000"
    assert (row["status"], row["ref"], row["duration"]) == ("201", "id,1", "0.250000")


def test_a_request_without_an_answer_has_no_status(recorder: Recorder, tmp_path: Path) -> None:
    recorder.request(REQUEST._replace(status=None, outcome="timeout"))
    recorder.close()
    (row,) = csv.DictReader(lines(tmp_path / "requests-7.csv"))
    assert (row["status"], row["outcome"]) == ("", "timeout")


def test_a_shed_arrival_never_started(recorder: Recorder, tmp_path: Path) -> None:
    recorder.journey(JourneyRow("steady", "buy", 5.0, None, None, "shed"))
    recorder.close()
    assert lines(tmp_path / "journeys-7.csv")[1] == "steady,buy,5.000000,,,shed"


def test_rows_reach_the_disk_before_the_account_that_counts_them(recorder: Recorder, tmp_path: Path) -> None:
    recorder.request(REQUEST)
    assert len(lines(tmp_path / "requests-7.csv")) == 1
    recorder.account({"requests": 1})
    assert len(lines(tmp_path / "requests-7.csv")) == 2
    assert json.loads((tmp_path / "generator-7.json").read_text(encoding="utf-8")) == {"requests": 1}
    recorder.close()


def test_an_account_is_replaced_whole(recorder: Recorder, tmp_path: Path) -> None:
    for count in (1, 2):
        recorder.account({"requests": count})
    recorder.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "generator-7.json",
        "journeys-7.csv",
        "requests-7.csv",
    ]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets how many bytes the disk takes from now on; a full one takes the first part of what is written."""
    left, write = [1 << 30], os.write

    def limited(descriptor: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = write(descriptor, data[: left[0]])
        left[0] -= taken
        return taken

    monkeypatch.setattr("seatrial.openloop.recorder.os.write", limited)
    return lambda space: left.__setitem__(0, space)


def test_what_a_full_disk_does_not_take_is_written_when_it_does(
    recorder: Recorder, tmp_path: Path, disk: Callable[[int], None]
) -> None:
    disk(30)
    for key in ("a", "b"):
        recorder.request(REQUEST._replace(key=key))
        recorder.account({})
    disk(1 << 30)
    recorder.request(REQUEST._replace(key="c"))
    recorder.close()
    assert [row["key"] for row in csv.DictReader(lines(tmp_path / "requests-7.csv"))] == ["a", "b", "c"]


def test_rows_that_the_disk_never_took_are_not_lost_in_silence(recorder: Recorder, disk: Callable[[int], None]) -> None:
    disk(0)
    recorder.request(REQUEST)
    with pytest.raises(OSError, match="No space left"):
        recorder.close()


def test_no_more_is_kept_than_memory_is_for(
    recorder: Recorder, disk: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatrial.openloop.recorder.KEPT_BYTES", 100)
    disk(0)
    recorder.request(REQUEST)
    recorder.request(REQUEST)
    with pytest.raises(OSError, match="No space left"):
        recorder.account({})


def test_judged_latency_counts_from_the_intended_start() -> None:
    assert REQUEST._replace(intended_start=999.0).latency == pytest.approx(1.35)


@pytest.mark.parametrize("call, arguments", [("request", (REQUEST,)), ("account", ({},)), ("close", ())])
def test_rows_that_nobody_asked_for_are_forgotten(call: str, arguments: tuple[Any, ...]) -> None:
    getattr(Nowhere(), call)(*arguments)
