"""Prometheus's own tool, for checks and unit tests of rules."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from seatrial.settings import read_settings
from seatrial.stacks.prometheus import find_prometheus


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    found = find_prometheus(read_settings().cache_dir)
    assert found is not None
    assert found.promtool is not None
    return subprocess.run([found.promtool, *arguments], capture_output=True, text=True, check=False, timeout=300)


def check(file: Path) -> None:
    """That Prometheus takes the rules."""
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def run_tests(file: Path, *, rules: Path, tests: list[dict[str, Any]], evaluation: str) -> str:
    """What fails of unit tests; empty when nothing does."""
    document = {"rule_files": [str(rules)], "evaluation_interval": evaluation, "tests": tests}
    file.write_text(yaml.safe_dump(document, sort_keys=False, width=10_000), encoding="utf-8")
    done = promtool("test", "rules", file)
    return "" if done.returncode == 0 else done.stdout + done.stderr
