from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seatrial.backends.errors import BadAnswer
from seatrial.backends.prometheus import SeriesPoints
from seatrial.budgets import outcomes
from seatrial.checks.inputs import StepSamples
from seatrial.checks.limits import Judged
from seatrial.objectives.objective import Objective, Place

COUNTED = Objective("web", "availability", 0.99, Place(Path("slo.yml"), 1), "bad[{{.window}}]", "all[{{.window}}]")
SAMPLED = replace(COUNTED, name="latency", kind="latency", threshold=0.25, steps=("all",))
SAMPLES = StepSamples("all", np.array([0.1, 0.3]), np.zeros(2, dtype=np.int64), np.ones(2, dtype=bool))
JUDGED = Judged({"all": SAMPLES}, list(range(45)), 1)
BEGAN = 1000.0


class Recorded:
    """Answers each query that begins like a key; keeps what was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, list[tuple[str, float]]()

    def query(self, expression: str, at: float) -> list[SeriesPoints]:
        self.asked.append((expression, at))
        answer = self.answers["rates" if "max_over_time" in expression else "ratio"]
        if isinstance(answer, Exception):
            raise answer
        return [SeriesPoints({"sloth_id": name}, [(at, value)]) for name, value in answer.items()]


def ask(server: Recorded | None, *objectives: Objective, judged: Judged = JUDGED) -> list[Any]:
    return outcomes(objectives, judged, BEGAN, server)  # type: ignore[arg-type]


def test_counters_are_asked_over_judged_load() -> None:
    server = Recorded(rates={"web-availability": 0.05}, ratio={"": 0.02})
    (found,) = ask(server, COUNTED)
    assert (found.measured, found.source) == (pytest.approx(0.98), "prometheus")
    assert (found.budget_used, found.burn_rate) == (pytest.approx(2), pytest.approx(5))
    assert [at for _, at in server.asked] == [1045, 1045]
    assert "bad[45s]" in server.asked[1][0]


def test_samples_decide_where_an_objective_names_steps() -> None:
    server = Recorded(rates={}, ratio={"": 0.9})
    (found,) = ask(server, SAMPLED)
    assert (found.measured, found.source, found.burn_rate) == (0.5, "samples", None)


@pytest.mark.parametrize(
    "ratio", [{"": float("nan")}, {}, BadAnswer("no")], ids=["divided by nothing", "no series", "no answer"]
)
def test_what_is_not_known_is_none(ratio: Any) -> None:
    (found,) = ask(Recorded(rates={}, ratio=ratio), COUNTED)
    assert (found.measured, found.source, found.budget_used) == (None, "", None)


def test_a_server_that_does_not_answer_is_asked_once() -> None:
    server = Recorded(rates=BadAnswer("gone"), ratio={})
    ask(server, COUNTED, COUNTED)
    assert len(server.asked) == 1


@pytest.mark.parametrize("judged", [Judged({}, [], 1), Judged({"all": SAMPLES}, [], 1)])
def test_without_judged_load_nobody_is_asked(judged: Judged) -> None:
    server = Recorded()
    ask(server, COUNTED, judged=judged)
    assert server.asked == []


def test_without_prometheus_samples_still_tell() -> None:
    sampled, counted = ask(None, SAMPLED, COUNTED)
    assert (sampled.measured, counted.measured) == (0.5, None)
