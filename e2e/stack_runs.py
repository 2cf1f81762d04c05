"""Runs `seatrial` on the stub fleet in folders of the test's own, and says what a run has left."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from seatrial.settings import read_settings

STUB = Path(__file__).parent / "stub_fleet"
PATIENCE = 20.0


@dataclass
class Bench:
    """One project with its runs; benches share the folder of port locks, as two checkouts of a user do.

    With folders of their own two that start at once would take the same port: tests run beside one another.
    """

    runs: Path
    project: Path = STUB / "seatrial.yml"
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "seatrial.cli", "--project", str(self.project), *arguments]

    def variables(self) -> dict[str, str]:
        folders = {"SEATRIAL_RUNS_DIR": str(self.runs), "SEATRIAL_RUNTIME_DIR": str(read_settings().runtime_dir)}
        return {**os.environ, **folders, **self.environment}

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), env=self.variables(), capture_output=True, text=True, timeout=120, check=False
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(*arguments), env=self.variables(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def status(self, *arguments: str) -> dict[str, Any]:
        done = self.call("status", *arguments, "--json", "-")
        assert done.returncode == 0, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    @contextmanager
    def detached(self, *arguments: str) -> Iterator[dict[str, Any]]:
        """A stack that is ready, and stopped at the end whatever happens."""
        before = set(run_ids(self.runs))
        done = self.call("up", "--detach", *arguments)
        started = set(run_ids(self.runs)) - before
        try:
            assert done.returncode == 0, done.stderr
            yield self.status(*started)
        finally:
            for run_id in started:
                self.call("down", run_id)

    @contextmanager
    def foreground(self) -> Iterator[subprocess.Popen[bytes]]:
        """`seatrial up` as a child, perhaps not ready yet; killed at the end if it still runs."""
        owner = self.start("up")
        try:
            yield owner
        finally:
            owner.kill()
            owner.communicate()

    def leftovers(self) -> list[str]:
        """Processes, held locks, secrets and partial files of all runs in the folder."""
        processes = [
            f"process {each.pid} {each.info['cmdline']}" for run in run_ids(self.runs) for each in carriers(run)
        ]
        files = [
            *self.runs.glob("*/identities.json"),
            *self.runs.glob("*/secrets"),
            *self.runs.rglob(".*.tmp"),
            *self.locks(),
        ]
        return processes + [f"file {path.name}" for path in files]

    def locks(self) -> list[Path]:
        """The lock files of ports that runs of this bench have taken."""
        own, found = set(run_ids(self.runs)), []
        for path in (read_settings().runtime_dir / "ports").glob("*.lock"):
            with contextlib.suppress(FileNotFoundError):  # another's, given back meanwhile
                found += [path] if path.read_text() in own else []
        return found

    def held(self) -> list[str]:
        return [path.name for path in self.locks() if is_held(path)]


def run_ids(runs: Path) -> list[str]:
    return sorted(path.name for path in runs.glob("2*")) if runs.is_dir() else []


def carriers(run_id: str) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["environ", "cmdline"])
        if (process.info["environ"] or {}).get("SEATRIAL_RUN_ID") == run_id
    ]


def is_held(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def until(holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Return once it holds; fail after `patience` seconds."""
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, f"did not come to hold within {patience} s"
        time.sleep(0.02)


def await_ready(runs: Path) -> str:
    """The id of the only run, once its owner has written that it is ready."""

    def ready() -> bool:
        return any('"ready"' in path.read_text() for path in runs.glob("2*/run.json"))

    until(ready)
    return run_ids(runs)[0]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
