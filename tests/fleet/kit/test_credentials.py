from __future__ import annotations

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from urllib.parse import parse_qs, unquote_plus

import pytest

from fleet.kit.credentials import ServiceTokens, lease, read_secret
from fleet.kit.errors import SettingsError, Unavailable
from fleet.kit.settings import Settings
from fleet.kit.testing import FakeTransport, Harness, Issuer, harness, received, static_keys
from fleet.kit.tokens import Token, Verifier
from fleet.kit.transport import Received, Request, TransportError

TIMEOUT = 5.0
SECRET = "correct:horse+battery staple"
GRANTS = {"inventory": "reservations", "payments": "charges"}
REFUSED = TransportError("ConnectionRefused", "no connection", sent=False)
SLOW = TransportError("ReadTimeout", "no answer in time", sent=True, timed_out=True)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Users(Issuer):
    """The issuer, which may fail, or keep its callers waiting."""

    def __init__(self) -> None:
        super().__init__(grants=GRANTS)
        self.failure: TransportError | Received | None = None
        self.may_answer = Event()
        self.may_answer.set()
        self.began = Event()

    def __call__(self, request: Request) -> Received:
        self.began.set()
        assert self.may_answer.wait(TIMEOUT)
        answer = super().__call__(request)
        if isinstance(self.failure, TransportError):
            raise self.failure
        return self.failure or answer


class Bench:
    """The orders' tokens, with a clock and an issuer that a test handles."""

    def __init__(self, secret: str = SECRET) -> None:
        self.clock, self.users = Clock(), Users()
        self.transport = FakeTransport(self.users)
        self.made: Harness = harness("orders", transport=self.transport)
        kit = self.made.app.kit
        self.tokens = ServiceTokens(kit.client("users"), "orders", secret, self.clock, logs=kit.logs)

    @property
    def fetches(self) -> int:
        return len(self.users.asked)

    def text(self, audience: str = "inventory") -> str:
        return self.tokens.headers(audience)["Authorization"].removeprefix("Bearer ")

    def token(self, audience: str) -> Token:
        return Verifier(static_keys(), audience=audience).verify(self.text(audience))

    def settle(self) -> None:
        """Wait for what is done behind the requests."""
        for thread in threading.enumerate():
            if thread.name == "renewal":
                thread.join(TIMEOUT)


@pytest.mark.parametrize("audience,scope", GRANTS.items(), ids=GRANTS.keys())
def test_a_token_is_for_its_callee_alone_and_allows_what_was_granted(audience: str, scope: str) -> None:
    token = Bench().token(audience)
    assert (token.subject, token.client_id, token.scopes) == ("orders", "orders", {scope})


def test_it_is_asked_for_as_the_standard_says() -> None:
    bench = Bench()
    bench.text()
    [sent] = bench.transport.sent
    assert (sent.method, sent.url) == ("POST", "http://127.0.0.1:8005/oauth2/token")
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs((sent.body or b"").decode()) == {"grant_type": ["client_credentials"], "audience": ["inventory"]}


def test_id_and_secret_are_form_encoded_so_that_one_colon_parts_them() -> None:
    bench = Bench()
    bench.text()
    scheme, _, pair = bench.transport.sent[0].headers["Authorization"].partition(" ")
    name, _, secret = base64.b64decode(pair).decode().partition(":")
    assert (scheme, unquote_plus(name), unquote_plus(secret)) == ("Basic", "orders", SECRET)


def test_each_callee_has_its_own_token_and_each_is_fetched_once() -> None:
    bench = Bench()
    texts = [bench.text(audience) for audience in ("inventory", "payments", "inventory", "payments")]
    assert (texts[:2] == texts[2:], texts[0] != texts[1], bench.fetches) == (True, True, 2)


def test_a_token_is_renewed_at_four_fifths_of_its_life_and_nobody_waits() -> None:
    bench = Bench()
    first = bench.text()
    bench.clock.now += 239
    assert (bench.text(), bench.fetches) == (first, 1)
    bench.clock.now += 1
    bench.users.may_answer.clear()
    assert bench.text() == first
    bench.users.may_answer.set()
    bench.settle()
    assert (bench.text() != first, bench.fetches) == (True, 2)


def test_while_it_cannot_be_renewed_a_token_is_used_until_its_end() -> None:
    bench = Bench()
    first = bench.text()
    bench.users.failure = REFUSED
    bench.clock.now += 297
    assert bench.text() == first
    bench.settle()
    bench.clock.now += 1
    with pytest.raises(Unavailable):
        bench.text()


def test_concurrent_first_calls_make_one_fetch() -> None:
    bench, together = Bench(), Barrier(32)
    bench.users.may_answer.clear()

    def one(_: int) -> str:
        together.wait(TIMEOUT)
        return bench.text()

    with ThreadPoolExecutor(32) as threads:
        texts = threads.map(one, range(32))
        assert bench.users.began.wait(TIMEOUT)
        bench.users.may_answer.set()
        assert (len(set(texts)), bench.fetches) == (1, 1)


