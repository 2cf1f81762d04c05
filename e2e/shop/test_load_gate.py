"""The gate on this stack: a small trial passes, and fails when something is wrong with the shop. Each has a stack of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seatrial.stacks.docker import docker

pytestmark = pytest.mark.slow_on("local")
ROOT = Path(__file__).parents[2]


def trial(on: str, runs: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Its exit code and verdict.json."""
    command = [
        sys.executable,
        "-m",
        "seatrial.cli",
        "trial",
        "smoke",
        "--on",
        on,
        "--runs",
        str(runs),
        "--no-page",
        *arguments,
    ]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300, env=dict(os.environ)
    )
    (found,) = runs.glob("2*/verdict.json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(found.read_text())


def test_a_trial_passes(on: str, tmp_path: Path) -> None:
    code, document = trial(on, tmp_path)
    # A busy machine keeps the generator from its work; a FAIL is one the first time.
    if document["verdict"] == "INCONCLUSIVE":
        code, document = trial(on, tmp_path / "again")
    assert (code, document["verdict"]) == (0, "PASS"), amiss(document)
    nothing_is_left(on)


def test_a_trial_of_a_shop_that_fails_fails(on: str, tmp_path: Path) -> None:
    code, document = trial(on, tmp_path, "--fault", "errors=0.2@catalog")
    assert (code, document["verdict"]) == (1, "FAIL")
    assert "errors.all" in {each["name"] for each in amiss(document)}
    nothing_is_left(on)


def amiss(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in document["checks"] if each["verdict"] != "PASS"]


def nothing_is_left(on: str) -> None:
    if on == "compose":
        trials = "name=seatrial-2"  # seatrial-<run id>; the suite's own stack is seatrial-e2e-...
        assert docker("ps", "--all", "--quiet", "--filter", trials) == ""
        assert docker("volume", "ls", "--quiet", "--filter", trials) == ""
        assert docker("network", "ls", "--quiet", "--filter", trials) == ""
