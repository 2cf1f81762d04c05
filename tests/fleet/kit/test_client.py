"""The course of a call, over a fake transport and a clock that moves only when told."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from fleet.kit import errors, exchange
from fleet.kit.attempts import Attempt
from fleet.kit.balance import TwoChoices
from fleet.kit.breaker import Leave
from fleet.kit.client import Answer, ServiceClient, Timeouts
from fleet.kit.correlation import parse
from fleet.kit.discovery import StaticDiscovery
from fleet.kit.errors import (
    BadRequest,
    ClientError,
    DeadlineExceeded,
    NotFound,
    TimedOut,
    Unavailable,
    UnexpectedAnswer,
)
from fleet.kit.retries import RetryPolicy
from fleet.kit.testing import FakeTransport, Harness, Scripted, harness, received
from fleet.kit.transport import Received, Request, TransportError

REFUSED = TransportError("ConnectionRefused", "no connection", sent=False)
BROKEN = TransportError("ConnectionBroken", "the connection broke", sent=True)
SLOW = TransportError("ReadTimeout", "no answer in time", sent=True, timed_out=True)
OK = received(200, {"id": "x"})


class Neighbours:
    """A gate that refuses the addresses in `shut` and keeps what it hears."""

    def __init__(self, *shut: str) -> None:
        self.shut = set(shut)
        self.heard: list[tuple[str, bool]] = []
        self.gone: set[str] = set()

    def admit(self, callee: str, address: str) -> Leave:
        if address in self.shut:
            raise Unavailable(f"{callee} at {address} is left alone for now.")
        return Leave.CALL

    def settled(self, callee: str, address: str, leave: Leave, *, answered: bool) -> None:
        assert leave is Leave.CALL
        self.heard.append((f"{callee} {address}", answered))

    def forget(self, addresses: Iterable[str]) -> None:
        self.gone.update(addresses)


@dataclass
class World:
    """A client to `a` (two replicas) whose waiting moves its clock."""

    transport: FakeTransport
    now: float = 100.0
    pauses: list[float] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    gate: Neighbours = field(default_factory=Neighbours)

    def attempted(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def client(
        self, timeouts: Timeouts | None = None, addresses: Sequence[str] = ("h:1", "h:2"), attempts: int = 3
    ) -> ServiceClient:
        return ServiceClient(
            callee="a",
            discovery=StaticDiscovery({"a": addresses}),
            policy=RetryPolicy(attempts=attempts),
            gate=self.gate,
            transport=self.transport,
            recorder=self,
            balancer=TwoChoices(sample=lambda addresses, number: list(addresses)[:number]),
            timeouts=timeouts or Timeouts(),
            clock=lambda: self.now,
            wait=self.wait,
            draw=lambda: 1.0,
        )


def world(*script: Scripted) -> World:
    return World(FakeTransport(*script))


def sent(given: World) -> Request:
    (request,) = given.transport.sent
    return request


@pytest.mark.parametrize(
    "options, url",
    [
        pytest.param({"path": {"id": "p 1/2"}}, "http://h:1/v1/things/p%201%2F2", id="path is escaped"),
        pytest.param(
            {"path": {"id": 1}, "params": {"q": "a b&c", "cursor": None, "limit": 5}},
            "http://h:1/v1/things/1?q=a+b%26c&limit=5",
            id="absent parameters are left out",
        ),
    ],
)
def test_url(options: dict[str, dict[str, object]], url: str) -> None:
    given = world(OK)
    given.client().get("/v1/things/{id}", **options)
    assert sent(given).url == url


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_id_that_would_change_the_path_is_not_sent(value: str) -> None:
    given = world(OK)
    with pytest.raises(NotFound):
        given.client().get("/v1/things/{id}", path={"id": value})
    assert given.transport.sent == []


def test_json_and_key_are_sent() -> None:
    given = world(OK)
    given.client().post("/v1/things", json={"a": 1}, idempotency_key="k1", headers={"Authorization": "Bearer t"})
    request = sent(given)
    assert request.body == b'{"a":1}'
    expected = {"Content-Type": "application/json", "Idempotency-Key": "k1", "Authorization": "Bearer t"}
    assert expected.items() <= request.headers.items()


def test_not_a_number_is_never_sent() -> None:
    with pytest.raises(ValueError, match="JSON"):
        world(OK).client().post("/v1/things", json={"a": float("nan")})


def test_answer_is_returned_whatever_its_status() -> None:
    answer = world(received(404, {"title": "Not found"}, X_Y="1")).client().get("/v1/things")
    assert (answer.status, answer.json(), answer.headers) == (404, {"title": "Not found"}, {"X-Y": "1"})


@pytest.mark.parametrize("status, unknown", [(500, True), (418, False)])
def test_unexpected_answer(*, status: int, unknown: bool) -> None:
    answer = world(received(status)).client().post("/v1/things")
    with pytest.raises(UnexpectedAnswer) as raised:
        answer.expect(200, 404)
    assert raised.value.outcome_unknown is unknown


def test_expected_answer_is_itself() -> None:
    answer = Answer("a", 404, {}, b"")
    assert answer.expect(200, 404) is answer


def test_answer_without_json() -> None:
    with pytest.raises(UnexpectedAnswer, match="a answered 200 without JSON"):
        Answer("a", 200, {}, b"<html>").json()


@pytest.mark.parametrize("fault", [REFUSED, BROKEN, SLOW, received(502), received(503), received(504)])
def test_passing_fault_is_tried_again_elsewhere(fault: Scripted) -> None:
    given = world(fault, OK)
    assert given.client().get("/v1/things").status == 200
    assert [request.url for request in given.transport.sent] == ["http://h:1/v1/things", "http://h:2/v1/things"]
    assert [attempt.number for attempt in given.attempts] == [1, 2]


@pytest.mark.parametrize("status", [200, 400, 404, 409, 429, 500, 501])
def test_final_answer_is_not_tried_again(status: int) -> None:
    given = world(received(status))
    given.client().get("/v1/things")
    assert len(given.transport.sent) == 1


@pytest.mark.parametrize("fault", [BROKEN, SLOW, received(503)])
def test_post_without_key_is_never_sent_again(fault: Scripted) -> None:
    given = world(fault)
    with suppress(ClientError):  # a 503 is an answer, the others are none
        given.client().post("/v1/things")
    assert len(given.transport.sent) == 1


def test_post_with_key_is_tried_again_with_the_same_key() -> None:
    given = world(SLOW, OK)
    given.client().post("/v1/things", headers={"idempotency-key": "k1"})
    assert [request.headers["idempotency-key"] for request in given.transport.sent] == ["k1", "k1"]


def test_three_attempts_are_the_most() -> None:
    given = world(REFUSED)
    with pytest.raises(Unavailable):
        given.client().get("/v1/things")
    assert len(given.transport.sent) == 3


def addresses(given: World) -> list[str]:
    return [request.address for request in given.transport.sent]


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_what_was_not_sent_is_tried_again_whatever_it_is(attempts: int) -> None:
    given = world(REFUSED, REFUSED, OK)
    assert given.client(attempts=attempts).post("/v1/things").status == 200
    assert addresses(given) == ["h:1", "h:2", "h:1"]


@pytest.mark.parametrize("second", [BROKEN, SLOW, received(503)])
def test_what_was_sent_by_then_is_not_tried_again(second: Scripted) -> None:
    given = world(REFUSED, second)
    with suppress(ClientError):
        given.client(attempts=1).get("/v1/things")
    assert len(given.transport.sent) == 2


def test_unsent_goes_to_another_replica_at_once_and_waits_before_the_same() -> None:
    given = world(REFUSED)
    with pytest.raises(Unavailable):
        given.client().get("/v1/things")
    assert given.pauses == [0.1]


def test_pauses_grow() -> None:
    given = world(BROKEN)
    with pytest.raises(Unavailable):
        given.client().get("/v1/things")
    assert given.pauses == [0.05, 0.1]


@pytest.mark.parametrize("status", [429, 503])
def test_answer_that_says_when_is_asked_again_then(status: int) -> None:
    given = world(received(status, Retry_After="2"), OK)
    assert given.client().get("/v1/things").status == 200
    assert given.pauses == [2.0]


def test_answer_that_says_a_time_beyond_the_deadline_is_the_last() -> None:
    given = world(received(503, Retry_After="11"))
    assert given.client().get("/v1/things").status == 503
    assert (len(given.transport.sent), given.pauses) == (1, [])


def test_last_answer_is_returned_when_attempts_are_used_up() -> None:
    assert world(received(503)).client().get("/v1/things").status == 503


def test_budget_ends_the_retries() -> None:
    given = world(BROKEN)
    client = given.client()
    for _ in range(20):
        with pytest.raises(Unavailable):
            client.get("/v1/things")
    assert len(given.transport.sent) == 20 + 3 + 4  # a floor of 3, and 20 % of 20 calls


@pytest.mark.parametrize(
    "fault, raised, unknown",
    [
        pytest.param(REFUSED, Unavailable, False, id="not sent"),
        pytest.param(BROKEN, Unavailable, True, id="broken after sending"),
        pytest.param(SLOW, TimedOut, True, id="no answer in time"),
    ],
)
def test_no_answer(*, fault: TransportError, raised: type[ClientError], unknown: bool) -> None:
    with pytest.raises(raised) as caught:
        world(fault).client().post("/v1/things")
    assert (caught.value.callee, caught.value.outcome_unknown) == ("a", unknown)


def test_outcome_stays_unknown_when_a_later_attempt_was_not_sent() -> None:
    with pytest.raises(Unavailable) as caught:
        world(SLOW, REFUSED).client().post("/v1/things", idempotency_key="k")
    assert caught.value.outcome_unknown


def test_no_replica_is_no_attempt() -> None:
    given = world(OK)
    with pytest.raises(Unavailable, match="No replica of a"):
        given.client(addresses=()).post("/v1/things")
    assert (given.transport.sent, given.attempts) == ([], [])


def test_own_deadline_caps_the_timeouts_and_is_passed_on() -> None:
    given = world(OK)
    given.client().get("/v1/things", timeout=0.5)
    request = sent(given)
    assert (request.connect_timeout, request.read_timeout) == (0.5, 0.5)
    assert request.headers["Request-Timeout-Ms"] == "500"


def test_the_requests_deadline_is_the_calls() -> None:
    given = world(OK)
    with exchange.background() as scope:
        scope.deadline = given.now + 2.0
        given.client().get("/v1/things")
    assert sent(given).read_timeout == 2.0


def test_deadline_that_has_passed_stops_the_call() -> None:
    given = world(OK)
    with exchange.background() as scope:
        scope.deadline = given.now - 0.1
        with pytest.raises(DeadlineExceeded) as caught:
            given.client().get("/v1/things")
    assert given.transport.sent == []
    assert not caught.value.outcome_unknown


def test_no_retry_that_would_outlast_the_deadline() -> None:
    given = world(received(503))
    assert given.client().get("/v1/things", timeout=0.04).status == 503
    assert given.pauses == []


def test_timeout_because_of_the_deadline_is_the_deadlines() -> None:
    def slow(request: Request) -> Received:
        given.now += request.read_timeout
        raise SLOW

    given = world(slow)
    with pytest.raises(DeadlineExceeded) as caught:
        given.client().get("/v1/things", timeout=1.0)
    assert caught.value.outcome_unknown


def test_each_attempt_is_a_span_below_the_callers() -> None:
    given = world(REFUSED, OK)
    with exchange.background() as scope:
        given.client().get("/v1/things")
    spans = [parse(request.headers["traceparent"]) for request in given.transport.sent]
    assert {span.trace_id for span in spans if span} == {scope.trace_id}
    assert [span.span_id for span in spans if span] == [attempt.span.span_id for attempt in given.attempts]
    assert {attempt.span.parent_id for attempt in given.attempts} == {scope.span_id}
    assert len({attempt.span.span_id for attempt in given.attempts}) == 2


def test_replica_that_is_left_alone_gets_nothing() -> None:
    given = world(OK)
    given.gate.shut = {"h:1"}
    given.client().get("/v1/things")
    assert addresses(given) == ["h:2"]
    assert given.gate.heard == [("a h:2", True)]


def test_no_replica_that_may_be_called_is_no_attempt() -> None:
    given = world(OK)
    given.gate.shut = {"h:1", "h:2"}
    with pytest.raises(Unavailable, match="No replica of a may be called now") as caught:
        given.client().get("/v1/things")
    assert (given.transport.sent, given.attempts, given.pauses) == ([], [], [])
    assert not caught.value.outcome_unknown


def test_answer_stands_when_nobody_may_be_called_after_it() -> None:
    def answer(_: Request) -> Received:
        given.gate.shut = {"h:1", "h:2"}
        return received(503)

    given = world(answer)
    assert given.client().get("/v1/things").status == 503


@pytest.mark.parametrize(
    "fault, heard",
    [
        pytest.param(received(503), True, id="an answer is an answer"),
        pytest.param(REFUSED, False, id="refused"),
        pytest.param(BROKEN, False, id="broken"),
        pytest.param(SLOW, False, id="too slow"),
    ],
)
def test_gate_hears_whether_an_answer_came(*, fault: Scripted, heard: bool) -> None:
    given = world(fault)
    with suppress(ClientError):
        given.client(attempts=1, addresses=["h:1"]).post("/v1/things")
    assert given.gate.heard[0] == ("a h:1", heard)


def test_replica_that_had_no_time_is_not_blamed() -> None:
    given = world(SLOW)
    with pytest.raises(TimedOut):
        given.client().post("/v1/things", timeout=0.9)
    assert given.gate.heard == []


@pytest.mark.parametrize("value", ["a\nb", " a", "\xa0a", "\N{SNOWMAN}", "a\x7f", "\x00"])
def test_header_that_cannot_be_passed_on_is_refused(value: str) -> None:
    given = world(OK)
    with pytest.raises(BadRequest, match="Idempotency-Key"):
        given.client().post("/v1/things", headers={"Idempotency-Key": value})
    assert given.transport.sent == []


@pytest.mark.parametrize("value", ["", "a", "a b\tc", '"{x}"'])
def test_header_goes_on_as_it_came(value: str) -> None:
    given = world(OK)
    given.client().get("/v1/things", headers={"X": value})
    assert sent(given).headers["X"] == value


CLIENT = "http_client_request_duration_seconds_count"


def in_a_request(transport: FakeTransport) -> Harness:
    kit = harness(transport=transport)
    kit.app.add_url_rule(
        "/through", "through", lambda: kit.app.kit.client("a").get("/v1/things/{id}", path={"id": 1}).body
    )
    kit.app.kit.client("a").wait = lambda _: None
    return kit


def test_one_line_and_one_count_per_attempt() -> None:
    kit = in_a_request(FakeTransport(REFUSED, OK))
    kit.client.get("/through")
    first, second = kit.captured.of("http.client.request")
    (request,) = kit.captured.of("http.server.request")
    assert (first["log.level"], first["error.type"], "http.response.status_code" in first) == (
        "warning",
        "ConnectionRefused",
        False,
    )
    assert (second["log.level"], second["http.response.status_code"], second["server.address"]) == ("info", 200, "a")
    assert first["parent.id"] == second["parent.id"] == request["span.id"]
    labels = {"server_address": "a", "url_template": "/v1/things/{id}", "http_request_method": "GET"}
    assert kit.sample(CLIENT, **labels, http_response_status_code="", error_type="ConnectionRefused") == 1
    assert kit.sample(CLIENT, **labels, http_response_status_code="200", error_type="") == 1
    assert kit.sample("http_client_retries_total", server_address="a") == 1
    kit.assert_contract()


@pytest.mark.parametrize(
    "fault, status, slug",
    [
        pytest.param(REFUSED, 503, "callee-unavailable", id="unavailable"),
        pytest.param(SLOW, 504, "callee-timed-out", id="timed out"),
    ],
)
def test_unhandled_it_is_the_services_own_answer(fault: TransportError, status: int, slug: str) -> None:
    answer = in_a_request(FakeTransport(fault)).client.get("/through")
    assert (answer.status_code, answer.get_json()["type"].rsplit("/", 1)[-1]) == (status, slug)


def test_one_callee_is_one_client() -> None:
    kit = harness().app.kit
    assert kit.client("a") is kit.client("a")
    assert kit.client("a") is not kit.client("b")


def test_every_client_error_is_a_problem() -> None:
    kinds = [Unavailable, TimedOut, DeadlineExceeded, UnexpectedAnswer]
    assert all(issubclass(kind, errors.ProblemError) and kind.status >= 502 for kind in kinds)
