"""The order of a planned restart, on a site that only writes down what it is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from seatrial.errors import StackError
from seatrial.stacks.boxes import Box
from seatrial.stacks.draining import Traffic
from seatrial.stacks.places import Place
from seatrial.stacks.restarting import Restarted, restarted
from seatrial.stacks.turns import Turns, to_the_end


@dataclass
class FakeChild:
    site: FakeSite
    name: str = "a-2"
    returncode: int | None = None

    def terminate(self) -> None:
        self.site.done.append("terminate")
        self.returncode = 0 if self.returncode is None else self.returncode

    def kill(self) -> None:
        pass


@dataclass
class FakeSite:
    """`next_child` is what `start` puts into the place, if it is a new one each time."""

    place: Place | Box = field(default_factory=lambda: Place("a", 2, 1, 2))
    done: list[str] = field(default_factory=list)
    dies: bool = False
    held: bool = False
    fails: bool = False
    now: float = 0.0
    next_child: FakeChild | None = None

    def __post_init__(self) -> None:
        self.child = FakeChild(self)
        self.place.child = cast("Any", self.child)

    def clock(self) -> float:
        return self.now

    def watch(self) -> None:
        if self.dies:
            self.place.lost, self.child.returncode = True, 1

    def publish(self) -> None:
        self.done.append("listed" if self.place.listed else "not listed")

    def traffic(self, place: Place | Box) -> Traffic | None:
        if self.done[-1] != "look":
            self.done.append("look")
        return None if place.lost else Traffic(0, 5)

    def keep_counts(self, _place: Place | Box) -> None:
        self.done.append("keep")

    def is_free(self, _place: Place | Box) -> bool:
        return not self.held

    def start(self, place: Place | Box) -> None:
        self.done.append("start")
        place.child = cast("Any", self.next_child or place.child)

    def await_ready(self, _places: list[Place | Box]) -> Turns[None]:
        yield
        if self.fails:
            raise StackError("not ready")
        self.done.append("ready")

    def restart(self, *, alone: bool = False) -> Restarted:
        return to_the_end(restarted(self, self.place, alone=alone, clock=self.clock), self.pass_by)

    def pass_by(self, _seconds: float) -> None:
        self.now += 0.1


def box() -> Box:
    return Box("a", 2, 1, 2, hostname="host", child=cast("Any", None), address="172.18.0.2", pid=7)


@pytest.mark.parametrize(
    "site, alone, done",
    [
        pytest.param(
            FakeSite(),
            False,
            ["not listed", "look", "keep", "terminate", "start", "ready", "listed"],
            id="with siblings",
        ),
        pytest.param(FakeSite(), True, ["keep", "terminate", "start", "ready"], id="alone"),
        pytest.param(
            FakeSite(dies=True),
            False,
            ["not listed", "keep", "terminate", "start", "ready", "listed"],
            id="died, siblings",
        ),
        pytest.param(
            FakeSite(box()),
            False,
            ["not listed", "look", "keep", "terminate", "start", "ready", "listed"],
            id="a container with siblings",
        ),
        pytest.param(
            FakeSite(box(), dies=True), True, ["keep", "terminate", "start", "ready"], id="a container that died, alone"
        ),
        pytest.param(FakeSite(dies=True), True, ["keep", "terminate", "start", "ready"], id="died, alone"),
    ],
)
def test_the_order(site: FakeSite, done: list[str], *, alone: bool) -> None:
    site.restart(alone=alone)
    assert site.done == done


def test_its_end_is_told() -> None:
    told = FakeSite().restart()
    assert told.stop is not None
    assert (told.stop.code, told.stop.killed, told.emptied) == (0, False, True)
    assert told.seconds > told.down_seconds > 0


def test_the_end_that_is_told_is_of_who_was_there_before() -> None:
    site = FakeSite(box())
    site.next_child = FakeChild(site, "next")
    told = site.restart()
    assert told.stop is not None
    assert (told.stop.instance, told.stop.code) == ("a-2", 0)
    assert site.place.child is cast("Any", site.next_child)
    assert site.next_child.returncode is None


def test_who_had_died_has_no_planned_end() -> None:
    assert FakeSite(dies=True).restart().stop is None


def test_who_does_not_come_up_stays_out_of_discovery() -> None:
    site = FakeSite(fails=True)
    with pytest.raises(StackError, match="not ready"):
        site.restart()
    assert not site.place.listed


def test_who_comes_up_at_last_is_listed_again() -> None:
    site = FakeSite()
    site.place.listed = False
    site.restart(alone=True)
    assert site.done[-1] == "listed"


def test_ports_that_stay_held_are_told() -> None:
    with pytest.raises(StackError, match="its ports 1 and 2 are held"):
        FakeSite(held=True).restart()
