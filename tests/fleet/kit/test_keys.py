from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from threading import Barrier, Event
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.kit import base64url
from fleet.kit.errors import Unavailable
from fleet.kit.keys import HttpKeys, StaticKeys, freshness, usable_keys
from fleet.kit.testing import FakeTransport, Harness, Issuer, harness, received
from fleet.kit.tokens import InvalidToken, KeyPair, Verifier, jwks
from fleet.kit.transport import Received, Request, TransportError

TIMEOUT = 5.0
ONE, TWO = (KeyPair(f"key-{number}", Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)) for number in (1, 2))
REFUSED = TransportError("ConnectionRefused", "no connection", sent=False)
SLOW = TransportError("ReadTimeout", "no answer in time", sent=True, timed_out=True)


@cache
def rsa_pair(bits: int = 2048) -> KeyPair:
    return KeyPair("rsa", rsa.generate_private_key(65537, bits))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Users(Issuer):
    """The issuer, which may be down, or keep its callers waiting."""

    def __init__(self, *pairs: KeyPair) -> None:
        super().__init__(*pairs)
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
    """Keys over HTTP, with a clock and an issuer that a test handles."""

    def __init__(self, *pairs: KeyPair) -> None:
        self.clock = Clock()
        self.users = Users(*(pairs or (ONE,)))
        self.made: Harness = harness(transport=FakeTransport(self.users))
        client = self.made.app.kit.client("users")
        client.wait = lambda _: None
        self.keys = HttpKeys(client, 60.0, self.clock)
        self.verifier = Verifier(self.keys, audience="sample")

    @property
    def fetches(self) -> int:
        return len(self.users.asked)

    def subject(self, pair: KeyPair = ONE) -> str:
        token = pair.issue("alice", audience=["sample"], scope="orders", life_seconds=600)
        return self.verifier.verify(token).subject

    def settle(self) -> None:
        """Wait for what is done behind the requests."""
        for thread in threading.enumerate():
            if thread.name == "renewal":
                thread.join(TIMEOUT)


# Documents


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"use": None},
        {"key_ops": ["sign"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"kty": "oct"},
        {"kty": "EC"},
        {"kty": "RSA"},
        {"crv": "X25519"},
        {"crv": "Ed448"},
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"alg": "none"},
        {"alg": None},
        {"d": "AAAA"},
        {"k": "AAAA"},
        {"x": "AAAA"},
        {"x": base64url.encode(bytes(31))},
        {"x": base64url.encode(bytes(33))},
        {"x": ONE.jwk()["x"] + "="},
        {"x": "not base64"},
        {"x": None},
        {"x": 5},
        {"kid": 5},
        {"kid": None},
    ],
    ids=str,
)
def test_an_ed25519_key_not_meant_for_this_is_passed_over(change: dict[str, object]) -> None:
    assert usable_keys({"keys": [ONE.jwk() | change]}) == {}


def number(value: int) -> str:
    return base64url.encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"alg": "RS512"},
        {"alg": "PS256"},
        {"alg": "EdDSA"},
        *({name: "AAAA"} for name in ("d", "p", "q", "dp", "dq", "qi", "oth")),
        {"e": number(1)},
        {"e": number(2)},
        {"e": number(65536)},
        {"e": number(2**32 + 1)},
        {"e": "AAEAAQ"},
        {"e": None},
        {"n": number(2**2047 + 2)},
        {"n": number(2**4096 + 1)},
        {"n": "AQAB"},
        {"n": None},
        {"n": ""},
    ],
    ids=lambda change: "-".join(f"{name} {str(value)[:20]}" for name, value in change.items()),
)
def test_an_rsa_key_not_meant_for_this_is_passed_over(change: dict[str, object]) -> None:
    assert usable_keys({"keys": [rsa_pair().jwk() | change]}) == {}


def test_an_rsa_key_below_2048_bits_is_passed_over() -> None:
    assert usable_keys(jwks(rsa_pair(1024))) == {}


def test_a_number_with_a_leading_zero_is_no_key() -> None:
    jwk = rsa_pair().jwk()
    padded = base64url.encode(b"\0" + base64url.decode(jwk["n"]))
    assert usable_keys({"keys": [jwk | {"n": padded}]}) == {}


@pytest.mark.parametrize("pair", [lambda: ONE, rsa_pair], ids=["EdDSA", "RS256"])
@pytest.mark.parametrize("left_out", [(), ("alg",), ("use",), ("alg", "use")], ids=str)
@pytest.mark.parametrize("added", [{}, {"key_ops": ["verify"]}, {"x5t": "more"}], ids=str)
def test_a_key_meant_for_this_is_for_its_one_algorithm(
    pair: Any, left_out: tuple[str, ...], added: dict[str, object]
) -> None:
    jwk = {name: value for name, value in pair().jwk().items() if name not in left_out} | added
    [key] = usable_keys({"keys": ["rubbish", jwk]}).values()
    assert (key.kid, key.algorithm) == (pair().kid, pair().algorithm)


@pytest.mark.parametrize("document", [[], {}, {"keys": 1}, {"keys": {}}, None, "keys"], ids=str)
def test_a_document_that_is_no_jwks_holds_no_key(document: object) -> None:
    assert usable_keys(document) == {}


def test_keys_that_do_not_change_are_missing_for_good() -> None:
    keys = StaticKeys(jwks(ONE))
    assert keys.missing("key-2") is keys.keys()


# Over HTTP


def test_nothing_is_fetched_before_the_first_token() -> None:
    assert Bench().fetches == 0


