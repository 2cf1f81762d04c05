"""Losses, each told once; processes are fakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import pytest

from seatrial.stacks.places import Place
from seatrial.stacks.processes import Child
from seatrial.stacks.protocol import UnplannedExit
from seatrial.stacks.watch import Watch

MAIN, WORKER, NEXT_WORKER = 10, 11, 12


@dataclass
class FakeChild:
    name: str = "a-1"
    pid: int = MAIN
    returncode: int | None = None
    asked_to_stop: bool = False


@dataclass
class Scene:
    """One replica of two processes, and who of them lives."""

    main: FakeChild = field(default_factory=FakeChild)
    alive: set[int] = field(default_factory=lambda: {MAIN, WORKER})
    told: list[tuple[str, int, int | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.place = Place("a", 1, 1, 2, child=cast("Child", self.main), worker_pid=WORKER)
        self.watch = Watch(self.tell, alive=lambda pid: pid in self.alive, worker=self.worker_of, clock=lambda: 5.0)

    def tell(self, found: UnplannedExit) -> None:
        self.told.append((found.name, found.pid, found.returncode))

    def worker_of(self, main: int, _port: int) -> int | None:
        return max(self.alive, default=main)

    def look(self) -> None:
        self.watch.look([self.place])

    def kill(self, *pids: int, code: int = -9) -> None:
        self.alive -= set(pids)
        self.main.returncode = code if MAIN in pids else self.main.returncode


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_while_all_live_nothing_is_told(scene: Scene) -> None:
    scene.look()
    assert scene.told == []
    assert not scene.place.lost


@pytest.mark.parametrize(
    "first, then, told",
    [
        pytest.param((WORKER,), (MAIN,), ("a-1 worker", WORKER, None), id="the main follows its worker"),
        pytest.param((MAIN,), (WORKER,), ("a-1", MAIN, -9), id="the worker follows its main"),
        pytest.param((MAIN, WORKER), (), ("a-1", MAIN, -9), id="both at once"),
        pytest.param((WORKER,), (), ("a-1 worker", WORKER, None), id="a worker alone"),
    ],
)
def test_a_loss_is_told_once(
    scene: Scene, first: tuple[int, ...], then: tuple[int, ...], told: tuple[str, int, int | None]
) -> None:
    for pids in (first, then, ()):
        scene.kill(*pids)
        scene.look()
    assert scene.told == [told]
    assert (scene.place.lost, scene.place.worker_pid) == (True, None)
    assert scene.watch.exits == [UnplannedExit(*told, at=5.0)]


def test_what_was_asked_to_stop_is_no_loss(scene: Scene) -> None:
    scene.main.asked_to_stop = True
    scene.kill(MAIN, WORKER, code=0)
    scene.look()
    assert scene.told == []


@pytest.mark.parametrize("pids", [(NEXT_WORKER,), (MAIN,)], ids=["the worker", "the main"])
def test_the_end_of_a_worker_that_the_main_started_anew_is_another_loss(scene: Scene, pids: tuple[int, ...]) -> None:
    scene.kill(WORKER)
    scene.look()
    scene.alive.add(NEXT_WORKER)
    scene.look()
    assert (scene.place.lost, scene.place.worker_pid) == (False, NEXT_WORKER)
    scene.kill(*pids)
    scene.look()
    assert len(scene.told) == 2


def test_a_main_that_is_its_own_worker_is_one_process(scene: Scene) -> None:
    scene.place.worker_pid = MAIN
    scene.kill(MAIN)
    scene.look()
    assert scene.told == [("a-1", MAIN, -9)]


def test_other_children_are_told_once_too(scene: Scene) -> None:
    other = cast("Child", FakeChild("prometheus", 20, returncode=1))
    for _ in range(2):
        scene.watch.look([scene.place], [other])
    assert scene.told == [("prometheus", 20, 1)]
