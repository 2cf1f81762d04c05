from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, LifetimeTimeout, NoAnswer, NoNameservers, NoResolverConfiguration

from fleet.kit import dns
from fleet.kit.dns import FRESH_SECONDS, LOOKUP_SECONDS, DnsDiscovery, look_up

THREADS = 8
PATIENCE = 5.0
Answer = Sequence[str] | None


class Names:
    """Answers with the next of `script`, the last one for ever, once `open` is set; `entered` tells that it was asked."""

    def __init__(self, *script: Answer) -> None:
        self.script = list(script)
        self.asked: list[str] = []
        self.entered = Event()
        self.open = Event()
        self.open.set()

    def __call__(self, name: str) -> Answer:
        self.asked.append(name)
        self.entered.set()
        assert self.open.wait(PATIENCE)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now

    def age(self) -> None:
        self.now += FRESH_SECONDS * 1.01


def settle() -> None:
    """Wait for what is looked up beside."""
    for thread in threading.enumerate():
        if thread.name == "discovery":
            thread.join(PATIENCE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def later(discovery: DnsDiscovery, clock: Clock) -> Sequence[str]:
    """What is known when the next lookup has come back."""
    clock.age()
    discovery.addresses("orders")
    settle()
    return discovery.addresses("orders")


def test_all_replicas_have_one_port(clock: Clock) -> None:
    names = Names(["10.0.0.3"])
    assert DnsDiscovery(8000, names, clock).addresses("orders") == ["10.0.0.3:8000"]
    assert names.asked == ["orders"]


def test_the_first_calls_wait_for_one_answer(clock: Clock) -> None:
    names, together = Names(["10.0.0.3"]), Barrier(THREADS + 1)
    discovery = DnsDiscovery(8000, names, clock)
    names.open.clear()

    def call() -> Sequence[str]:
        together.wait(PATIENCE)
        return discovery.addresses("orders")

    with ThreadPoolExecutor(THREADS) as threads:
        calls = [threads.submit(call) for _ in range(THREADS)]
        together.wait(PATIENCE)
        assert names.entered.wait(PATIENCE)
        assert not any(each.done() for each in calls)
        names.open.set()
        assert [each.result(PATIENCE) for each in calls] == [["10.0.0.3:8000"]] * THREADS
    assert names.asked == ["orders"]


def test_each_name_is_asked_for_by_itself(clock: Clock) -> None:
    names = Names(["10.0.0.3"], ["10.0.0.4"])
    discovery = DnsDiscovery(8000, names, clock)
    assert (discovery.addresses("orders"), discovery.addresses("users")) == (["10.0.0.3:8000"], ["10.0.0.4:8000"])
    assert names.asked == ["orders", "users"]


def test_an_answer_in_another_order_is_no_change(clock: Clock) -> None:
    discovery = DnsDiscovery(8000, Names(["10.0.0.4", "10.0.0.3"], ["10.0.0.3", "10.0.0.4"]), clock)
    before = discovery.addresses("orders")
    assert later(discovery, clock) == before == ["10.0.0.3:8000", "10.0.0.4:8000"]


def test_a_fresh_answer_is_not_asked_for_again(clock: Clock) -> None:
    names = Names(["10.0.0.3"], ["10.0.0.4"])
    discovery = DnsDiscovery(8000, names, clock)
    for _ in range(3):
        assert discovery.addresses("orders") == ["10.0.0.3:8000"]
        clock.now += FRESH_SECONDS / 3
    settle()
    assert names.asked == ["orders"]


def test_a_change_is_looked_up_beside_the_calls_and_once(clock: Clock) -> None:
    names = Names(["10.0.0.3"], ["10.0.0.4"])
    discovery = DnsDiscovery(8000, names, clock)
    discovery.addresses("orders")
    names.open.clear()
    clock.age()
    assert [discovery.addresses("orders") for _ in range(5)] == [["10.0.0.3:8000"]] * 5
    names.open.set()
    settle()
    assert discovery.addresses("orders") == ["10.0.0.4:8000"]
    assert names.asked == ["orders"] * 2


@pytest.mark.parametrize(
    "answer, left",
    [
        pytest.param(None, ["10.0.0.3:8000"], id="nobody answers: the last one stays"),
        pytest.param((), [], id="no such name: there is none"),
    ],
)
def test_without_addresses(answer: Answer, left: Sequence[str], clock: Clock) -> None:
    discovery = DnsDiscovery(8000, Names(["10.0.0.3"], answer), clock)
    discovery.addresses("orders")
    assert later(discovery, clock) == left


def test_a_name_nobody_ever_answered_for_has_no_address_until_somebody_does(clock: Clock) -> None:
    discovery = DnsDiscovery(8000, Names(None, ["10.0.0.3"]), clock)
    assert discovery.addresses("orders") == []
    assert later(discovery, clock) == ["10.0.0.3:8000"]


def test_after_silence_the_next_answer_counts(clock: Clock) -> None:
    discovery = DnsDiscovery(8000, Names(["10.0.0.3"], None, ["10.0.0.4"]), clock)
    discovery.addresses("orders")
    assert [later(discovery, clock) for _ in range(2)] == [["10.0.0.3:8000"], ["10.0.0.4:8000"]]


def test_without_a_thread_the_last_answer_stays_and_the_next_call_tries_again(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    discovery = DnsDiscovery(8000, Names(["10.0.0.3"], ["10.0.0.4"]), clock)
    discovery.addresses("orders")

    class NoThread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    with monkeypatch.context() as exhausted:
        exhausted.setattr(dns, "Thread", NoThread)
        assert later(discovery, clock) == ["10.0.0.3:8000"]
    assert later(discovery, clock) == ["10.0.0.4:8000"]


class Record:
    def __init__(self, text: str) -> None:
        self.text = text

    def to_text(self) -> str:
        return self.text


class Resolver:
    """Stands in for dnspython's: `answer` is called for what it gives."""

    def __init__(self, answer: Callable[[], list[Record]]) -> None:
        self.answer = answer
        self.asked: list[tuple[object, ...]] = []

    def resolve(self, name: str, kind: str, *, lifetime: float, search: bool) -> list[Record]:
        self.asked.append((name, kind, lifetime, search))
        return self.answer()


def raising(error: DNSException) -> Callable[[], list[Record]]:
    def answer() -> list[Record]:
        raise error

    return answer


def test_addresses_are_asked_for_within_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(lambda: [Record("10.0.0.4"), Record("10.0.0.3")])
    monkeypatch.setattr(dns, "_resolver", lambda: resolver)
    assert look_up("orders") == ["10.0.0.4", "10.0.0.3"]
    assert resolver.asked == [("orders", "A", LOOKUP_SECONDS, True)]


@pytest.mark.parametrize(
    "error, answer",
    [
        (NXDOMAIN(), ()),
        (NoAnswer(), ()),
        (NoNameservers(), None),
        (LifetimeTimeout(timeout=1.0, errors=[]), None),
        (NoResolverConfiguration(), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, DNSException) else str(value),
)
def test_no_such_name_is_an_answer_and_silence_is_none(
    error: DNSException, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns, "_resolver", lambda: Resolver(raising(error)))
    assert look_up("orders") == answer


def test_a_machine_without_resolvers_is_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns, "_resolver", raising(NoResolverConfiguration()))
    assert look_up("orders") is None
