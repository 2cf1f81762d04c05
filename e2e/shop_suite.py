"""The shop's own fast tests, run once more on a server's stores by a pytest plugin that puts them there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def passed_on(plugin: str, variable: str, stores: str, *arguments: str) -> int:
    """How many passed, with `variable` telling the plugin where the stores are; fails with what was said when one did not."""
    environment = {**os.environ, variable: stores, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-m", "pytest", "-p", plugin, "-p", "no:cacheprovider", "-q", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=900)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-3000:]
    return int(re.findall(r"(\d+) passed", told)[-1])
