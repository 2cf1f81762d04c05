"""Ends a stack that another process owns: ask the owner, and do its guardian's work if that is not enough."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from seatrial.stacks.guardian import processes_of, sweep
from seatrial.stacks.processes import is_same

# Longer than an owner needs to stop a stack whose every process hangs.
OWNER_SECONDS = 15.0
GUARDIAN_SECONDS = 5.0
POLL_SECONDS = 0.05


def end_stack(document: Mapping[str, Any], ports_dir: Path) -> str:
    """Stop the stack of this stack.json and return in a few words how; nothing of the run is left afterwards."""
    run_id, run_dir = document["run"], Path(document["run_dir"])
    owner, started = document["owner_pid"], document["owner_started"]
    how = "was not running"
    if is_same(owner, started):
        how = "stopped" if _signal_and_wait(owner, started, signal.SIGTERM, OWNER_SECONDS) else "killed"
        if how == "killed":
            _signal_and_wait(owner, started, signal.SIGKILL, GUARDIAN_SECONDS)
    _until(lambda: not processes_of(run_id), GUARDIAN_SECONDS)  # the owner's guardian is still at work
    sweep(run_id, run_dir, ports_dir)
    return how


def _signal_and_wait(pid: int, started: float, number: signal.Signals, seconds: float) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    return _until(lambda: not is_same(pid, started), seconds)


def _until(holds: Callable[[], bool], seconds: float) -> bool:
    """Poll until it holds; False when it did not within `seconds`."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(POLL_SECONDS)
    return True
