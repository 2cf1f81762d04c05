"""A journey over a fake client and a clock that only moves when it is told to."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from seatrial.openloop.client import Client
from seatrial.openloop.errors import ExchangeError, JourneyFailed, NotSent, TimedOut
from seatrial.openloop.journey import Journey, Surroundings, bearer, fresh_key, keyed
from seatrial.openloop.recorder import RequestRow
from seatrial.openloop.steps import Answer, Step, has

PAGE = Step("page", "GET", "/items/{item_id}", {200: has("id")})
ORDER = Step("order", "POST", "/orders", {201: has("id"), 409: None}, keyed=True, authorized=True, ref="id")

ECHO = Step("echo", "POST", "/echo", echoes={"name": "name"})
OWN = Step("own", "GET", "/p/{item_id}", {200: has("id")}, echoes={"id": "item_id"})


class World:
    """Time, a target and the rows. Each exchange takes `takes` seconds and gives the next of `answers`."""

    def __init__(self, *answers: Answer | BaseException, takes: float = 0.5) -> None:
        self.now, self.takes = 100.0, takes
        self.answers = list(answers)
        self.sent: list[tuple[str, str, Mapping[str, str], bytes]] = []
        self.rows: list[RequestRow] = []

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        if isinstance(self.answers[0], NotSent):
            raise self.answers[0]
        self.sent.append((method, target, headers, body))

    def receive(self, _: object) -> Answer:
        self.now += self.takes
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def journey(self, scheduled: float = 100.0, **changes: Any) -> Journey:
        around = Surroundings(
            client=cast("Client", self),
            now=lambda: self.now,
            stage_at=lambda at: "late" if at >= 101 else "early",
            report=lambda row, _: self.rows.append(row),
            think=(0.2, 0.2),
            sleep=self.sleep,
            **changes,
        )
        return Journey("visit", scheduled, 1, around)


FOUND = Answer(200, b'{"id": "a"}')
PLACED = Answer(201, b'{"id": "o-1"}')


def test_the_first_request_is_due_at_the_scheduled_instant() -> None:
    world = World(FOUND)
    world.journey(scheduled=99.0).do(PAGE, item_id="a")
    (row,) = world.rows
    assert (row.intended_start, row.start, row.duration, row.latency) == (99.0, 100.0, 0.5, 1.5)


def test_a_later_request_is_due_when_the_one_before_has_ended_and_thinking_is_done() -> None:
    world = World(FOUND, FOUND)
    journey = world.journey()
    journey.do(PAGE, item_id="a")
    journey.think()
    journey.do(PAGE, item_id="a")
    assert world.rows[1].intended_start == world.rows[1].start == pytest.approx(100.7)


def test_waking_late_from_a_thought_counts_as_latency() -> None:
    world = World(FOUND, FOUND)
    journey = world.journey(data={})
    journey.do(PAGE, item_id="a")
    journey.think()
    world.now += 3.0
    journey.do(PAGE, item_id="a")
    assert world.rows[1].latency == pytest.approx(3.0 - 0.2 + 0.5)


def test_a_row_belongs_to_the_stage_of_its_intended_start() -> None:
    world = World(FOUND, takes=5.0)
    world.journey(scheduled=100.9).do(PAGE, item_id="a")
    assert world.rows[0].stage == "early"


def test_each_request_carries_a_trace_of_its_own_that_the_row_names() -> None:
    world = World(FOUND, FOUND)
    journey = world.journey()
    for _ in range(2):
        journey.do(PAGE, item_id="a")
    carried = [headers["traceparent"] for _, _, headers, _ in world.sent]
    assert carried == [f"00-{row.trace_id}-{row.span_id}-01" for row in world.rows]
    assert len(set(carried)) == 2


def test_a_keyed_step_sends_a_fresh_key_each_time_and_keeps_the_id_of_the_answer() -> None:
    world = World(PLACED, PLACED)
    journey = world.journey()
    for _ in range(2):
        journey.do(ORDER, body={"n": 1})
    assert [headers["Idempotency-Key"] for _, _, headers, _ in world.sent] == [row.key for row in world.rows]
    assert len({row.key for row in world.rows}) == 2
    assert [row.ref for row in world.rows] == ["o-1", "o-1"]


def test_a_key_that_is_given_is_sent_and_kept_instead() -> None:
    world, key = World(PLACED, PLACED), fresh_key()
    journey = world.journey()
    first = journey.do(ORDER, body={"n": 1}, headers=keyed(key))
    journey.do(ORDER, body={"n": 1}, headers=keyed(key), like=first)
    assert [headers["Idempotency-Key"] for _, _, headers, _ in world.sent] == [key, key]
    assert [(row.key, row.ref, row.outcome) for row in world.rows] == [(key, "o-1", "ok")] * 2


def test_another_answer_to_the_same_key_is_wrong() -> None:
    world = World(PLACED, Answer(201, b'{"id": "o-2"}'))
    journey = world.journey()
    first = journey.do(ORDER, body={"n": 1})
    with pytest.raises(JourneyFailed, match="not the body of the first time"):
        journey.do(ORDER, body={"n": 1}, like=first)


def test_a_token_for_one_request_leaves_the_journeys_own() -> None:
    world = World(PLACED, PLACED)
    journey = world.journey()
    journey.token = "mine"
    journey.do(ORDER, headers=bearer("other"))
    journey.do(ORDER)
    assert [headers["Authorization"] for _, _, headers, _ in world.sent] == ["Bearer other", "Bearer mine"]


@pytest.mark.parametrize(
    "step, equal", [(OWN, {}), (PAGE, {"id": "b"})], ids=["the-id-in-the-path", "a-value-that-the-journey-knows"]
)
def test_an_answer_about_something_else_is_wrong(step: Step, equal: dict[str, str]) -> None:
    world = World(FOUND)
    with pytest.raises(JourneyFailed, match="id is 'a'"):
        world.journey().do(step, item_id="b", equal=equal)
    assert world.rows[0].outcome == "wrong"


def test_another_right_answer_without_an_id_has_no_ref() -> None:
    world = World(Answer(409, b'{"type": "sold-out"}'))
    world.journey().do(ORDER, body={"n": 1})
    assert (world.rows[0].outcome, world.rows[0].status, world.rows[0].ref) == ("ok", 409, "")


@pytest.mark.parametrize("step, sent", [(ORDER, "Bearer secret"), (PAGE, None)], ids=["authorized", "open"])
def test_the_token_is_sent_where_it_is_asked_for_only(step: Step, sent: str | None) -> None:
    world = World(PLACED if step is ORDER else FOUND)
    journey = world.journey()
    journey.token = "secret"
    journey.do(step, **({} if step is ORDER else {"item_id": "a"}))
    assert world.sent[0][2].get("Authorization") == sent


@pytest.mark.parametrize(
    "answer, outcome, status, error",
    [
        pytest.param(Answer(500, b"{}"), "wrong", 500, "status 500", id="wrong-status"),
        pytest.param(Answer(200, b"{}"), "wrong", 200, "lacks id", id="wrong-body"),
        pytest.param(TimedOut("no whole answer in 5 s"), "timeout", None, "no whole answer in 5 s", id="timed-out"),
        pytest.param(ExchangeError("reset"), "error", None, "reset", id="broken"),
        pytest.param(NotSent("connection refused"), "error", None, "not sent: connection refused", id="not-sent"),
    ],
)
def test_a_wrong_answer_is_a_row_and_the_end(
    answer: Answer | ExchangeError, outcome: str, status: int | None, error: str
) -> None:
    world = World(answer)
    with pytest.raises(JourneyFailed, match="page: "):
        world.journey().do(PAGE, item_id="a")
    (row,) = world.rows
    assert (row.outcome, row.status, row.error) == (outcome, status, error)


def test_a_request_cut_off_by_the_drain_is_unfinished_and_still_a_row() -> None:
    world = World(GeneratorExit())
    with pytest.raises(GeneratorExit):
        world.journey().do(PAGE, item_id="a")
    assert (world.rows[0].outcome, world.rows[0].error) == ("unfinished", "ended before the answer")


def test_the_same_seed_takes_the_same_way() -> None:
    ways = [[world.journey().random.random() for _ in range(3)] for world in (World(), World())]
    assert ways[0] == ways[1]


Write = Callable[[Journey], object]


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda journey: journey.do(PAGE), id="path-not-filled"),
        pytest.param(lambda journey: journey.do(ORDER, body={"n": float("nan")}), id="body-no-json"),
        pytest.param(lambda journey: journey.do(ECHO, body={"n": 1}), id="nothing-to-echo"),
    ],
)
def test_a_fault_of_the_journey_sends_and_writes_nothing(write: Write) -> None:
    world = World(FOUND)
    with pytest.raises((KeyError, ValueError)):
        write(world.journey())
    assert world.sent == world.rows == []
