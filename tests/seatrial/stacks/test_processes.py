import os
import sys
from pathlib import Path

import pytest

from seatrial.stacks.processes import interpreter, is_running, is_same, resident_bytes, started_at, tail, worker_of

NOBODY = 2**22 + 1  # above Linux's largest process id


@pytest.mark.parametrize(
    "command, started",
    [
        (["python", "-m", "demo"], [sys.executable, "-m", "demo"]),
        (["demo", "python"], ["demo", "python"]),
        (["python3", "x"], ["python3", "x"]),
    ],
    ids=["python", "an argument", "another program"],
)
def test_python_means_the_interpreter_that_runs_this(command: list[str], started: list[str]) -> None:
    assert interpreter(command) == started


def test_the_end_of_a_log_is_shown_indented(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a\nb\nc\n")
    assert tail(tmp_path / "log", lines=2) == "    b\n    c"


@pytest.mark.parametrize("content", ["", None], ids=["empty", "absent"])
def test_a_log_without_lines_says_so(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "log").write_text(content)
    assert tail(tmp_path / "log") == "    (no output)"


def test_this_process_runs_and_nobody_does_not() -> None:
    assert is_running(os.getpid())
    assert not is_running(NOBODY)


@pytest.mark.parametrize(
    "pid, started, same",
    [
        (os.getpid(), started_at(os.getpid()), True),
        (os.getpid(), started_at(os.getpid()) - 10, False),
        (NOBODY, 0.0, False),
        (None, 0.0, False),
        (os.getpid(), None, False),
    ],
    ids=["same", "number came back", "gone", "no pid", "no start"],
)
def test_a_process_is_known_by_number_and_start(*, pid: int | None, started: float | None, same: bool) -> None:
    assert is_same(pid, started) is same


def test_a_main_without_children_is_its_own_worker() -> None:
    assert worker_of(os.getpid(), 1) == os.getpid()


def test_a_main_that_is_gone_has_no_worker() -> None:
    assert worker_of(NOBODY, 1) is None


def test_memory_of_nobody_is_none() -> None:
    assert resident_bytes([NOBODY]) == 0
    assert resident_bytes([os.getpid(), os.getpid()]) > 1_000_000
