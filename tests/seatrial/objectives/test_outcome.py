from pathlib import Path

import numpy as np
import pytest
from specs import AVAILABLE, QUICK, load

from seatrial.checks.inputs import StepSamples
from seatrial.objectives.limits import objective_limits
from seatrial.objectives.outcome import Outcome, good_share


def samples(step: str, latencies: list[float], failed: int = 0) -> StepSamples:
    ok = np.arange(len(latencies)) >= failed
    return StepSamples(step, np.array(latencies), np.zeros(len(latencies), dtype=np.int64), ok)


def test_latency_and_failures_are_limits_of_steps(tmp_path: Path) -> None:
    found = objective_limits(load(tmp_path, f"{AVAILABLE}---\n{QUICK}"))
    assert [(each.step, each.kind, each.limit) for each in found] == [
        ("all", "error_ratio", 0.01),
        ("view", "p95", 0.25),
        ("buy", "p95", 0.25),
    ]


def test_good_is_within_the_threshold_in_all_its_steps(tmp_path: Path) -> None:
    (quick,) = load(tmp_path, QUICK)
    steps = {"view": samples("view", [0.1, 0.25, 0.3]), "buy": samples("buy", [0.2]), "other": samples("other", [9.0])}
    assert good_share(quick, steps) == 0.75


def test_good_is_what_did_not_fail(tmp_path: Path) -> None:
    (available,) = load(tmp_path, AVAILABLE)
    assert good_share(available, {"all": samples("all", [9.0] * 10, failed=1)}) == 0.9


def test_without_requests_nothing_is_known(tmp_path: Path) -> None:
    (quick,) = load(tmp_path, QUICK)
    assert good_share(quick, {}) is None
    assert Outcome(quick).budget_used is None


def test_the_budget_is_what_so_many_events_may_have(tmp_path: Path) -> None:
    (available,) = load(tmp_path, AVAILABLE)
    assert Outcome(available, measured=0.98).budget_used == pytest.approx(2)
