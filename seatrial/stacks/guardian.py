"""Ends what a run leaves when its owner is killed: a process of its own that waits for the owner's pipe to close.

Run as a script: guardian.py RUN_ID RUN_DIR PORTS_DIR, with the pipe as standard input. Every process of this user
that carries SEATRIAL_RUN_ID=RUN_ID is killed, then the run's containers, if it has any, its secrets, partial files and
port locks are removed.
Imports psutil and the standard library only, so that it is ready at once and nothing of ours can break it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import psutil

RUN_ID_VARIABLE = "SEATRIAL_RUN_ID"
ROUND_SECONDS = 0.05
# In it the run's compose project has its name; it lies in the run's folder before there is any container.
COMPOSE_FILE = "compose.json"
PROJECT_LABEL = "com.docker.compose.project"
# In this order: what is used cannot be removed.
DOCKER_THINGS = (
    (("ps", "--all"), ("rm", "--force", "--volumes")),
    (("network", "ls"), ("network", "rm")),
    (("volume", "ls"), ("volume", "rm", "--force")),
)


@dataclass(frozen=True, slots=True)
class Guardian:
    """The owner's end. Closing the pipe, by hand or by dying, is what sets the guardian to work."""

    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, run_id: str, run_dir: Path, ports_dir: Path, environment: Mapping[str, str]) -> Guardian:
        """Return when it stands guard. `-P` keeps this folder's modules from hiding the standard library's."""
        command = [sys.executable, "-P", __file__, run_id, str(run_dir), str(ports_dir)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=dict(environment),
            start_new_session=True,
        )
        cast("BinaryIO", process.stdout).readline()
        return cls(process)

    def release(self, timeout: float = 10.0) -> None:
        """Let it sweep, and wait until it has."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout)


def sweep(run_id: str, run_dir: Path, ports_dir: Path, *, deadline: float = 30.0) -> None:
    """Kill all processes of the run until none is seen twice in a row, then remove what must not stay."""
    clear, until = 0, time.monotonic() + deadline
    while clear < 2 and time.monotonic() < until:  # noqa: PLR2004 - a process may be forking while it is looked for
        found = processes_of(run_id)
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        clear = 0 if found else clear + 1
        time.sleep(ROUND_SECONDS)
    remove_containers(run_dir, until)
    remove_leftovers(run_id, run_dir, ports_dir)


def processes_of(run_id: str) -> list[psutil.Process]:
    """Every living process that carries the run's id, except this one; zombies show no environment."""
    return [
        process
        for process in psutil.process_iter(["environ"])
        if process.pid != os.getpid() and (process.info["environ"] or {}).get(RUN_ID_VARIABLE) == run_id
    ]


def remove_containers(run_dir: Path, until: float) -> None:
    """Remove those of the run, if it has any."""
    with contextlib.suppress(FileNotFoundError):
        remove_project(json.loads((run_dir / COMPOSE_FILE).read_text(encoding="utf-8"))["name"], until)


def remove_project(project: str, until: float) -> None:
    """Remove a compose project's containers, networks and volumes, until `until` (monotonic seconds) at most.

    More than once: Docker may still be making one that a command has asked for which is dead by now.
    """
    clear = 0
    while clear < 2 and time.monotonic() < until:  # noqa: PLR2004 - as for processes
        found = False
        for listing, removing in DOCKER_THINGS:
            if keys := _keys(listing, project, until):
                found = True
                _docker(until, *removing, *keys)
        clear = 0 if found else clear + 1


def _keys(listing: Sequence[str], project: str, until: float) -> list[str]:
    return _docker(until, *listing, "--quiet", "--filter", f"label={PROJECT_LABEL}={project}").split()


def _docker(until: float, *arguments: str) -> str:
    command, left = ["docker", *arguments], max(0.0, until - time.monotonic())  # whichever the machine has
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=left, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def remove_leftovers(run_id: str, run_dir: Path, ports_dir: Path) -> None:
    """Tokens, the fleet's own secrets, files that never got their final name, and lock files that the dead owner held."""
    (run_dir / "identities.json").unlink(missing_ok=True)
    shutil.rmtree(run_dir / "secrets", ignore_errors=True)
    for partial in run_dir.rglob(".*.tmp"):
        partial.unlink(missing_ok=True)
    for lock in ports_dir.glob("*.lock"):
        with contextlib.suppress(OSError):
            remove_lock(lock, run_id)


def remove_lock(lock: Path, run_id: str) -> None:
    """Remove the lock file if the run wrote it and nobody holds it."""
    with lock.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if file.read() == run_id.encode() and os.path.samestat(os.fstat(file.fileno()), lock.stat()):
            lock.unlink()


def main(run_id: str, run_dir: str, ports_dir: str) -> None:
    """Wait for the end of the pipe, whatever signals arrive, then sweep."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sys.stdout.write("guarding\n")
    sys.stdout.flush()
    while os.read(0, 4096):
        pass
    sweep(run_id, Path(run_dir), Path(ports_dir))


if __name__ == "__main__":
    main(*sys.argv[1:])