def test_one_callees_token_does_not_wait_for_anothers() -> None:
    bench = Bench()
    bench.text("payments")
    bench.users.began.clear()
    bench.users.may_answer.clear()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(bench.text, "inventory")
        assert bench.users.began.wait(TIMEOUT)
        assert bench.text("payments")
        bench.users.may_answer.set()
        assert waiting.result(TIMEOUT)


@pytest.mark.parametrize(
    "failure",
    [
        REFUSED,
        SLOW,
        received(401, {"error": "invalid_client"}),
        received(400, {"error": "invalid_target"}),
        received(500),
        received(200, []),
        received(200, {"access_token": "a.b.c"}),
        Received(200, {}, b"<html>"),
    ],
    ids=["refused", "slow", "401", "400", "500", "list", "half", "html"],
)
def test_without_a_token_nothing_was_sent_to_the_callee_and_that_is_certain(failure: TransportError | Received) -> None:
    bench = Bench()
    bench.users.failure = failure
    with pytest.raises(Unavailable) as caught:
        bench.tokens.headers("inventory")
    assert caught.value.outcome_unknown is False


def test_a_failed_fetch_is_tried_again_after_a_second_and_not_before() -> None:
    bench = Bench()
    bench.users.failure = received(503)
    for _ in range(5):
        with pytest.raises(Unavailable):
            bench.text()
    fetches, bench.users.failure = bench.fetches, None
    bench.clock.now += 1
    assert bench.text()
    assert (fetches, bench.fetches) == (1, 2)


@pytest.mark.parametrize("status", [400, 401])
def test_a_refusal_is_an_error_in_the_log_that_names_who_and_whom(status: int) -> None:
    bench = Bench()
    bench.users.failure = received(status, {"error": "invalid_client"})
    with pytest.raises(Unavailable):
        bench.text()
    [line] = bench.made.captured.of("credentials.refused")
    assert (line["log.level"], line["server.address"]) == ("error", "users")
    assert line["message"] == f"users refuses orders a token for inventory: {status}"


def test_the_secret_and_the_token_are_in_no_line_and_no_message() -> None:
    bench = Bench("hush-hush-secret")
    token = bench.text()
    bench.users.failure = received(401)
    with pytest.raises(Unavailable) as caught:
        bench.text("payments")
    told = json.dumps(bench.made.captured.lines) + str(caught.value) + repr(bench.tokens)
    basic = base64.b64encode(b"orders:hush-hush-secret").decode()
    assert [hidden for hidden in ("hush", basic, token) if hidden in told] == []


@pytest.mark.parametrize(
    "document",
    [
        None,
        "token",
        {},
        {"access_token": "", "token_type": "Bearer", "expires_in": 60},
        {"access_token": 5, "token_type": "Bearer", "expires_in": 60},
        {"access_token": "a.b.c", "token_type": "DPoP", "expires_in": 60},
        {"access_token": "a.b.c", "token_type": "Bearer"},
        {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 0},
        {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": "60"},
        {"access_token": "a\r\nb", "token_type": "Bearer", "expires_in": 60},
    ],
    ids=str,
)
def test_an_answer_that_holds_no_bearer_token_is_none(document: object) -> None:
    with pytest.raises(Unavailable, match="users answered without a bearer token"):
        lease(document, "users")


@pytest.mark.parametrize("life,renew,end", [(600, 480, 598), (10, 8, 8), (1, 0.8, 0.8)])
def test_when_a_token_is_renewed_and_when_it_ends(life: int, renew: float, end: float) -> None:
    found = lease({"access_token": "a.b.c", "token_type": "bearer", "expires_in": life}, "users")
    assert (found.renew_after, found.ends_after) == (renew, end)


# What a kit gives


def kit_of(**settings: object) -> Harness:
    return harness("orders", Settings(**settings), transport=FakeTransport(Users()))  # type: ignore[arg-type] # tests' own


def test_a_kit_has_the_services_own_credentials(tmp_path: Path) -> None:
    (tmp_path / "orders").write_text(f"{SECRET}\n")
    kit = kit_of(client_secret_file=tmp_path / "orders").app.kit
    assert kit.credentials is kit.credentials
    assert kit.credentials.headers("payments")["Authorization"].startswith("Bearer ey")


def test_a_secret_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    kit = kit_of(client_secret_file=tmp_path / "orders").app.kit
    with pytest.raises(SettingsError, match="SEATRIAL_CLIENT_SECRET_FILE"):
        _ = kit.credentials


def test_a_service_started_by_hand_without_a_secret_does_what_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = kit_of()
    with pytest.raises(Unavailable, match="SEATRIAL_CLIENT_SECRET_FILE"):
        made.app.kit.credentials.headers("payments")


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff"], ids=["empty", "blank", "binary"])
def test_a_file_without_a_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(SettingsError, match="SEATRIAL_CLIENT_SECRET_FILE"):
        read_secret(tmp_path / "secret")
