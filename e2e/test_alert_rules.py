"""The committed alerts in Prometheus's own evaluator: each fires, is silent just below and without data, and ends; and Alertmanager's routes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from promtool import run_tests

from seatrial.project.project import load_project
from seatrial.settings import read_settings
from seatrial.stacks.alertmanager import find_alertmanager

ROOT = Path(__file__).parents[1]
RULES = ROOT / "observability" / "prometheus" / "rules" / "alerts.yml"
CONFIGURATION = ROOT / "observability" / "alertmanager" / "alertmanager.yml"
CASES: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("alert_cases.yml").read_text())
STEP, ALWAYS = 15, "Watchdog"
MINUTES = 10


def counting(alert: str) -> str:
    return f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)'


def expected(alert: str, firing: dict[int, bool]) -> list[dict[str, Any]]:
    """At minutes: whether it fires."""
    return [
        {"expr": counting(alert), "eval_time": f"{minute}m", "exp_samples": [{"value": float(fires)}]}
        for minute, fires in firing.items()
    ]


def values(kind: str, first: float, then: float, steps: int) -> str:
    """So many steps of the one, then as many of the other."""
    if kind == "is":
        return f"{first}x{steps} {then}x{steps}"
    top = first * steps
    return f"0+{first}x{steps} {top:.9g}+{then}x{steps}"


def series(case: dict[str, Any], phases: tuple[int, int], steps: int) -> list[dict[str, str]]:
    """The case's series through two of its phases."""
    found = [
        {"series": name, "values": values(kind, numbers[phases[0]], numbers[phases[1]], steps)}
        for kind in ("grows", "is")
        for name, numbers in case.get(kind, {}).items()
    ]
    return found + [{"series": name, "values": each[phases[0]]} for name, each in case.get("values", {}).items()]


def run(folder: Path, rules: Path, input_series: list[dict[str, str]], expectations: list[dict[str, Any]]) -> str:
    test = {"interval": f"{STEP}s", "input_series": input_series, "promql_expr_test": expectations}
    return run_tests(folder / "test.yml", rules=rules, tests=[test], evaluation=f"{STEP}s")


def test_every_alert_has_a_case() -> None:
    alerts = load_project(ROOT / "seatrial.yml").alerts
    assert alerts is not None
    assert {*CASES, ALWAYS} == {each.alert for each in alerts.alerts}


@pytest.mark.parametrize("alert", CASES)
def test_it_fires_and_ends(alert: str, tmp_path: Path) -> None:
    case, after = CASES[alert], CASES[alert].get("after", MINUTES)
    over = 2 * after + 4 if "values" not in case else after + 20
    found = series(case, (0, 2), after * 60 // STEP + 1)
    assert run(tmp_path, RULES, found, expected(alert, {after: True, over: False})) == ""


@pytest.mark.parametrize("alert", CASES)
def test_it_is_silent_just_below(alert: str, tmp_path: Path) -> None:
    case, after = CASES[alert], CASES[alert].get("after", MINUTES)
    minutes = range(1, after + 1, max(1, after // 5))
    found = series(case, (1, 1), after * 60 // STEP + 1)
    assert run(tmp_path, RULES, found, expected(alert, dict.fromkeys(minutes, False))) == ""


def test_without_data_only_the_dead_mans_switch_fires(tmp_path: Path) -> None:
    found = [{"series": "unrelated", "values": "1x80"}]
    wanted = [
        {
            "expr": 'count(ALERTS{alertname!="Watchdog"}) or vector(0)',
            "eval_time": "20m",
            "exp_samples": [{"value": 0.0}],
        }
    ]
    assert run(tmp_path, RULES, found, [*wanted, *expected(ALWAYS, {1: True, 20: True})]) == ""


@pytest.mark.parametrize("alert", ["ServiceFails", "ThreadsBusy", "LogsLate"])
def test_an_inverted_comparison_is_seen(alert: str, tmp_path: Path) -> None:
    rules = yaml.safe_load(RULES.read_text())
    for rule in rules["groups"][0]["rules"]:
        if rule["alert"] == alert:
            rule["expr"] = " < ".join(rule["expr"].rsplit(" > ", 1))
    broken = tmp_path / "broken.yml"
    broken.write_text(yaml.safe_dump(rules))
    found = series(CASES[alert], (0, 2), MINUTES * 60 // STEP + 1)
    assert "FAILED" in run(tmp_path, broken, found, expected(alert, {MINUTES: True}))


# Alertmanager


def amtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    found = find_alertmanager(read_settings().cache_dir)
    assert found is not None
    assert found.amtool is not None
    return subprocess.run([found.amtool, *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_alertmanager_takes_its_configuration() -> None:
    done = amtool("check-config", CONFIGURATION)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "labels", [("severity=page", "service=web"), ("alertname=Watchdog", "severity=none"), ("severity=ticket",)]
)
def test_every_alert_reaches_the_receiver(labels: tuple[str, ...]) -> None:
    done = amtool("config", "routes", "test", f"--config.file={CONFIGURATION}", "--verify.receivers=recorder", *labels)
    assert done.returncode == 0, done.stdout + done.stderr
