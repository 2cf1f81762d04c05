"""The course of a call, over a fake transport and a clock that moves only when told."""

from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from fleet.kit import errors, exchange
from fleet.kit.attempts import Attempt
from fleet.kit.client import Answer, ServiceClient, Timeouts
from fleet.kit.correlation import parse
from fleet.kit.discovery import StaticDiscovery
from fleet.kit.errors import ClientError, DeadlineExceeded, NotFound, TimedOut, Unavailable, UnexpectedAnswer
from fleet.kit.testing import FakeTransport, Harness, Scripted, harness, received
from fleet.kit.transport import Received, Request, TransportError

REFUSED = TransportError("ConnectionRefused", "no connection", sent=False)
BROKEN = TransportError("ConnectionBroken", "the connection broke", sent=True)
SLOW = TransportError("ReadTimeout", "no answer in time", sent=True, timed_out=True)
OK = received(200, {"id": "x"})


@dataclass
class World:
    """A client to `a` (two replicas) whose waiting moves its clock."""

    transport: FakeTransport
    now: float = 100.0
    pauses: list[float] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def attempted(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def client(self, timeouts: Timeouts | None = None, addresses: tuple[str, ...] = ("h:1", "h:2")) -> ServiceClient:
        return ServiceClient(
            callee="a",
            discovery=StaticDiscovery({"a": addresses}),
            transport=self.transport,
            recorder=self,
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


@pytest.mark.parametrize("fault", [REFUSED, BROKEN, SLOW, received(503)])
def test_post_without_key_is_never_tried_again(fault: Scripted) -> None:
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
    assert given.pauses == [0.05, 0.1]


def test_last_answer_is_returned_when_attempts_are_used_up() -> None:
    assert world(received(503)).client().get("/v1/things").status == 503


def test_budget_ends_the_retries() -> None:
    given = world(REFUSED)
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


class ShutGate:
    def __init__(self) -> None:
        self.seen: list[tuple[str, bool]] = []

    def admit(self, callee: str, address: str) -> None:
        if address == "h:1":
            raise Unavailable(f"{callee} at {address} is left alone for now.")

    def settled(self, callee: str, address: str, *, ok: bool) -> None:
        self.seen.append((f"{callee} {address}", ok))


def test_gate_refuses_before_anything_is_sent_and_hears_how_the_rest_ended() -> None:
    given, gate = world(OK), ShutGate()
    client = given.client()
    client.gate = gate
    assert client.get("/v1/things").status == 200
    assert sent(given).url == "http://h:2/v1/things"
    assert gate.seen == [("a h:2", True)]


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
