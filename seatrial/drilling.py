"""Drills: each alert is made to fire on a fleet that runs, is waited for at whoever is told, and must end again.

Owns the order and the times of one drill after the other, in turns, so that load is driven meanwhile. Leaves what is done to the
fleet to mischief.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from seatrial.alerts.drills import Drill
from seatrial.alerts.firing import Firing
from seatrial.backends.errors import BackendError
from seatrial.checks.finding import Verdict
from seatrial.errors import SeatrialError
from seatrial.mischief import Mischief, Standing
from seatrial.stacks.receiver import FILE, Notified, read_notified
from seatrial.stacks.turns import Turns

LOOK_SECONDS = 0.5
# A drill takes less than 90 s in all.
QUIET_SECONDS, FIRE_SECONDS, TOLD_SECONDS, END_SECONDS = 60.0, 50.0, 10.0, 60.0
# A sign of life comes each two seconds.
SILENT_SECONDS = 7.0


class Watched(Protocol):
    """As much of Prometheus as is asked."""

    def alerts(self) -> Sequence[dict[str, object]]:
        """Those pending or firing. Raises BackendError."""


@dataclass(frozen=True, slots=True)
class DrillOutcome:
    """Seconds from the deed until it fired and until somebody was told, and from the undoing until it was over everywhere.

    `also` fired meanwhile as was expected, `unexpected` was not.
    """

    alert: str
    service: str
    deed: str
    verdict: Verdict
    reason: str = ""
    fired_seconds: float | None = None
    told_seconds: float | None = None
    ended_seconds: float | None = None
    also: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()


@dataclass(slots=True)
class Course:
    """What has been seen of one drill so far."""

    began: float
    fired: float | None = None
    told: float | None = None
    undone: float | None = None
    ended: float | None = None
    others: set[Firing] = field(default_factory=set)


class DrillMaster:
    """Does drills on one stack. `permanent` are alerts that fire always; `tell` is told each outcome."""

    def __init__(
        self,
        standing: Standing,
        prometheus: Watched,
        permanent: frozenset[str],
        tell: Callable[[DrillOutcome], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._standing, self._prometheus, self._permanent = standing, prometheus, permanent
        self._tell, self._clock = tell, clock
        self._file: Path = standing.run_dir / FILE
        self._mischief: Mischief | None = None

    def drilling(self, drills: Sequence[Drill]) -> Turns[list[DrillOutcome]]:
        """One after the other."""
        outcomes = []
        for drill in drills:
            outcome = yield from self._drill(drill)
            self._tell(outcome)
            outcomes.append(outcome)
        return outcomes

    def undoing(self) -> Turns[None]:
        """Undo what is done at the moment: also when drills are interrupted."""
        mischief, self._mischief = self._mischief, None
        if mischief is not None:
            yield from mischief.undoing()

    def _drill(self, drill: Drill) -> Turns[DrillOutcome]:
        loud = yield from self._quiet()
        if loud:
            named = ", ".join(map(str, sorted(loud)))
            return self._outcome(
                drill, Course(self._clock()), Verdict.INCONCLUSIVE, f"not begun: {named} fired already"
            )
        self._mischief = mischief = Mischief(drill, self._standing)
        course = Course(self._clock())
        try:
            yield from self._looking(mischief.doing(), drill, course)
            yield from self._until(lambda: self._seen_firing(drill, course), FIRE_SECONDS, mischief.again)
            if course.fired is not None:
                yield from self._until(lambda: course.told is not None, TOLD_SECONDS, lambda: self._look(drill, course))
            obstacle = ""
        except SeatrialError as error:
            obstacle = str(error)
        course.undone = self._clock()
        try:
            yield from self.undoing()
        except SeatrialError as error:
            obstacle = f"it could not be undone: {error}"
        if obstacle:
            return self._outcome(drill, course, Verdict.INCONCLUSIVE, obstacle)
        if course.fired is not None:
            yield from self._until(lambda: self._seen_ended(drill, course), END_SECONDS)
        return self._judge(drill, course)

    def _quiet(self) -> Turns[set[Firing]]:
        """What still fires when there was time enough for it to end."""
        until = self._clock() + QUIET_SECONDS
        while (loud := self._firing()) and self._clock() < until:
            yield from self._pause()
        return loud

    def _until(
        self, holds: Callable[[], bool], seconds: float, meanwhile: Callable[[], None] = lambda: None
    ) -> Turns[None]:
        until = self._clock() + seconds
        while not holds() and self._clock() < until:
            meanwhile()
            yield from self._pause()

    def _looking(self, turns: Turns[None], drill: Drill, course: Course) -> Turns[None]:
        """A deed that takes its time, looked at meanwhile: what it makes fire may be over when it is done."""
        looked = self._clock()
        for _ in turns:
            if self._clock() - looked > LOOK_SECONDS and not drill.ceases:
                looked = self._clock()
                self._look(drill, course)
            yield

    def _pause(self) -> Turns[None]:
        until = self._clock() + LOOK_SECONDS
        while self._clock() < until:
            yield

    # What is seen

    def _firing(self) -> set[Firing]:
        """All but those that fire always; nothing while Prometheus does not answer."""
        try:
            found = self._prometheus.alerts()
        except BackendError:
            return set()
        labels = [dict(each["labels"]) for each in found if each["state"] == "firing"]  # type: ignore[call-overload]
        return {each for each in map(Firing.of, labels) if each.alert not in self._permanent}

    def _look(self, drill: Drill, course: Course) -> None:
        """Note what fires, and what was heard."""
        now = self._clock()
        for each in self._firing():
            if self._meant(drill, each):
                course.fired = course.fired or now
            else:
                course.others.add(each)
        heard = self._heard(drill, course.began)
        course.told = course.told or next((each.at for each in heard if each.firing), None)
        if course.fired and course.told:  # heard between two looks
            course.fired = min(course.fired, course.told)

    def _seen_firing(self, drill: Drill, course: Course) -> bool:
        if drill.ceases:
            course.fired = course.told = self._silent_since(drill)
            return course.fired is not None
        self._look(drill, course)
        return course.fired is not None

    def _seen_ended(self, drill: Drill, course: Course) -> bool:
        if drill.ceases:
            course.ended = next(
                (each.at for each in self._heard(drill, course.undone or course.began) if each.firing), None
            )
            return course.ended is not None
        self._look(drill, course)
        if not any(self._meant(drill, each) for each in self._firing()) and self._told_over(drill):
            course.ended = self._clock()
        return course.ended is not None

    def _told_over(self, drill: Drill) -> bool:
        """Whether the last that was heard of each is that it is over."""
        last = {each.labels.get("service", ""): each for each in self._heard(drill, 0.0)}
        return bool(last) and all(not each.firing for each in last.values())

    def _silent_since(self, drill: Drill) -> float | None:
        heard = [each.at for each in self._heard(drill, 0.0)]
        now = self._clock()
        return now if heard and now - heard[-1] > SILENT_SECONDS else None

    def _heard(self, drill: Drill, since: float) -> list[Notified]:
        return [
            each
            for each in read_notified(self._file)
            if each.at >= since and self._meant(drill, Firing.of(each.labels))
        ]

    @staticmethod
    def _meant(drill: Drill, firing: Firing) -> bool:
        return firing.alert == drill.alert and drill.service in {"", firing.service}

    # What comes of it

    def _judge(self, drill: Drill, course: Course) -> DrillOutcome:
        if course.fired is None:
            return self._outcome(drill, course, Verdict.FAIL, f"it did not fire within {FIRE_SECONDS:g} s")
        if course.told is None:
            return self._outcome(drill, course, Verdict.FAIL, "it fired, and nobody was told")
        if course.ended is None:
            return self._outcome(drill, course, Verdict.FAIL, f"it was not over within {END_SECONDS:g} s")
        surprises = [each for each in course.others if not drill.expects(each.alert)]
        if surprises:
            named = ", ".join(map(str, sorted(surprises)))
            return self._outcome(drill, course, Verdict.FAIL, f"{named} fired too, which drills.yml does not expect")
        return self._outcome(drill, course, Verdict.PASS, "fired, was told, and ended")

    def _outcome(self, drill: Drill, course: Course, verdict: Verdict, reason: str) -> DrillOutcome:
        def after(at: float | None, since: float | None) -> float | None:
            return None if at is None or since is None else max(0.0, at - since)

        expected = {each for each in course.others if drill.expects(each.alert)}
        return DrillOutcome(
            alert=drill.alert,
            service=drill.service,
            deed=drill.deed,
            verdict=verdict,
            reason=reason,
            fired_seconds=after(course.fired, course.began),
            told_seconds=after(course.told, course.began),
            ended_seconds=after(course.ended, course.undone),
            also=tuple(map(str, sorted(expected))),
            unexpected=tuple(map(str, sorted(course.others - expected))),
        )
