"""Drills on a stack that is played: what fires, what is heard, and what is done are all data."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from seatrial import drilling
from seatrial.alerts.drills import Drill
from seatrial.backends.errors import Unreachable
from seatrial.checks.finding import Verdict
from seatrial.drilling import DrillMaster, DrillOutcome
from seatrial.errors import StackError
from seatrial.stacks.turns import to_the_end

DRILL = Drill(alert="Slow", service="web", fault=["latency=1@web"], also=["Busy*"])


@dataclass
class Stage:
    """A stack whose alerts follow a script: seconds after the deed until they fire, and after the undoing until they end.

    `now` goes on by half a second at each look.
    """

    file: Path
    fires: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    told: bool = True
    told_over: bool = True
    loud: bool = False
    silent: bool = False
    done: float | None = None
    undone: float | None = None
    deeds: list[str] = field(default_factory=list)
    now: float = 1000.0

    def clock(self) -> float:
        self.now += 0.25
        self._tell()
        return self.now

    def alerts(self) -> list[dict[str, Any]]:
        if self.silent:
            raise Unreachable("stopped")
        found = [{"state": "firing", "labels": {"alertname": "Watchdog", "service": "observability"}}]
        found += [{"state": "pending", "labels": {"alertname": "Soon", "service": "web"}}]
        found += [{"state": "firing", "labels": {"alertname": "Loud", "service": "x"}}] if self.loud else []
        return found + [
            {"state": "firing", "labels": {"alertname": name, "service": service}}
            for (name, service), times in self.fires.items()
            if self._fires(times)
        ]

    def _fires(self, times: tuple[float, float]) -> bool:
        if self.done is None or self.now < self.done + times[0]:
            return False
        return self.undone is None or self.now < self.undone + times[1]

    def _tell(self) -> None:
        """The receiver hears of each that fires, and once that it is over."""
        heard = []
        for (name, service), times in self.fires.items():
            labels = {"alertname": name, "service": service}
            if self.told and self._fires(times):
                heard.append({"at": self.now, "firing": True, "labels": labels})
            elif self.told_over and self.undone is not None and self.now >= self.undone + times[1]:
                heard.append({"at": self.now, "firing": False, "labels": labels})
        if self.done is None or self.undone is not None:
            heard.append({"at": self.now, "firing": True, "labels": {"alertname": "Watchdog", "service": "o"}})
        with self.file.open("a") as file:
            file.writelines(json.dumps(each) + "\n" for each in heard)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    played = Stage(tmp_path / "alerts.jsonl")

    class Deed:
        def __init__(self, drill: Drill, _: Any) -> None:
            self.drill = drill

        def doing(self) -> Iterator[None]:
            played.deeds.append("done")
            played.done = played.now
            if self.drill.kill == "nobody":
                raise StackError("the stack runs no nobody.")
            yield

        def again(self) -> None:
            played.deeds.append("again")

        def undoing(self) -> Iterator[None]:
            played.deeds.append("undone")
            played.undone = played.now
            yield

    monkeypatch.setattr(drilling, "Mischief", Deed)
    return played


def drill(stage: Stage, chosen: Drill = DRILL) -> DrillOutcome:
    told: list[DrillOutcome] = []
    standing = type("Standing", (), {"run_dir": stage.file.parent})()
    master = DrillMaster(standing, stage, frozenset({"Watchdog"}), told.append, stage.clock)
    (outcome,) = to_the_end(master.drilling([chosen]), lambda _: None)
    assert told == [outcome]
    return outcome


def test_an_alert_that_fires_is_told_and_ends_is_proven(stage: Stage) -> None:
    stage.fires = {("Slow", "web"): (3, 2), ("BusyThreads", "web"): (2, 1)}
    found = drill(stage)
    assert (found.verdict, found.also, found.unexpected) == (Verdict.PASS, ("BusyThreads (web)",), ())
    assert found.fired_seconds == pytest.approx(3, abs=1.5)
    assert found.told_seconds == pytest.approx(3, abs=1.5)
    assert found.ended_seconds == pytest.approx(2, abs=2)
    assert stage.deeds.count("undone") == 1
    assert "again" in stage.deeds


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda stage: stage.fires.clear(), "it did not fire within"),
        (lambda stage: stage.fires.update({("Slow", "web"): (1, 1e9)}), "it was not over within"),
        (lambda stage: setattr(stage, "told", False), "nobody was told"),
        (lambda stage: setattr(stage, "told_over", False), "it was not over within"),
        (lambda stage: stage.fires.update({("Strange", "web"): (1, 1)}), "Strange (web) fired too"),
        (lambda stage: stage.fires.update({("Slow", "web"): (1e9, 1), ("Slow", "other"): (1, 1)}), "it did not fire"),
    ],
    ids=["silent", "goes on", "unheard", "never over", "another", "at another service"],
)
def test_what_is_amiss_fails(change: Callable[[Stage], None], said: str, stage: Stage) -> None:
    stage.fires = {("Slow", "web"): (1, 1)}
    change(stage)
    found = drill(stage)
    assert found.verdict is Verdict.FAIL
    assert said in found.reason
    assert stage.deeds[-1] == "undone"


def test_a_drill_does_not_begin_while_another_alert_fires(stage: Stage) -> None:
    stage.loud = True
    found = drill(stage)
    assert (found.verdict, stage.deeds) == (Verdict.INCONCLUSIVE, [])
    assert "Loud (x) fired already" in found.reason


def test_a_deed_that_cannot_be_done_is_inconclusive_and_undone(stage: Stage) -> None:
    found = drill(stage, Drill(alert="Slow", kill="nobody"))
    assert (found.verdict, found.reason) == (Verdict.INCONCLUSIVE, "the stack runs no nobody.")
    assert stage.deeds == ["done", "undone"]


def test_a_dead_mans_switch_is_proven_by_its_silence(stage: Stage) -> None:
    found = drill(stage, Drill(alert="Watchdog", ceases=True, freeze="prometheus"))
    assert found.verdict is Verdict.PASS
    assert found.fired_seconds is not None
    assert found.fired_seconds > drilling.SILENT_SECONDS


def test_a_switch_that_is_heard_on_is_not_proven(stage: Stage) -> None:
    stage.fires = {("Watchdog", "o"): (0, 1e9)}
    assert drill(stage, Drill(alert="Watchdog", ceases=True, freeze="prometheus")).verdict is Verdict.FAIL


def test_interrupted_drills_are_undone(stage: Stage) -> None:
    standing = type("Standing", (), {"run_dir": stage.file.parent})()
    master = DrillMaster(standing, stage, frozenset({"Watchdog"}), lambda _: None, stage.clock)
    turns = master.drilling([DRILL])
    while "again" not in stage.deeds:
        next(turns)
    turns.close()
    to_the_end(master.undoing(), lambda _: None)
    to_the_end(master.undoing(), lambda _: None)
    assert stage.deeds.count("undone") == 1


@pytest.mark.parametrize(
    "chosen, said",
    [
        (DRILL, "latency=1@web"),
        (Drill(alert="A", kill="web"), "kill web"),
        (Drill(alert="A", restart="web", times=3), "restart web, 3 times"),
        (Drill(alert="A", run=["python", "-m", "x"]), "python -m x"),
    ],
)
def test_a_deed_in_few_words(chosen: Drill, said: str) -> None:
    assert chosen.deed == said
