"""A verdict that is right by luck is no verdict: the default trial passes ten times in a row."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SEATRIAL = Path(sys.executable).parent / "seatrial"


@pytest.mark.slow
def test_ten_in_a_row(tmp_path: Path) -> None:
    seconds = []
    for _ in range(10):
        done = subprocess.run(
            [SEATRIAL, "trial", "--runs", tmp_path, "--json", tmp_path / "verdict.json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1].startswith("PASS")
        seconds.append(json.loads((tmp_path / "verdict.json").read_text())["timings"]["total_seconds"])
    assert max(seconds) < 90, seconds
