"""The attendant, on a stack whose restarts the test lets end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seatrial.errors import StackError
from seatrial.run_folder import write_json
from seatrial.stacks.owner import Attendant
from seatrial.stacks.turns import Turns


class FakeStack:
    """`at_work` are restarts under way, `may_end` those that may."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.at_work: list[str] = []
        self.may_end: set[str] = set()

    def restarting(self, service: str, replica: int | None = None) -> Turns[None]:
        name = service if replica is None else f"{service}-{replica}"
        self.at_work.append(name)
        while name not in self.may_end:
            yield
        self.at_work.remove(name)
        if name == "broken":
            raise StackError("it does not come up")


@pytest.fixture
def stack(tmp_path: Path) -> FakeStack:
    (tmp_path / "control").mkdir()
    return FakeStack(tmp_path)


def ask(stack: FakeStack, number: int, **asked: Any) -> None:
    write_json(stack.run_dir / "control" / f"{number}.request.json", asked)


def answers(stack: FakeStack) -> dict[str, Any]:
    files = (stack.run_dir / "control").glob("*.answer.json")
    return {file.name.split(".")[0]: json.loads(file.read_text()) for file in files}


def test_a_restart_is_answered_when_it_has_ended(stack: FakeStack) -> None:
    attendant = Attendant(stack, clock=lambda: 1.0)
    ask(stack, 1, action="restart", service="a", replica=2)
    attendant.turn()
    assert (stack.at_work, answers(stack)) == (["a-2"], {})
    stack.may_end.add("a-2")
    attendant.turn()
    assert answers(stack) == {"1": {"seconds": 0.0}}


def test_services_restart_side_by_side(stack: FakeStack) -> None:
    attendant = Attendant(stack)
    ask(stack, 1, action="restart", service="a")
    ask(stack, 2, action="restart", service="b")
    attendant.turn()
    assert stack.at_work == ["a", "b"]


def test_restarts_of_one_service_wait_for_each_other(stack: FakeStack) -> None:
    attendant = Attendant(stack)
    ask(stack, 1, action="restart", service="a", replica=1)
    ask(stack, 2, action="restart", service="a", replica=2)
    attendant.turn()
    assert stack.at_work == ["a-1"]
    stack.may_end.add("a-1")
    attendant.turn()
    attendant.turn()
    assert stack.at_work == ["a-2"]


@pytest.mark.parametrize(
    "asked, words",
    [
        ({"action": "restart", "service": "broken"}, "it does not come up"),
        ({"action": "dance"}, "the owner cannot 'dance'; it can restart."),
        ({}, "the owner cannot None"),
    ],
    ids=["a restart that fails", "another action", "no action"],
)
def test_what_cannot_be_done_is_told(stack: FakeStack, asked: dict[str, Any], words: str) -> None:
    attendant = Attendant(stack)
    stack.may_end.add("broken")
    ask(stack, 1, **asked)
    attendant.turn()
    assert words in answers(stack)["1"]["error"]
    attendant.turn()


def test_finishing_ends_what_is_under_way_and_what_waits(stack: FakeStack) -> None:
    attendant = Attendant(stack)
    for number in (1, 2):
        ask(stack, number, action="restart", service="a", replica=number)
    attendant.turn()
    attendant.finish(lambda _: stack.may_end.update({"a-1", "a-2"}))
    assert set(answers(stack)) == {"1", "2"}
