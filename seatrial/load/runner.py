"""Runs the load generator as a child in a session of its own, and follows it by the files it writes.

Importing Locust patches the whole process, so nothing here does. The child belongs to the run by its
environment, so that the guardian ends it when the harness is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.load.errors import GeneratorFailed
from seatrial.load.profile import Profile
from seatrial.load.progress import Follower, Progress
from seatrial.run_folder import write_json

if TYPE_CHECKING:
    from seatrial.load.gauges import Gauges

# Locust and the journeys are imported within seconds even on busy cores.
START_SECONDS = 30.0
# Beyond the drain, for Locust to stop its users, report and exit.
END_SECONDS = 15.0
# What a generator gets that is no longer wanted: a cancelled CI job must be down within 7.5 s, fleet included.
INTERRUPTED_SECONDS = 2.0
_TICK_SECONDS = 0.1
_LOG_LINES = 15


@dataclass(frozen=True, slots=True)
class LoadJob:
    """`samples` is an existing folder, `profile_file` and `log` are written; `environment` is the child's whole one.

    `target` is where requests go; with `discovery` (a file_sd file) they go to all targets of the job `entry` in turn.
    """

    profile: Profile
    locustfile: Path
    target: str
    samples: Path
    profile_file: Path
    log: Path
    environment: Mapping[str, str]
    identities: Path | None = None
    working_folder: Path | None = None
    discovery: Path | None = None
    entry: str = ""

    def command(self) -> list[str]:
        """Locust without its page, with failures told by the rows and not by its exit code."""
        processes = [] if self.profile.processes == 1 else ["--processes", str(self.profile.processes)]
        return [
            *(sys.executable, "-m", "locust", "-f", str(self.locustfile), "--headless", "--host", self.target),
            *("--only-summary", "--exit-code-on-error", "0", *processes),
        ]

    def child_environment(self) -> dict[str, str]:
        """The run's environment, less what a person has set for a Locust of their own."""
        inherited = {name: value for name, value in self.environment.items() if not name.startswith("LOCUST_")}
        paths = {"SEATRIAL_PROFILE": self.profile_file, "SEATRIAL_SAMPLES_DIR": self.samples}
        if self.identities is not None:
            paths["SEATRIAL_IDENTITIES"] = self.identities
        if self.discovery is not None:
            paths["SEATRIAL_DISCOVERY_FILE"] = self.discovery
            inherited["SEATRIAL_ENTRY"] = self.entry
        return inherited | {name: str(path.absolute()) for name, path in paths.items()}

    def limit_seconds(self) -> float:
        """After this long the generator is taken to hang."""
        return START_SECONDS + self.profile.seconds + self.profile.drain_seconds + END_SECONDS


def drive(
    job: LoadJob,
    on_progress: Callable[[Progress], None] = lambda _: None,
    beside: Callable[[], None] = lambda: None,
    gauges: Gauges | None = None,
) -> float:
    """Run the load to its end and return its seconds; `on_progress` is called about once a second.

    `beside` is called about ten times a second, and should take no longer than that allows; `gauges` are told how it goes. Raises GeneratorFailed.
    Whatever else ends it (Interrupted included) stops the child, with little time to drain.
    """
    write_json(job.profile_file, job.profile.document())
    began = time.monotonic()
    follower = Follower(job.samples, job.profile, gauges)
    with _child(job) as child:
        _follow(job, child, follower, on_progress, beside, began)
    if child.returncode != 0:
        raise GeneratorFailed(f"the load generator ended with exit code {child.returncode}. {_tail(job.log)}")
    return time.monotonic() - began


def _follow(
    job: LoadJob,
    child: subprocess.Popen[bytes],
    follower: Follower,
    tell: Callable[[Progress], None],
    beside: Callable[[], None],
    began: float,
) -> None:
    due = began
    while child.poll() is None:
        now = time.monotonic()
        if now - began > job.limit_seconds():
            raise GeneratorFailed(
                f"the load generator did not end within {job.limit_seconds():.0f} s. {_tail(job.log)}"
            )
        if now >= due:
            due = now + 1
            tell(follower.look())
        beside()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_TICK_SECONDS)
    tell(follower.look())


@contextlib.contextmanager
def _child(job: LoadJob) -> Iterator[subprocess.Popen[bytes]]:
    with job.log.open("ab") as log:
        child = subprocess.Popen(
            job.command(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=job.child_environment(),
            cwd=job.working_folder,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        _end(child, INTERRUPTED_SECONDS)


def _end(child: subprocess.Popen[bytes], patience: float) -> None:
    """Ask it to drain if it still runs; after `patience` seconds end its whole session."""
    if child.poll() is None:
        child.terminate()
        # Stopped (SIGSTOP) it could not hear the request.
        child.send_signal(signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:] if log.exists() else []
    return "\n".join([f"Its last lines ({log}):", *lines]) if lines else f"{log} is empty."
