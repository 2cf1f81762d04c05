from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from seatrial.checks.ceilings import for_each, judge_ceilings, judge_slopes
from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import Track
from seatrial.checks.limits import Judged
from seatrial.checks.quantities import Resource
from seatrial.checks.saturation import Measured, nearest_limit

BEGAN = 1000.0
THREADS, CPU, MEMORY = Resource.THREADS, Resource.CPU, Resource.MEMORY
REPLICAS = {"shop": ["shop-1"], "till": ["till-1", "till-2"]}


def track(instance: str, resource: Resource, values: Sequence[float], limit: float | None = None) -> Track:
    """One sample a second from the beginning of judged load."""
    points = tuple((BEGAN + second + 0.5, value) for second, value in enumerate(values))
    return Track(instance.rsplit("-", 1)[0], instance, resource, points, limit)


def measured(*tracks: Track, seconds: int = 20, obstacle: str = "") -> Measured:
    return Measured(tracks, REPLICAS, Judged({}, range(seconds), 7), BEGAN, obstacle)


def judged(
    asked: Mapping[Resource, float], *tracks: Track, service: str = "shop", obstacle: str = "", seconds: int = 20
) -> Finding:
    (finding,) = judge_ceilings({service: asked}, measured(*tracks, seconds=seconds), obstacle=obstacle)
    return finding


def noisy(mean: float, spread: float = 0.02, count: int = 20) -> list[float]:
    return list(np.random.default_rng(3).normal(mean, spread, count))


@pytest.mark.parametrize(
    "values, verdict",
    [
        pytest.param(noisy(0.5), Verdict.PASS, id="within"),
        pytest.param(noisy(0.99, 0.005), Verdict.FAIL, id="beyond"),
        pytest.param(noisy(0.9, 0.2), Verdict.INCONCLUSIVE, id="the ceiling lies inside"),
        pytest.param(noisy(0.99, count=5), Verdict.INCONCLUSIVE, id="too few windows"),
        pytest.param([], Verdict.INCONCLUSIVE, id="no data"),
    ],
)
def test_what_comes_and_goes_is_judged_by_its_mean(values: list[float], verdict: Verdict) -> None:
    assert judged({THREADS: 0.9}, track("shop-1", THREADS, values, 1.0)).verdict is verdict


@pytest.mark.parametrize("most, verdict", [(399e6, Verdict.PASS), (401e6, Verdict.FAIL)], ids=["within", "once beyond"])
def test_what_is_used_up_is_judged_by_the_most(most: float, verdict: Verdict) -> None:
    values = [90e6] * 10 + [most] + [90e6] * 9
    assert judged({MEMORY: 400e6}, track("shop-1", MEMORY, values)).verdict is verdict


def test_only_judged_load_counts() -> None:
    assert judged({MEMORY: 400e6}, track("shop-1", MEMORY, [90e6] * 20 + [900e6])).verdict is Verdict.PASS


def test_the_replica_that_is_worst_decides_and_is_named() -> None:
    tracks = [track("till-1", CPU, noisy(0.2)), track("till-2", CPU, noisy(0.99, 0.01))]
    finding = judged({CPU: 0.9}, *tracks, service="till")
    assert (finding.verdict, "at till-2" in finding.reason) == (Verdict.FAIL, True)
    assert finding.value == pytest.approx(0.99 / 0.9, rel=0.02)


def test_a_replica_without_data_is_never_passed_over() -> None:
    finding = judged({CPU: 0.9}, track("till-1", CPU, noisy(0.2)), service="till")
    assert (finding.verdict, finding.reason) == (
        Verdict.INCONCLUSIVE,
        "cpu: Prometheus stored nothing of till-2 in judged load",
    )


def test_the_worst_resource_decides_and_alone_is_told() -> None:
    tracks = [track("shop-1", CPU, noisy(0.2)), track("shop-1", MEMORY, [500e6] * 20)]
    finding = judged({CPU: 0.9, MEMORY: 400e6}, *tracks)
    assert (finding.verdict, finding.reason) == (Verdict.FAIL, "memory 500 MB of 400 MB at shop-1")


@pytest.mark.parametrize("obstacle", ["the load is not valid: late"])
def test_an_invalid_load_shows_nothing(obstacle: str) -> None:
    finding = judged({CPU: 0.9}, track("shop-1", CPU, noisy(0.2)), obstacle=obstacle)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, obstacle)


def test_without_prometheus_nothing_is_shown() -> None:
    (finding,) = judge_ceilings({"shop": {CPU: 0.9}}, measured(obstacle="it is gone"), obstacle="")
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "cpu: it is gone")


def test_the_same_run_is_judged_the_same() -> None:
    tracks = [track("shop-1", CPU, noisy(0.5))]
    assert judged({CPU: 0.505}, *tracks) == judged({CPU: 0.505}, *tracks)


@pytest.mark.parametrize(
    "per_minute, verdict",
    [
        pytest.param(0.0, Verdict.PASS, id="level"),
        pytest.param(1e6, Verdict.FAIL, id="60 MB an hour"),
        pytest.param(20e6 / 60, Verdict.INCONCLUSIVE, id="at the limit"),
    ],
)
def test_growth_is_judged_by_the_hour(per_minute: float, verdict: Verdict) -> None:
    random = np.random.default_rng(5)
    values = [90e6 + per_minute * second / 60 + random.normal(0, 5e5) for second in range(720)]
    found = measured(track("shop-1", MEMORY, values), seconds=720)
    (finding,) = judge_slopes({"shop": {MEMORY: 20e6}}, found, obstacle="")
    assert (finding.name, finding.verdict) == ("slopes.shop", verdict)


def test_what_is_asked_of_all_is_asked_of_each_unless_it_has_its_own() -> None:
    asked = {"all": {CPU: 0.9, MEMORY: 1.0}, "till": {CPU: 0.5}}
    assert for_each(asked, ["shop", "till"], "all") == {
        "shop": {CPU: 0.9, MEMORY: 1.0},
        "till": {CPU: 0.5, MEMORY: 1.0},
    }
    assert for_each({"till": {CPU: 0.5}}, ["shop", "till"], "all") == {"till": {CPU: 0.5}}


def test_who_is_nearest_its_limit_is_named_with_the_evidence() -> None:
    tracks = [track("shop-1", THREADS, [0.5, 0.7], 1.0), track("till-1", CPU, [0.4, 0.4])]
    found = nearest_limit(measured(*tracks, seconds=2), {CPU: 1.0})
    assert found
    assert (found.instance, found.resource, found.share, found.peak) == ("shop-1", THREADS, 0.6, 0.7)
    assert found.reason == (
        "shop-1: request threads busy 60.00 % of 100.00 % on average, 70.00 % at most, over 2 s of judged load"
    )


def test_what_has_no_known_limit_is_nearest_to_none() -> None:
    assert nearest_limit(measured(track("shop-1", CPU, [0.9])), {}) is None
