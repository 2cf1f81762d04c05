"""Every check is shown to go red under its fault, and the same trial without it passes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import disturbances
import pytest
import yaml
from _pytest.mark.structures import ParameterSet
from servers import elasticsearch_or_skip

HERE = Path(__file__).parent
TABLE = yaml.safe_load((HERE / "red_table.yml").read_text())
SEATRIAL = Path(sys.executable).parent / "seatrial"
EXIT = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 2}
LOADING_SECONDS = 60
# Epoch seconds after which no further row is begun: a run that is cut off would show nothing at all.
UNTIL = float(os.environ.get("SEATRIAL_RED_UNTIL", "inf"))


def row_id(row: dict[str, Any]) -> str:
    return str((row.get("fault") or row.get("disturb") or [row.get("profile") or "clean"])[0])


def run_trial(row: dict[str, Any], runs: Path) -> tuple[int, str]:
    faults = [part for fault in row.get("fault", []) for part in ("--fault", fault)]
    besides = ["--with", row["with"]] if "with" in row else []
    command = [SEATRIAL, "trial", row.get("profile", TABLE["profile"]), "--runs", runs, *faults, *besides]
    with (runs / "output.txt").open("w") as output:
        process = subprocess.Popen(command, cwd=HERE.parent, stdout=output, stderr=subprocess.STDOUT)
        run_dir = loading(runs) if "disturb" in row else None
        for name in row.get("disturb", []):
            disturbances.BY_NAME[name](run_dir)
        code = process.wait(timeout=900 if row.get("slow") else 240)
    return code, (runs / "output.txt").read_text()


def loading(runs: Path) -> Path:
    """The run's folder, some seconds after its load has begun."""
    deadline = time.monotonic() + LOADING_SECONDS
    while time.monotonic() < deadline:
        begun = list(runs.glob("*/samples/requests-*.csv"))
        if begun:
            time.sleep(6)
            return begun[0].parents[1]
        time.sleep(0.1)
    pytest.fail(f"no load within {LOADING_SECONDS} s: {(runs / 'output.txt').read_text()}")


def matching(checks: dict[str, str], patterns: list[str]) -> set[str]:
    return {name for name in checks if any(fnmatchcase(name, pattern) for pattern in patterns)}


def shortcomings(row: dict[str, Any], checks: dict[str, str]) -> list[str]:
    """What of the row's expectations the checks do not meet."""
    missing = [
        f"{pattern} should be {verdict}"
        for verdict, patterns in (("FAIL", row.get("red", [])), ("INCONCLUSIVE", row.get("unsure", [])))
        for pattern in patterns
        if verdict not in {checks[name] for name in matching(checks, [pattern])}
    ]
    allowed = matching(checks, [*row.get("red", []), *row.get("unsure", []), *row.get("may", [])])
    surprises = [f"{name} is {checks[name]}" for name in checks if name not in allowed and checks[name] != "PASS"]
    return missing + surprises


def judged(row: dict[str, Any], runs: Path) -> tuple[dict[str, Any], int, str]:
    runs.mkdir()
    code, output = run_trial(row, runs)
    documents = list(runs.glob("*/verdict.json"))
    assert documents, output
    return json.loads(documents[0].read_text()), code, output


def by_name(verdict: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in verdict["checks"]}


def marked(row: dict[str, Any]) -> ParameterSet:
    return pytest.param(row, id=row_id(row), marks=pytest.mark.slow if row.get("slow") else pytest.mark.red)


@pytest.mark.parametrize("row", [marked(row) for row in TABLE["rows"]])
def test_row(row: dict[str, Any], tmp_path: Path) -> None:
    if time.time() > UNTIL:
        pytest.skip("not run: its time was up (SEATRIAL_RED_UNTIL)")
    if "with" in row:
        elasticsearch_or_skip()
    verdict, code, output = judged(row, tmp_path / "first")
    if by_name(verdict)["load.valid"] != "PASS" and "load.valid" not in row.get("unsure", []):
        # The machine kept the generator from its work, so nothing was shown either way: ask once more.
        verdict, code, output = judged(row, tmp_path / "second")
    reasons = {check["name"]: check["reason"] for check in verdict["checks"] if check["verdict"] != "PASS"}
    assert shortcomings(row, by_name(verdict)) == [], reasons
    assert (verdict["verdict"], code) == (row["verdict"], EXIT[row["verdict"]]), output


def test_an_unmet_row_is_noticed() -> None:
    checks = {"latency.all.p95": "PASS", "reconcile.logs": "FAIL"}
    assert shortcomings({"red": ["latency.*"]}, checks) == ["latency.* should be FAIL", "reconcile.logs is FAIL"]
