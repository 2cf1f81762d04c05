"""Every way in which a log file changes under its reader: each line is handed out, and none is skipped."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.ship import following
from seatrial.ship.following import Chunk, Follower, Source


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Log:
    """A log as a service writes it, and all that was ever read of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "web-1.jsonl"
        self.source = Source("web", "web-1", self.path)
        self.clock = Clock()
        self.follower = Follower([self.source], clock=self.clock)
        self.written: list[bytes] = []
        self.read: list[bytes] = []

    def write(self, *lines: str) -> None:
        with self.path.open("ab") as file:
            file.write(b"".join(line.encode() + b"\n" for line in lines))
        self.written += [line.encode() for line in lines]

    def turn(self) -> list[Chunk]:
        self.follower.scan()
        chunks = self.follower.read()
        self.read += [line for chunk in chunks for line in chunk.lines]
        self.follower.acknowledge(chunks)
        return chunks

    def turns(self) -> None:
        while self.turn():
            pass

    def settle(self) -> None:
        """Until nothing waits, as whoever truncates must wait for."""
        self.turns()
        while self.follower.backlog():
            self.turns()

    def start_anew(self) -> None:
        known = self.follower.positions()
        self.follower.close()
        self.follower = Follower([self.source], known, clock=self.clock)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_lines_are_handed_out_once_as_they_come(log: Log) -> None:
    log.write("a", "b")
    log.turns()
    log.write("c")
    log.turns()
    assert log.read == log.written == [b"a", b"b", b"c"]


def test_a_line_that_is_being_written_waits_for_its_end(log: Log) -> None:
    log.write("a")
    with log.path.open("ab") as file:
        file.write(b"half")
    log.turns()
    assert log.read == [b"a"]
    with log.path.open("ab") as file:
        file.write(b" and whole\n")
    log.turns()
    assert log.read == [b"a", b"half and whole"]


def test_what_was_not_acknowledged_is_handed_out_again(log: Log) -> None:
    log.write("a", "b")
    log.follower.scan()
    first = log.follower.read()
    assert log.follower.read() == first
    log.follower.acknowledge(first)
    assert log.follower.read() == []


def test_a_renamed_file_is_read_to_its_end_and_the_new_one_from_its_beginning(log: Log) -> None:
    log.write("a")
    log.turns()
    log.write("b")
    log.path.rename(log.path.with_name("web-1.jsonl.1"))
    log.write("c")
    log.turns()
    assert sorted(log.read) == [b"a", b"b", b"c"]


def test_a_copied_and_truncated_file_loses_nothing(log: Log) -> None:
    log.write("a", "b")
    log.turns()
    log.write("c")
    shutil.copy(log.path, log.path.with_name("web-1.jsonl.1"))
    os.truncate(log.path, 0)
    log.turns()
    log.write("d")
    log.turns()
    assert set(log.read) == {b"a", b"b", b"c", b"d"}  # the copy's beginning is read again


def test_a_file_that_was_truncated_and_has_grown_longer_since_is_read_from_its_beginning(log: Log) -> None:
    log.write("first")
    log.turns()
    os.truncate(log.path, 0)
    log.write("another", "and more than there was")
    log.turns()
    log.turns()
    assert log.read == [b"first", b"another", b"and more than there was"]


def test_a_truncation_between_look_and_read_skips_nothing(log: Log) -> None:
    log.write("first", "second")
    log.turns()
    log.write("third")
    log.follower.scan()
    os.truncate(log.path, 0)
    log.write("quite another line", "and one more of them, longer than all before together")
    assert log.follower.read() == []
    log.turns()
    assert log.read[2:] == [b"quite another line", b"and one more of them, longer than all before together"]


def test_a_replaced_file_is_another(log: Log) -> None:
    log.write("a")
    log.turns()
    log.path.unlink()
    log.write("b")
    log.turns()
    assert log.read == [b"a", b"b"]


