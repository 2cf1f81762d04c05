from collections import Counter
from collections.abc import Sequence
from random import Random
from threading import Barrier, Thread

import pytest

from fleet.kit.balance import MEMORY_SECONDS, TwoChoices

THREE = ["a", "b", "c"]


class World:
    """A balancer whose clock moves only when told, and whose dice take the first ones."""

    def __init__(self, first: Sequence[str] = ()) -> None:
        self.now = 100.0
        self.first = list(first)
        self.balancer = TwoChoices(clock=lambda: self.now, sample=self.sample)

    def sample(self, addresses: Sequence[str], number: int) -> list[str]:
        return [address for address in self.first or addresses if address in addresses][:number]

    def fail(self, address: str, times: int = 1) -> None:
        for _ in range(times):
            self.balancer.pick([address])
            self.balancer.done(address, well=False)


@pytest.mark.parametrize("addresses", [["a"], ["a", "b"]])
def test_one_of_those_given(addresses: list[str]) -> None:
    assert TwoChoices().pick(addresses) in addresses


def test_fewer_calls_under_way_win() -> None:
    balancer = World().balancer
    assert [balancer.pick(["a", "b"]) for _ in range(4)] == ["a", "b", "a", "b"]
    balancer.done("b", well=True)
    assert balancer.pick(["a", "b"]) == "b"


def test_only_the_two_drawn_are_compared() -> None:
    given = World(first=["a", "b"])
    assert [given.balancer.pick(THREE) for _ in range(4)] == ["a", "b", "a", "b"]


def test_replica_that_fails_at_once_does_not_draw_the_calls() -> None:
    given = World()
    given.fail("a", 3)
    assert [given.balancer.pick(["a", "b"]) for _ in range(4)] == ["b", "b", "b", "a"]


def test_failures_are_forgotten_after_a_second() -> None:
    given = World()
    given.fail("a", 3)
    given.now += MEMORY_SECONDS
    assert given.balancer.pick(["a", "b"]) == "a"


def test_success_ends_the_row() -> None:
    given = World()
    given.fail("a", 3)
    given.balancer.pick(["a"])
    given.balancer.done("a", well=True)
    assert given.balancer.pick(["a", "b"]) == "a"


def test_end_that_says_nothing_changes_nothing() -> None:
    given = World()
    given.fail("a")
    given.balancer.pick(["a"])
    given.balancer.done("a", well=None)
    assert given.balancer.pick(["a", "b"]) == "b"


def test_gone_replica_keeps_its_calls_and_loses_its_failures() -> None:
    given = World()
    given.fail("a", 3)
    given.balancer.pick(["a"])
    given.balancer.forget(["a"])
    assert [given.balancer.pick(["a", "b"]) for _ in range(2)] == ["b", "a"]


def test_equal_replicas_share() -> None:
    balancer = TwoChoices(sample=Random(7).sample)
    picked = Counter[str]()
    for _ in range(3000):
        address = balancer.pick(THREE)
        balancer.done(address, well=True)
        picked[address] += 1
    assert all(900 < picked[address] < 1100 for address in THREE)


def test_counts_are_right_among_many_threads() -> None:
    balancer, barrier = TwoChoices(), Barrier(16)

    def call() -> None:
        barrier.wait()
        for _ in range(200):
            balancer.done(balancer.pick(THREE), well=True)

    threads = [Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not balancer._under_way
