"""A copy of this checkout that uses the original's environment: what is typed or changed there leaves the original alone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

ROOT = Path(__file__).parents[1]
GIT = shutil.which("git") or "git"
TIMEOUT_SECONDS = 240
STOP_SECONDS = 30
PATIENCE_SECONDS = 1  # nobody is faster with Ctrl-C, and some programs are not ready for it when they say that they run
FROM_DOCUMENTATION = re.compile(r"^SEATRIAL_|^LOCUST_")


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    code: int
    output: str


@dataclass(frozen=True)
class Checkout:
    """Made by `copy`; commands find the copy's code first, whatever is installed."""

    root: Path
    environment: dict[str, str] = field(repr=False)

    @classmethod
    def copy(cls, root: Path) -> Checkout:
        listed = subprocess.run(
            [GIT, "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():  # not deleted since
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        (root / ".venv").symlink_to(sys.prefix)
        plain = {name: value for name, value in os.environ.items() if not FROM_DOCUMENTATION.match(name)}
        return cls(
            root,
            plain
            | {
                "PATH": f"{root}/.venv/bin:{os.environ['PATH']}",
                "PYTHONPATH": str(root),
                "SEATRIAL_RUNTIME_DIR": os.environ.get("SEATRIAL_RUNTIME_DIR", ""),
                "LOCUST_WEB_PORT": str(free_port()),
            },
        )

    def run(self, words: Sequence[str], settings: Sequence[str] = ()) -> Done:
        """To its end; one that takes too long is stopped as by Ctrl-C, so that it takes its children with it."""
        with self._start(words, settings) as process:
            try:
                output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                stop(process)
                raise
        return Done(process.returncode, output)

    def until(self, shows: str, words: Sequence[str], settings: Sequence[str] = ()) -> Done:
        """Until a line of its output has `shows`, then to the end that Ctrl-C brings."""
        with self._start(words, settings) as process:
            assert process.stdout
            lines = list[str]()
            too_long = Timer(TIMEOUT_SECONDS, process.kill)
            too_long.start()
            try:
                for line in process.stdout:
                    lines.append(line)
                    if shows in line:
                        break
            finally:
                too_long.cancel()
                time.sleep(PATIENCE_SECONDS)
                stop(process)
        return Done(process.returncode, "".join(lines))

    def _start(self, words: Sequence[str], settings: Sequence[str]) -> subprocess.Popen[str]:
        # `make` would install anew if it thought so: into the environment that the tests run in.
        typed = ["make", "-o", ".venv/.ready", *words[1:]] if words[0] == "make" else list(words)
        extra = dict(setting.split("=", 1) for setting in settings)
        return subprocess.Popen(
            typed,
            cwd=self.root,
            env=self.environment | extra,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[str]) -> None:
    """As Ctrl-C does: the whole foreground group gets it. What does not end by itself is killed."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
