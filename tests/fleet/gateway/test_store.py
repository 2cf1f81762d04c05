from __future__ import annotations

import pytest

from fleet.gateway import store
from fleet.gateway.store import Buckets


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_passes_and_the_next_is_told_when(clock: Clock) -> None:
    buckets = Buckets(0.5, 3, clock=clock)
    assert [buckets.take("alice") for _ in range(4)] == [0, 0, 0, 2]


def test_tokens_flow_in_with_time(clock: Clock) -> None:
    buckets = Buckets(2, 1, clock=clock)
    buckets.take("alice")
    clock.now += 0.5
    assert [buckets.take("alice"), buckets.take("alice")] == [0, 1]


def test_no_more_than_a_burst_is_saved_up(clock: Clock) -> None:
    buckets = Buckets(10, 2, clock=clock)
    buckets.take("alice")
    clock.now += 3600
    assert [buckets.take("alice") for _ in range(3)] == [0, 0, 1]


def test_each_subject_has_its_own(clock: Clock) -> None:
    buckets = Buckets(1, 1, clock=clock)
    assert [buckets.take("alice"), buckets.take("bob"), buckets.take("alice")] == [0, 0, 1]


def test_rate_zero_is_no_limit(clock: Clock) -> None:
    buckets = Buckets(0, 1, clock=clock)
    assert [buckets.take("alice") for _ in range(9)] == [0] * 9


def test_full_buckets_are_forgotten_and_empty_ones_kept(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_SUBJECTS", 2)
    buckets = Buckets(1, 1, clock=clock)
    buckets.take("old")
    clock.now += 10
    for subject in ("alice", "bob"):
        buckets.take(subject)
    assert buckets.take("alice") == 1
    assert set(buckets._levels) == {"alice", "bob"}
