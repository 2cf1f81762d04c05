"""The rules of rest and of patience, by a clock that each turn moves."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from seatrial.project.telemetry import Metric, Roles, ServerRequests, Telemetry
from seatrial.stacks.draining import REST_SECONDS, Traffic, emptied, stopped, traffic
from seatrial.stacks.protocol import StopRecord
from seatrial.stacks.turns import Turns, to_the_end

TELEMETRY = Telemetry(
    metrics={"served": Metric(type="histogram")},
    roles=Roles(
        server_requests=ServerRequests(metric="served", method="method", route="route", status="status"),
        active_requests="active",
        ignored_routes=("/metrics",),
    ),
)
QUIET, BUSY = Traffic(0, 7), Traffic(1, 7)
STEP = 0.1


@dataclass
class Time:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, _seconds: float) -> None:
        self.now += STEP


def finish(turns: Turns[bool], time: Time) -> bool:
    return to_the_end(turns, time.pass_by)


def looks(*seen: Traffic | None) -> list[Traffic | None]:
    """What each look finds; the last is found from then on."""
    return list(seen)


def watching(time: Time, seen: list[Traffic | None], patience: float = 10.0) -> Turns[bool]:
    return emptied(lambda: seen.pop(0) if len(seen) > 1 else seen[0], clock=time, patience=patience)


@pytest.mark.parametrize(
    "seen, seconds",
    [
        pytest.param(looks(QUIET), REST_SECONDS, id="nothing to do"),
        pytest.param(looks(BUSY, BUSY, BUSY, QUIET), REST_SECONDS + 3 * STEP, id="a request under way"),
        pytest.param(
            looks(QUIET, QUIET, Traffic(0, 8), QUIET), REST_SECONDS + 3 * STEP, id="a request between two looks"
        ),
        pytest.param(looks(None), REST_SECONDS, id="nobody answers"),
        pytest.param(looks(BUSY, None), REST_SECONDS + STEP, id="it dies"),
    ],
)
def test_a_replica_is_empty_when_it_has_rested(seen: list[Traffic | None], seconds: float) -> None:
    time = Time()
    assert finish(watching(time, seen), time)
    assert time.now == pytest.approx(seconds, abs=STEP * 1.01)


@pytest.mark.parametrize(
    "seen", [looks(BUSY), [Traffic(0, n) for n in range(100)]], ids=["a request hangs", "callers do not notice"]
)
def test_patience_has_an_end(seen: list[Traffic | None]) -> None:
    time = Time()
    assert not finish(watching(time, seen, patience=2.0), time)
    assert time.now == pytest.approx(2.0, abs=STEP * 1.01)


@pytest.mark.parametrize(
    "text, found",
    [
        ('active 2\nserved_count{route="/a"} 3\nserved_count{route="/b"} 4\n', Traffic(2, 7)),
        ('served_count{route="/metrics"} 9\nserved_count{route="/b"} 4\n', Traffic(0, 4)),
        ("other 1\n", Traffic(0, 0)),
        ("<html>", None),
        (None, None),
    ],
    ids=["both", "the look itself", "neither", "rubbish", "no answer"],
)
def test_activity_is_read_from_the_metrics(text: str | None, found: Traffic | None) -> None:
    assert traffic(text, TELEMETRY, "front") == found


def test_metrics_that_tell_of_no_requests_show_no_activity() -> None:
    assert traffic("other 1\n", Telemetry(), "front") is None


@dataclass
class FakeChild:
    """Ends `lasts` seconds after it was asked."""

    name: str
    time: Time
    lasts: float = 0.0
    code: int = 0
    asked: float | None = None
    ended: int | None = None
    killed: list[float] = field(default_factory=list)

    @property
    def returncode(self) -> int | None:
        if self.ended is None and self.asked is not None and self.time.now >= self.asked + self.lasts:
            self.ended = self.code
        return self.ended

    def terminate(self) -> None:
        self.asked = self.time.now

    def kill(self) -> None:
        self.killed.append(self.time.now)
        self.ended = -9 if self.returncode is None else self.ended


def stop(time: Time, *children: FakeChild) -> list[StopRecord]:
    return to_the_end(stopped(children, clock=time, patience=3.0), time.pass_by)


def test_each_has_its_own_seconds_and_code() -> None:
    time = Time()
    records = stop(time, FakeChild("slow-1", time, lasts=1.0), FakeChild("quick-1", time, lasts=0.2, code=3))
    assert [(each.instance, each.code, each.killed) for each in records] == [
        ("quick-1", 3, False),
        ("slow-1", 0, False),
    ]
    assert [each.seconds for each in records] == [pytest.approx(0.2, abs=0.11), pytest.approx(1.0, abs=0.11)]


def test_who_runs_on_is_killed() -> None:
    time = Time()
    (record,) = stop(time, FakeChild("deaf-1", time, lasts=99.0))
    assert (record.code, record.killed) == (-9, True)
    assert record.seconds == pytest.approx(3.0, abs=0.11)


def test_what_an_ended_main_left_behind_is_killed_too() -> None:
    time = Time()
    child = FakeChild("a-1", time)
    assert [each.killed for each in stop(time, child)] == [False]
    assert len(child.killed) == 1


def test_nobody_needs_no_time() -> None:
    assert stop(Time()) == []