def test_a_file_moved_out_of_sight_is_read_to_its_end_then_given_up(log: Log, tmp_path: Path) -> None:
    log.write("a")
    log.turns()
    (tmp_path / "elsewhere").mkdir()
    log.path.rename(tmp_path / "elsewhere" / "old")
    with (tmp_path / "elsewhere" / "old").open("ab") as file:
        file.write(b"b\n")
    log.turns()
    assert log.read == [b"a", b"b"]
    log.clock.now += following.ORPHAN_SECONDS + 1
    log.turns()
    log.clock.now += following.ORPHAN_SECONDS + 1
    log.turns()
    assert log.follower.positions() == []


def test_packed_files_and_other_services_are_left_alone(log: Log) -> None:
    log.write("a")
    for name in ("web-1.jsonl.2.gz", "web-10.jsonl", "web-1.jsonl.tmp"):
        log.path.with_name(name).write_text("no\n")
    log.turns()
    assert log.read == [b"a"]


def test_after_a_restart_it_goes_on_where_it_was(log: Log) -> None:
    log.write("a")
    log.turns()
    log.start_anew()
    log.write("b")
    log.turns()
    assert log.read == [b"a", b"b"]


def test_after_a_restart_a_file_that_only_has_the_number_is_read_whole(log: Log) -> None:
    log.write("a", "b", "c")
    log.turns()
    os.truncate(log.path, 0)
    log.write("x", "y", "z")
    log.start_anew()
    log.turns()
    assert log.read[3:] == [b"x", b"y", b"z"]


def test_a_line_longer_than_any_is_handed_out_in_pieces(log: Log) -> None:
    log.write("a", "x" * (following.LINE_BYTES + 10), "b")
    log.turns()
    assert log.read[0] == b"a"
    assert log.read[-1] == b"b"
    assert b"".join(log.read[1:-1]) == b"x" * (following.LINE_BYTES + 10)


def test_a_batch_is_bounded_and_every_file_gets_its_turn(tmp_path: Path) -> None:
    sources = [Source(name, name, tmp_path / f"{name}.jsonl") for name in ("a", "b")]
    sources[0].path.write_bytes(b"x" * 99 + b"\n" + b"y" * 99_999 + b"\n" * 1 + (b"z" * 999 + b"\n") * 10_000)
    sources[1].path.write_bytes(b"mine\n")
    follower = Follower(sources)
    follower.scan()
    chunks = follower.read()
    assert sum(chunk.end - chunk.begin for chunk in chunks) <= following.BATCH_BYTES
    assert {chunk.source.service for chunk in chunks} == {"a", "b"}


def test_backlog_and_lag_tell_what_waits_and_since_when(log: Log) -> None:
    log.write("abc")
    log.follower.scan()
    assert log.follower.backlog() == 4
    log.clock.now = 3.0
    log.write("d")
    log.follower.scan()
    assert log.follower.lag() == 3.0
    log.turns()
    assert (log.follower.backlog(), log.follower.lag()) == (0, 0.0)


STEPS = st.lists(st.sampled_from(["write", "turn", "rename", "truncate", "restart", "half"]), max_size=40)


@given(STEPS)
def test_whatever_happens_no_line_is_lost(steps: list[str]) -> None:
    """Truncation happens when nothing waits; all else at any moment."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        log, half = Log(Path(folder)), b""
        for number, step in enumerate(steps):
            if step == "write":
                log.write(f"{half.decode()}line {number}")
                half = b""
            elif step == "half" and log.path.exists():
                with log.path.open("ab") as file:
                    file.write(part := f"half {number} ".encode())
                half += part
            elif step == "turn":
                log.turn()
            elif step == "rename" and log.path.exists() and not half:
                log.path.rename(log.path.with_name(f"web-1.jsonl.{number}"))
            elif step == "truncate" and log.path.exists() and not half:
                log.settle()
                os.truncate(log.path, 0)
            elif step == "restart":
                log.start_anew()
        if half:
            log.write(half.decode())
        log.settle()
        assert {part for line in log.written for part in line.split(b"half") if b"line" in part} <= {
            part for line in log.read for part in line.split(b"half") if b"line" in part
        }
        log.follower.close()
