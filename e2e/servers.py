"""An Elasticsearch for the tests that need one, got by the project's own command."""

from __future__ import annotations

import functools
import subprocess
import sys

from going_without import go_without

from seatrial.settings import read_settings
from seatrial.stacks.elasticsearch import find_elasticsearch


@functools.cache
def elasticsearch_or_skip() -> None:
    """Install it if it is not there; where that cannot be, skip, unless SEATRIAL_SERVERS=required."""
    settings = read_settings()
    if find_elasticsearch(settings.cache_dir, settings.es_home, settings.java_home) is not None:
        return
    command = [sys.executable, "-m", "seatrial.cli", "install", "elasticsearch"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        go_without(f"no Elasticsearch: {done.stdout}{done.stderr}", "SEATRIAL_SERVERS")
