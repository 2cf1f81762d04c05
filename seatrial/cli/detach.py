"""`seatrial up --detach`: a supervisor in a session of its own owns the stack; this waits until it is ready."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

from seatrial.errors import Exit
from seatrial.run_folder import RunFolder, read_json

POLL_SECONDS = 0.05
STOP_SECONDS = 10.0


def supervise(run: RunFolder, arguments: Sequence[str]) -> Exit | None:
    """Start the supervisor and wait; its exit code when it ended instead of getting ready."""
    output = run.logs / "supervisor.out"
    with output.open("ab") as file:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "seatrial.cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while not is_ready(run):
            if supervisor.poll() is not None:
                sys.stderr.write(output.read_text(encoding="utf-8"))
                return Exit(supervisor.returncode) if supervisor.returncode in set(Exit) else Exit.HARNESS
            time.sleep(POLL_SECONDS)
    except BaseException:  # interrupted: nobody would know of a stack that was never announced
        supervisor.terminate()
        supervisor.wait(STOP_SECONDS)
        raise
    supervisor.returncode = 0  # it stays: not ours to wait for, and no ResourceWarning about it
    return None


def is_ready(run: RunFolder) -> bool:
    """Whether the owner has written that all is up and filled."""
    return any(event["kind"] == "ready" for event in read_json(run.path / "run.json")["events"])
