"""Generated rules in Prometheus's own evaluator: they fire when the workbook says, and else they do not.

"The Site Reliability Workbook", chapter 5: with errors at a steady ratio, an alert on a window w with burn rate f detects after
(budget x f / ratio) x w. The table of docs/objectives.md has these times.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from promtool import check, run_tests

from seatrial.objectives.objective import Alert, Objective, Place
from seatrial.objectives.rules import rule_file
from seatrial.objectives.windows import PRODUCTION, TRIAL, Schedule, Severity, text

ROOT = Path(__file__).parents[1]
HISTORY = {"page": 6 * 3600, "ticket": 3 * 86_400}
# Seconds between samples and evaluations: promtool takes minutes over three days in steps of one.
STEP = {"page": 30, "ticket": 600}


def objective(target: float) -> Objective:
    return Objective(
        service="web",
        name="availability",
        target=target,
        place=Place(Path("slo.yml"), 1),
        bad="sum(rate(bad_total[{{.window}}]))",
        total="sum(rate(all_total[{{.window}}]))",
        alert="WebUnavailable",
        page=Alert(),
        ticket=Alert(),
    )


def detection(schedule: Schedule, severity: Severity, target: float, ratio: float) -> float | None:
    times = [burn.detection_seconds(1 - target, ratio) for burn in schedule.of(severity)]
    return min((time for time in times if time is not None), default=None)


# What is recorded of a whole period decides nothing, and would take promtool most of its time.
QUICK = replace(PRODUCTION, period=None)


def rules(folder: Path, target: float, schedule: Schedule = QUICK) -> Path:
    file = folder / "rules.yml"
    file.write_text(rule_file([objective(target)], schedule, "slo.yml"))
    return file


def series(step: int, history: int, after: int, ratio: float | None) -> list[dict[str, str]]:
    """A hundred events a step; from `history` seconds on the share `ratio` of them is bad. None: no events at all."""
    if ratio is None:
        return [{"series": "bad_total", "values": "0x5"}, {"series": "all_total", "values": "0x5"}]
    calm, then = history // step, after // step + 5
    return [
        {"series": "bad_total", "values": f"0+0x{calm} {100 * ratio:.9g}+{100 * ratio:.9g}x{then}"},
        {"series": "all_total", "values": f"0+100x{calm + then}"},
    ]


def states(severity: Severity, at: dict[int, bool]) -> list[dict[str, Any]]:
    """What is expected at seconds: firing, or not."""
    return [
        {"expr": f'count(ALERTS{{alertname="WebUnavailable", severity="{severity}", alertstate="firing"}}) or vector(0)',
         "eval_time": f"{seconds}s", "exp_samples": [{"value": float(firing)}]}
        for seconds, firing in at.items()
    ]  # fmt: skip


CASES = [
    pytest.param(severity, target, ratio, id=f"{severity}, {target * 100:g} %, {ratio * 100:g} % bad")
    for severity in ("page", "ticket")
    for target in (0.999, 0.99, 0.95)
    for ratio in (1.0, 0.5, 0.1, 0.01)
]


@pytest.mark.parametrize("severity, target, ratio", CASES)
def test_it_fires_when_the_workbook_says(severity: Severity, target: float, ratio: float, tmp_path: Path) -> None:
    expected, history = detection(PRODUCTION, severity, target, ratio), HISTORY[severity]
    longest = max(burn.long for burn in PRODUCTION.of(severity))
    step = STEP[severity]
    margin = 3 * step  # a rate is extrapolated over its window's ends, and a rule waits for its ratios
    if expected is None:
        at = {history + longest: False}
    else:
        second = history + math.ceil(expected / step) * step
        at = {second - margin: False, second + margin: True} if expected > margin else {second + margin: True}
    length = max(at) - history + margin
    test = {
        "interval": text(step),
        "input_series": series(step, history, length, ratio),
        "promql_expr_test": states(severity, at),
    }
    file = rules(tmp_path, target)
    assert run_tests(tmp_path / "test.yml", rules=file, tests=[test], evaluation=text(step)) == ""


@pytest.mark.parametrize(
    "ratio",
    [
        pytest.param(0.0, id="no errors"),
        pytest.param(0.009, id="within the budget"),
        pytest.param(None, id="no events"),
    ],
)
def test_it_is_silent_when_it_should_be(ratio: float | None, tmp_path: Path) -> None:
    history = HISTORY["ticket"]
    test = {
        "interval": "10m",
        "input_series": series(600, history, history, ratio),
        "promql_expr_test": [
            {"expr": "count(ALERTS) or vector(0)", "eval_time": f"{second}s", "exp_samples": [{"value": 0.0}]}
            for second in (history, 2 * history)
        ],
    }
    assert run_tests(tmp_path / "test.yml", rules=rules(tmp_path, 0.99), tests=[test], evaluation="10m") == ""


def test_it_ends_soon_after_the_errors(tmp_path: Path) -> None:
    """By the short window, while the long one still remembers."""
    history, bad = HISTORY["page"], 600
    values = [
        {"series": "bad_total", "values": f"0+0x{history // 10} 100+100x{bad // 10} {100 * bad // 10}+0x60"},
        {"series": "all_total", "values": f"0+100x{(history + bad) // 10 + 70}"},
    ]
    ended = history + bad + 30
    at = {history + bad: True, ended + PRODUCTION.fastest().short + 60: False}
    # The pair of 6 h and 30 min would keep it: 10 minutes of nothing but errors are 28 times its budget.
    fast = Schedule("fast", (PRODUCTION.fastest(),), evaluation=10)
    test = {"interval": "10s", "input_series": values, "promql_expr_test": states("page", at)}
    assert run_tests(tmp_path / "test.yml", rules=rules(tmp_path, 0.99, fast), tests=[test], evaluation="10s") == ""


def test_a_broken_rule_is_seen(tmp_path: Path) -> None:
    """The tests above can fail: an inverted comparison fires in silence."""
    file = rules(tmp_path, 0.99)
    file.write_text(file.read_text().replace(" > (14.4", " < (14.4"))
    history = HISTORY["page"]
    test = {
        "interval": "1m",
        "input_series": series(60, history, 600, 0.0),
        "promql_expr_test": states("page", {history: False}),
    }
    assert "FAILED" in run_tests(tmp_path / "test.yml", rules=file, tests=[test], evaluation="1m")


@pytest.mark.parametrize("schedule", [PRODUCTION, TRIAL], ids=lambda schedule: schedule.name)
@pytest.mark.parametrize("target", [0.999, 0.99, 0.95])
def test_prometheus_takes_them(target: float, schedule: Schedule, tmp_path: Path) -> None:
    check(rules(tmp_path, target, schedule))


def test_prometheus_takes_the_committed_ones() -> None:
    for file in sorted((ROOT / "observability" / "prometheus" / "rules").glob("*.yml")):
        check(file)
