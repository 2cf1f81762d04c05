"""Children: each in a session of its own, its output in a file, none outliving its owner on Linux.

Owns start, stop and what can be seen of a process from outside. Leaves their meaning to the stack, and those that
escape to the guardian.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from seatrial import interrupts
from seatrial.errors import StackError

PR_SET_PDEATHSIG = 1  # linux/prctl.h
TAIL_LINES = 15


def interpreter(command: Sequence[str]) -> list[str]:
    """The command with a leading `python` as the interpreter that runs this."""
    program, *arguments = command
    return [sys.executable if program == "python" else program, *arguments]


def tail(file: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a text file, indented."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        text = ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:]) or "    (no output)"


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a process runs as."""

    uid: int
    gid: int


@dataclass(slots=True)
class Child:
    """A process that was started and must be stopped. `asked_to_stop` tells a planned end from a crash."""

    name: str
    process: subprocess.Popen[bytes]
    output: Path
    asked_to_stop: bool = field(default=False)

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group and session."""
        return self.process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def terminate(self) -> None:
        """Ask it to drain and end."""
        self.asked_to_stop = True
        if self.process.poll() is None:
            self.process.terminate()

    def wait_or_kill(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic seconds), then kill what is left of its group."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        self.kill()

    def kill(self) -> None:
        """Kill its group, also when it has ended: a worker may outlive its main and go on answering on its port."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()


def start(
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    output: Path,
    lines: tuple[str, Path] | None = None,
    who: Account | None = None,
) -> Child:
    """Start a child. Call it from the main thread: on Linux the child is killed when the thread that started it ends.

    Both its streams go to `output`, but for the one that `lines` names (`stdout`, `stderr`) with a file of its own. `who`
    is whom it runs as, when not as this process.
    """
    stream, own = lines or ("", output)
    # An interruption within could leave logging locked: it unlocks in a hook after a fork.
    with output.open("ab") as file, own.open("ab") as apart, interrupts.held():
        try:
            process = subprocess.Popen(
                interpreter(command),
                stdin=subprocess.DEVNULL,
                stdout=apart if stream == "stdout" else file,
                stderr=apart if stream == "stderr" else file,
                cwd=cwd,
                env=dict(environment),
                start_new_session=True,
                preexec_fn=_die_with_owner(),  # noqa: PLW1509 - the function only makes one prepared system call
                user=who.uid if who else None,
                group=who.gid if who else None,
                extra_groups=() if who else None,
            )
        except OSError as error:
            raise StackError(f"{name} cannot start: {error}. Correct its command.") from error
    return Child(name, process, output)


def _die_with_owner() -> Callable[[], None] | None:
    """What the child does before it becomes another program; everything is looked up here, before the fork."""
    if sys.platform != "linux":
        return None
    prctl, owner, kill = ctypes.CDLL(None).prctl, os.getpid(), int(signal.SIGKILL)

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, kill)
        if os.getppid() != owner:  # it died before the call
            os._exit(1)

    return ask


def stop_all(children: Sequence[Child], deadline: float) -> None:
    """Ask all at once, then wait for each; kill those that run on at `deadline` (monotonic seconds)."""
    for child in children:
        child.terminate()
    for child in children:
        child.wait_or_kill(deadline)


def is_running(pid: int) -> bool:
    """Whether the process lives; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_same(pid: int | None, started: float | None) -> bool:
    """Whether the process that had this start time (seconds since the epoch) still lives; pids come back."""
    if pid is None or started is None:
        return False
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def started_at(pid: int) -> float:
    """When the process started, seconds since the epoch."""
    return float(psutil.Process(pid).create_time())


def worker_of(main_pid: int, port: int) -> int | None:
    """The process that answers on `port`: the main's only child, or the child that listens, or the main itself.

    None when the main is gone.
    """
    try:
        children = [child for child in psutil.Process(main_pid).children() if child.status() != psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:
        return None
    if not children:
        return main_pid
    if len(children) == 1:
        return int(children[0].pid)
    return next((int(child.pid) for child in children if _listens(child, port)), main_pid)


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        return any(each.laddr.port == port for each in process.net_connections("tcp"))
    except psutil.Error:
        return False


def resident_bytes(pids: Sequence[int]) -> int:
    """Resident memory of the processes and all they started, summed; shared pages count once per process."""
    seen: dict[int, int] = {}
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            for each in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    seen[each.pid] = int(each.memory_info().rss)
    return sum(seen.values())
