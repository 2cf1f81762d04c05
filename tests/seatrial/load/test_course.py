from __future__ import annotations

import pytest

from seatrial.load.course import Course, LoadSecond


def account(wall: float, planned: int = 0, shed: int = 0, began: float = 100.0) -> dict[str, float]:
    return {"started_at": began, "wall_seconds": wall, "planned": planned, "shed": shed}


def course(*ended: float, failed: tuple[float, ...] = ()) -> Course:
    made = Course([5, 5, 7])
    made.begin([account(0)])
    for at in (*ended, *failed):
        made.request(at, at - 100, ok=at not in failed)
    return made


def test_a_second_is_told_once_it_is_whole() -> None:
    made = course(100.2, 100.9, 101.5)
    assert made.whole([account(0.99)]) == ()
    assert [(each.second, each.requests) for each in made.whole([account(1.0)])] == [(0, 2)]
    assert [(each.second, each.requests) for each in made.whole([account(3.2)])] == [(1, 1), (2, 0)]
    assert made.whole([account(3.2)]) == ()


def test_requests_and_journeys_belong_to_the_second_they_ended_in() -> None:
    made = course(100.1, failed=(100.5,))
    made.journey(100.7)
    made.journey(101.0)
    (first, second) = made.whole([account(2.0)])
    assert (first.requests, first.failures, first.ended) == (2, 1, 1)
    assert (second.requests, second.failures, second.ended) == (0, 0, 1)


def test_latencies_are_nearest_ranks_and_absent_without_requests() -> None:
    first, second = course(*(100 + number / 100 for number in range(1, 100))).whole([account(2.0)])
    assert (first.p50, first.p95, first.p99) == pytest.approx((0.50, 0.95, 0.99))
    assert (second.p50, second.p95, second.p99) == (None, None, None)


def test_arrivals_come_from_the_accounts_and_offers_from_the_profile() -> None:
    made = course()
    assert made.whole([account(1.0, planned=6)])[0].arrived == pytest.approx(6)
    later = made.whole([account(3.0, planned=18, shed=2)])
    assert [(each.offered, each.arrived, each.shed) for each in later] == [(5, 6.0, 1.0), (7, 6.0, 1.0)]


def test_the_slowest_process_says_what_is_whole() -> None:
    made = course(100.5, 101.5)
    assert [each.second for each in made.whole([account(2.4, planned=8), account(1.1, planned=8)])] == [0]


def test_rows_wait_for_the_account_that_places_them() -> None:
    made = Course([5])
    made.request(100.5, 0.1, ok=True)
    made.journey(100.6)
    assert made.whole([]) == ()
    made.begin([account(1.0)])
    (first,) = made.whole([account(1.0)])
    assert (first.requests, first.ended) == (1, 1)


def test_a_row_of_a_second_that_was_told_is_left_out() -> None:
    made = course()
    made.whole([account(1.0)])
    made.request(100.5, 0.1, ok=True)
    assert made.whole([account(2.0)]) == (LoadSecond(1, 5, 0.0, 0, 0, 0),)


def test_beyond_the_profile_nothing_is_offered() -> None:
    assert course().whole([account(4.0)])[3].offered == 0