def test_the_keys_are_fetched_once_for_many_tokens() -> None:
    bench = Bench()
    assert {bench.subject() for _ in range(5)} == {"alice"}
    assert (bench.fetches, bench.users.asked[0]) == (1, "/.well-known/jwks.json")


def test_concurrent_first_tokens_make_one_fetch() -> None:
    bench, together = Bench(), Barrier(32)
    bench.users.may_answer.clear()

    def one(_: int) -> str:
        together.wait(TIMEOUT)
        return bench.subject()

    with ThreadPoolExecutor(32) as threads:
        subjects = threads.map(one, range(32))
        assert bench.users.began.wait(TIMEOUT)
        bench.users.may_answer.set()
        assert (set(subjects), bench.fetches) == ({"alice"}, 1)


def test_a_key_published_before_it_signs_is_known_when_it_does() -> None:
    bench = Bench(ONE)
    bench.subject()
    bench.users.pairs = [ONE, TWO]
    bench.clock.now += 60
    bench.subject()
    bench.settle()
    assert (bench.subject(TWO), bench.fetches) == ("alice", 2)


def test_a_key_that_signs_before_it_is_known_is_asked_for() -> None:
    bench = Bench(ONE)
    bench.subject()
    bench.users.pairs = [TWO]
    bench.clock.now += 1
    assert (bench.subject(TWO), bench.fetches) == ("alice", 2)


def test_a_withdrawn_key_verifies_no_more_once_the_keys_are_renewed() -> None:
    bench = Bench(ONE)
    bench.subject()
    bench.users.pairs = [TWO]
    bench.clock.now += 60
    bench.keys.keys()
    bench.settle()
    with pytest.raises(InvalidToken, match="key is not known"):
        bench.subject()


def test_the_same_document_again_is_the_same_keys_so_that_tokens_stay_verified() -> None:
    bench = Bench()
    before = bench.keys.keys()
    bench.clock.now += 60
    bench.keys.keys()
    bench.settle()
    assert (bench.keys.keys() is before, bench.fetches) == (True, 2)


def test_strange_kids_make_one_fetch_a_second_however_many_ask() -> None:
    bench = Bench()
    bench.subject()

    def strange(number: int) -> None:
        pair = KeyPair(f"strange-{number}", TWO.private)
        with suppress(InvalidToken):
            bench.subject(pair)

    fetches = []
    for second in range(4):
        bench.clock.now += 1
        with ThreadPoolExecutor(32) as threads:
            list(threads.map(strange, range(64 * second, 64 * second + 64)))
        fetches.append(bench.fetches)
    assert fetches == [2, 3, 4, 5]


@pytest.mark.parametrize(
    "failure",
    [
        REFUSED,
        SLOW,
        received(500),
        received(503),
        received(404),
        received(200, []),
        received(200, {"keys": "none"}),
        Received(200, {}, b"<html>"),
    ],
    ids=["refused", "slow", "500", "503", "404", "list", "no-keys-in-it", "html"],
)
def test_while_users_are_away_the_last_good_keys_stay(failure: TransportError | Received) -> None:
    bench = Bench()
    bench.subject()
    bench.users.failure = failure
    for _ in range(3):
        bench.clock.now += 3600
        assert bench.subject() == "alice"
        bench.settle()
    with pytest.raises(InvalidToken, match="key is not known"):
        bench.subject(TWO)
    assert bench.fetches > 3


def test_slow_users_hold_nobody_up_whose_key_is_known() -> None:
    bench = Bench()
    bench.subject()
    bench.clock.now += 60
    bench.users.may_answer.clear()
    assert {bench.subject() for _ in range(5)} == {"alice"}
    bench.users.may_answer.set()
    bench.settle()
    assert bench.fetches == 2


def test_a_strange_token_that_waits_for_users_holds_up_no_other() -> None:
    bench = Bench()
    bench.subject()
    bench.clock.now += 1
    bench.users.began.clear()
    bench.users.may_answer.clear()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(bench.subject, TWO)
        assert bench.users.began.wait(TIMEOUT)
        assert bench.subject() == "alice"
        bench.users.may_answer.set()
        assert isinstance(waiting.exception(TIMEOUT), InvalidToken)


@pytest.mark.parametrize("failure", [REFUSED, SLOW, received(503)], ids=["refused", "slow", "503"])
def test_without_any_key_it_cannot_be_told_whether_a_token_is_good(failure: TransportError | Received) -> None:
    bench = Bench()
    bench.users.failure = failure
    with pytest.raises(Unavailable) as caught:
        bench.subject()
    assert caught.value.outcome_unknown is False
    bench.users.failure, bench.clock.now = None, bench.clock.now + 1
    assert bench.subject() == "alice"


def test_a_fetch_takes_no_more_than_its_own_time() -> None:
    bench = Bench()
    bench.subject()
    transport = bench.made.app.kit.transport
    assert isinstance(transport, FakeTransport)
    assert transport.sent[0].read_timeout <= 2.0


def test_users_may_ask_to_be_asked_more_often() -> None:
    bench = Bench()
    bench.users.failure = received(200, jwks(ONE), Cache_Control="public, max-age=5")
    bench.subject()
    bench.clock.now += 5
    bench.subject()
    bench.settle()
    assert bench.fetches == 2


@pytest.mark.parametrize(
    "header,seconds",
    [("max-age=5", 5), ("public, Max-Age=30, immutable", 30), ("no-store", None), ("max-age=-1", None), ("", None)],
)
def test_how_long_an_answer_may_be_kept(header: str, seconds: float | None) -> None:
    assert freshness({"Cache-Control": header}) == (float("inf") if seconds is None else seconds)
