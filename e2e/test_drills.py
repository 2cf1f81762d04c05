"""Alerts are made to fire on a real fleet with real Prometheus and Alertmanager, and somebody is told."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from stack_runs import Bench

ROOT = Path(__file__).parents[1]
SEATRIAL = Path(sys.executable).parent / "seatrial"
# A service, a call, a replica, Prometheus's sight, and who tells: one of each kind.
FIVE = ("AvailabilityBudgetBurn", "CallsFail", "TargetDown", "ScrapeGap", "Watchdog")
CLEAN_SECONDS = 600
DRILL_SECONDS = 90.0


def drills(folder: Path, *arguments: str) -> dict[str, Any]:
    file = folder / "drills.json"
    command = [SEATRIAL, "drill", *arguments, "--json", file]
    bench = Bench(folder / "runs", ROOT / "seatrial.yml")
    done = subprocess.run(
        command, cwd=ROOT, env=bench.variables(), capture_output=True, text=True, check=False, timeout=3600
    )
    assert file.exists(), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(file.read_text())
    assert done.returncode == {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 2}[found["verdict"]]
    assert bench.leftovers() == []
    return found


def amiss(found: dict[str, Any]) -> dict[str, str]:
    return {each["alert"]: each["reason"] for each in found["drills"] if each["verdict"] != "PASS"}


def test_five_alerts_fire_are_told_and_end(tmp_path: Path) -> None:
    found = drills(tmp_path, *FIVE)
    assert amiss(found) == {}
    assert [each["alert"] for each in found["drills"]] == list(FIVE)


@pytest.mark.slow
def test_all_alerts_fire_are_told_and_end(tmp_path: Path, record_property: Any) -> None:
    found = drills(tmp_path, "--all", "--with", "elasticsearch")
    record_property("drills", found["drills"])
    assert (amiss(found), found["left_out"]) == ({}, [])
    for each in found["drills"]:
        assert each["fired_seconds"] + each["ended_seconds"] < DRILL_SECONDS


@pytest.mark.slow
def test_a_clean_fleet_is_silent_for_ten_minutes(tmp_path: Path) -> None:
    """Under the drills' own load, with all the rules that drills make fire."""
    profile = (ROOT / "loadtests" / "profiles" / "drill.yml").read_text()
    quiet = profile.replace("alerts: false", "alerts: true").replace(
        "seconds: 3600}", f"seconds: {CLEAN_SECONDS}, judge: true}}"
    )
    assert quiet.count(f"seconds: {CLEAN_SECONDS}") == quiet.count("alerts: true") == 1
    (tmp_path / "clean.yml").write_text(quiet)
    began = time.monotonic()
    command = [SEATRIAL, "trial", tmp_path / "clean.yml", "--runs", tmp_path / "runs", "--json", tmp_path / "v.json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1200)
    verdict = json.loads((tmp_path / "v.json").read_text())
    assert time.monotonic() - began > CLEAN_SECONDS
    assert verdict["alerts"] == {"fired": [], "expected": [], "unexpected": []}, done.stdout
