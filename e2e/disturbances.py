"""What the red table does to a running trial from outside: to its generator or its observability, never to the fleet."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PAUSE_SECONDS = 2.0


def kill_prometheus(run_dir: Path) -> None:
    os.kill(json.loads((run_dir / "stack.json").read_text())["prometheus"]["pid"], signal.SIGKILL)


def unscrape_a_target(run_dir: Path) -> None:
    """Takes one service out of Prometheus's target files, as a broken service discovery would."""
    target = min((run_dir / "metrics" / "prometheus" / "targets").glob("*.json"))
    target.unlink()


def stop_the_generator(run_dir: Path) -> None:
    pids = generators(run_dir)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(PAUSE_SECONDS)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def generators(run_dir: Path) -> list[int]:
    """Locust's processes of this run, found by the run's id in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get("SEATRIAL_RUN_ID") == run_dir.name
            if ours and any("locust" in part for part in process.cmdline()):
                found.append(process.pid)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


BY_NAME: dict[str, Callable[[Path], None]] = {
    "kill-prometheus": kill_prometheus,
    "unscrape-a-target": unscrape_a_target,
    "stop-the-generator": stop_the_generator,
}
