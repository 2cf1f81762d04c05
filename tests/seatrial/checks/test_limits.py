from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seatrial.checks.finding import Finding, Verdict
from seatrial.checks.inputs import StepSamples
from seatrial.checks.limits import Judged, judge_limits


def judged(count: int = 4500, seconds: int = 45, scale: float = 0.01, failing: float = 0.0, first: int = 0) -> Judged:
    random = np.random.default_rng(4)
    window = np.sort(random.integers(first, first + seconds, count))
    samples = StepSamples("buy", random.exponential(scale, count), window, random.random(count) >= failing)
    return Judged({"buy": samples}, range(first, first + seconds), seed=1)


def only(limits: dict[str, float], data: Judged, obstacle: str = "") -> Finding:
    (found,) = judge_limits({"buy": limits}, data, obstacle=obstacle)
    return found


@pytest.mark.parametrize(
    "limits, data, name, expected",
    [
        ({"p95": 0.05}, judged(), "latency.buy.p95", Verdict.PASS),
        ({"p95": 0.02}, judged(), "latency.buy.p95", Verdict.FAIL),
        ({"p95": 0.03}, judged(), "latency.buy.p95", Verdict.INCONCLUSIVE),
        ({"p99": 0.08}, judged(count=1999), "latency.buy.p99", Verdict.INCONCLUSIVE),
        ({"p50": 0.05}, judged(seconds=7), "latency.buy.p50", Verdict.INCONCLUSIVE),
        ({"error_ratio": 0.01}, judged(), "errors.buy", Verdict.PASS),
        ({"error_ratio": 0.01}, judged(failing=0.02), "errors.buy", Verdict.FAIL),
        ({"error_ratio": 0.02}, judged(failing=0.02), "errors.buy", Verdict.INCONCLUSIVE),
        ({"error_ratio": 0.01}, judged(count=200), "errors.buy", Verdict.INCONCLUSIVE),
        ({"rate_min": 90}, judged(), "rate.buy", Verdict.PASS),
        ({"rate_min": 110}, judged(), "rate.buy", Verdict.FAIL),
        ({"rate_min": 100}, judged(), "rate.buy", Verdict.INCONCLUSIVE),
        ({"rate_min": 90}, judged(failing=0.5), "rate.buy", Verdict.FAIL),
    ],
    ids=[
        "latency within", "latency beyond", "latency across", "too few for p99", "too short",
        "no errors", "errors beyond", "errors across", "rule of three beyond",
        "rate within", "rate beyond", "rate across", "failures are no throughput",
    ],
)  # fmt: skip
def test_limits(limits: dict[str, float], data: Judged, name: str, expected: Verdict) -> None:
    found = only(limits, data)
    assert (found.name, found.verdict) == (name, expected)


def test_too_few_samples_are_told_with_the_number_needed() -> None:
    assert only({"p99": 1.0}, judged(count=310)).reason == "not judged alone: 310 requests, p99 needs 2000"


def test_few_samples_can_fail_by_a_lower_percentile() -> None:
    found = only({"p99": 0.01}, judged(count=310, scale=0.1))
    assert found.verdict is Verdict.FAIL
    assert found.reason.startswith("not judged alone: 310 requests, p99 needs 2000; but p93.5 is beyond already")


def test_too_few_for_a_median_cannot_even_fail() -> None:
    assert only({"p50": 0.001}, judged(count=39, scale=1.0)).verdict is Verdict.INCONCLUSIVE


def test_a_step_without_requests_is_inconclusive() -> None:
    found = only({"p95": 1.0}, Judged({}, range(45), 1))
    assert (found.verdict, found.samples) == (Verdict.INCONCLUSIVE, 0)


def test_an_invalid_load_leaves_every_limit_inconclusive() -> None:
    limits = {"p95": 1.0, "error_ratio": 0.5, "rate_min": 1.0}
    found = judge_limits({"buy": limits}, judged(), obstacle="the load is not valid")
    assert {each.verdict for each in found} == {Verdict.INCONCLUSIVE}
    assert {each.reason for each in found} == {"the load is not valid"}


def test_requests_in_few_seconds_give_no_interval() -> None:
    data = judged()
    burst = replace(data.steps["buy"], window=data.steps["buy"].window % 3)
    assert only({"p95": 0.05}, replace(data, steps={"buy": burst})).verdict is Verdict.INCONCLUSIVE


def test_the_rate_counts_judged_seconds_only() -> None:
    window = np.concatenate([np.arange(1000) % 10, 20 + np.arange(1000) % 10])
    samples = StepSamples("buy", np.full(2000, 0.01), window, np.ones(2000, dtype=bool))
    found = only({"rate_min": 50}, Judged({"buy": samples}, [*range(10), *range(20, 30)], 1))
    assert found.value == 100.0


def test_another_check_does_not_move_an_interval() -> None:
    alone = only({"p95": 0.05}, judged())
    beside = judge_limits({"buy": {"p50": 0.05, "p95": 0.05}}, judged(), obstacle="")[1]
    assert alone == beside
