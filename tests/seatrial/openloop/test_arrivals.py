from collections import Counter
from itertools import islice
from statistics import fmean, pstdev

import pytest

from seatrial.openloop.arrivals import Arrival, Menu, Stream

MENU = Menu({"browse": 3, "search": 1, "never": 0})


def drawn(stream: Stream, count: int = 2000) -> list[Arrival]:
    return [stream.draw() for _ in range(count)]


def test_the_same_seed_worker_and_user_give_the_same_gaps_journeys_and_seeds() -> None:
    assert drawn(Stream(1, 0, 7, MENU)) == drawn(Stream(1, 0, 7, MENU))


@pytest.mark.parametrize("other", [(2, 0, 7), (1, 1, 7), (1, 0, 8), (1, 7, 0), (10, 7, 0)])
def test_any_other_number_gives_another_stream(other: tuple[int, int, int]) -> None:
    assert drawn(Stream(1, 0, 7, MENU), 3) != drawn(Stream(*other, MENU), 3)


def test_gaps_are_exponential_at_one_per_second() -> None:
    gaps = [arrival.gap for arrival in drawn(Stream(1, 0, 0, MENU), 20_000)]
    assert fmean(gaps) == pytest.approx(1.0, rel=0.03)
    assert pstdev(gaps) == pytest.approx(1.0, rel=0.04)
    assert sum(gap > 3 for gap in gaps) / len(gaps) == pytest.approx(0.0498, rel=0.1)


def test_the_sum_of_users_is_a_poisson_process() -> None:
    counts: Counter[int] = Counter()
    for user in range(50):
        at = 0.0
        for arrival in islice(iter(Stream(3, 0, user, MENU).draw, None), 400):
            at += arrival.gap
            counts[int(at)] += 1
    seconds = [counts[second] for second in range(300)]
    assert fmean(seconds) == pytest.approx(50, rel=0.03)
    assert pstdev(seconds) ** 2 / fmean(seconds) == pytest.approx(1.0, abs=0.25)  # a Poisson count's dispersion


def test_journeys_come_by_their_weights() -> None:
    counts = Counter(arrival.journey for arrival in drawn(Stream(1, 0, 0, MENU), 10_000))
    assert counts["browse"] / 10_000 == pytest.approx(0.75, abs=0.02)
    assert set(counts) == {"browse", "search"}
