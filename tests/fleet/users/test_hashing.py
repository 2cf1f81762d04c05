from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import argon2
import pytest

from fleet.users.hashing import COSTS, CostName, Passwords, TooManyHashes


def passwords(cost: CostName = "cheapest", **options: Any) -> Passwords:
    return Passwords(cost, **{"at_once": 2, "waiting": 2, "wait_seconds": 5.0} | options)


def test_a_hash_is_its_passwords_alone() -> None:
    stored = passwords().hash("correct horse")
    assert (passwords().verify(stored, "correct horse"), passwords().verify(stored, "correct hors")) == (True, False)


@pytest.mark.parametrize("stored", ["", "rubbish", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA", None], ids=str)
def test_what_is_no_hash_is_nobodys(stored: str | None) -> None:
    assert not passwords().verify(stored, "correct horse")


@pytest.mark.parametrize("cost", list(COSTS))
def test_nobodys_hash_costs_what_a_real_one_costs(cost: CostName) -> None:
    mine = passwords(cost)
    assert argon2.extract_parameters(mine.nobody) == argon2.extract_parameters(mine.hash("correct horse"))


def test_another_cost_makes_a_hash_outdated() -> None:
    stored = passwords("cheapest").hash("correct horse")
    assert (passwords("cheapest").outdated(stored), passwords("owasp").outdated(stored)) == (False, True)


class Blocking(argon2.PasswordHasher):
    """Hashes when told to, and counts how many are at it."""

    def __init__(self) -> None:
        super().__init__(1, 8, 1)
        self.under_way = 0
        self.most = 0
        self.begun = Event()
        self.go = Event()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.begun.set()
        self.go.wait(10)
        self.under_way -= 1
        return super().hash(password, salt=salt)


def test_no_more_at_once_than_memory_allows() -> None:
    blocking = Blocking()
    mine = passwords(waiting=6, hasher=blocking)
    with ThreadPoolExecutor(8) as threads:
        hashes = [threads.submit(mine.hash, "x") for _ in range(8)]
        blocking.go.set()
        assert all(made.result() for made in hashes)
    assert blocking.most <= 2


@pytest.mark.parametrize("waiting,wait", [(0, 10.0), (1, 0.01)], ids=["no-room", "waited-too-long"])
def test_one_too_many_is_refused_and_told_when_to_come_back(waiting: int, wait: float) -> None:
    blocking = Blocking()
    mine = passwords(at_once=1, waiting=waiting, wait_seconds=wait, hasher=blocking)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(mine.hash, "x")
        blocking.begun.wait(10)
        with pytest.raises(TooManyHashes) as refusal:
            mine.hash("x")
        blocking.go.set()
        assert first.result()
    assert (refusal.value.status, refusal.value.headers["Retry-After"]) == (503, "1")


def test_a_refusal_takes_nobodys_place() -> None:
    blocking = Blocking()
    mine = passwords(at_once=1, waiting=0, hasher=blocking)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(mine.hash, "x")
        blocking.begun.wait(10)
        for _ in range(3):
            with pytest.raises(TooManyHashes):
                mine.hash("x")
        blocking.go.set()
        first.result()
    assert mine.hash("x")
