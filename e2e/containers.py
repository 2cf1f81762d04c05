"""A Docker daemon for the tests that need one, and containers that are gone at their end.

Without a daemon such tests are skipped, with what to do; with SEATRIAL_DOCKER=required they fail.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from going_without import go_without

from seatrial.stacks.guardian import PROJECT_LABEL

ROOT = Path(__file__).parents[1]
BASE = "seatrial/base:offline"
REMEDY = "no Docker daemon answers, so no container was looked at. As root on Debian: deploy/local-images/docker.sh"
HARDENED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
PATIENCE = 60.0


def docker(*arguments: str, check: bool = True) -> str:
    command = ["docker", *arguments]  # whichever the machine has
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@functools.cache
def daemon_or_skip() -> None:
    try:
        answers = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=30).returncode == 0  # noqa: S607 - whichever the machine has
    except OSError:
        answers = False
    if not answers:
        go_without(REMEDY, "SEATRIAL_DOCKER")


def compose(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`docker compose ARGUMENTS` on this checkout's files, told those variables besides."""
    command = ["docker", "compose", *arguments]  # whichever the machine has
    told = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, check=False, timeout=300)


def projects(prefix: str) -> list[str]:
    """The compose projects whose names begin so, once for each container, network and volume of theirs."""
    shown = ("--filter", f"label={PROJECT_LABEL}", "--format", f'{{{{.Label "{PROJECT_LABEL}"}}}}')
    listings = (("ps", "--all"), ("network", "ls"), ("volume", "ls"))
    return [name for listing in listings for name in docker(*listing, *shown).split() if name.startswith(prefix)]


@functools.cache
def images() -> str:
    """Built as a person would, by the project's own command; what that said."""
    daemon_or_skip()
    done = subprocess.run(
        [ROOT / "deploy" / "local-images" / "build.sh"], capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Container:
    key: str

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(docker("inspect", self.key))[0]
        return found

    @property
    def address(self) -> str:
        """Its own, which this host reaches: a published port's proxy takes connections for one that has stopped."""
        return str(self.state()["NetworkSettings"]["Networks"]["bridge"]["IPAddress"])

    def await_healthy(self) -> float:
        """Seconds until it was."""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE:
            if self.state()["State"]["Health"]["Status"] == "healthy":
                return time.monotonic() - began
            time.sleep(0.2)
        raise AssertionError(docker("logs", self.key))


@contextmanager
def running(image: str, *options: str) -> Iterator[Container]:
    """Hardened, and removed at the end with its volumes."""
    daemon_or_skip()
    key = docker("run", "--detach", *HARDENED, *options, image)
    try:
        yield Container(key)
    finally:
        docker("rm", "--force", "--volumes", key)
