from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from seatrial.errors import StackError
from seatrial.stacks.readiness import ready
from seatrial.stacks.turns import to_the_end


@dataclass
class FakeChild:
    name: str
    output: Path
    returncode: int | None = None


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds * 10


@pytest.fixture
def output(tmp_path: Path) -> Path:
    (tmp_path / "a.out").write_text("the disk is full\n")
    return tmp_path / "a.out"


def wait(answers: dict[str, float], *children: FakeChild) -> list[str]:
    """`answers` says from when on each is ready."""
    time, told = Time(), list[str]()

    def holds(at: float) -> bool:
        return time.now >= at

    turns = ready(
        {name: partial(holds, at) for name, at in answers.items()},
        children,
        lambda name, _seconds: told.append(name),
        clock=time,
    )
    to_the_end(turns, time.pass_by)
    return told


def test_each_is_told_when_it_answers(output: Path) -> None:
    assert wait({"b": 2.0, "a": 0.0}, FakeChild("a", output), FakeChild("b", output)) == ["a", "b"]


def test_a_child_that_ends_is_told_with_its_log(output: Path) -> None:
    with pytest.raises(StackError, match=r"a ended with exit code 3 while it started.*\n.*the disk is full"):
        wait({"a": 9.0}, FakeChild("a", output, returncode=3))


def test_what_ended_after_it_was_ready_is_not_told_here(output: Path) -> None:
    assert wait({"b": 1.0}, FakeChild("a", output, returncode=3), FakeChild("b", output)) == ["b"]


def test_patience_has_an_end(output: Path) -> None:
    with pytest.raises(StackError, match=r"not ready after 30 s: a\.\n.*\n.*the disk is full"):
        wait({"a": 99.0}, FakeChild("a", output))
