"""Fetches what a stack needs beside Python packages: with progress, checked, or not at all."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from seatrial.checks.figures import MEGABYTE
from seatrial.errors import SeatrialError

Run = Callable[[Sequence[str], Path], str]
Fetch = Callable[[str, Path], None]
Tell = Callable[[str], None]
PIECE_BYTES = 1 << 20


class InstallError(SeatrialError):
    """Something could not be fetched, or is not what was promised."""


def verify(file: Path, checksum: str, algorithm: str = "sha256") -> None:
    """Raises InstallError when the file's checksum is another."""
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, algorithm).hexdigest()
    if found != checksum:
        name = algorithm.upper().replace("SHA", "SHA-")
        raise InstallError(
            f"{file.name} has {name} {found}, but {checksum} is promised. It was thrown away; try again."
        )


def run_command(command: Sequence[str], cwd: Path) -> str:
    """Its output. Raises InstallError with the end of what it said."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallError(f"{command[0]} could not be run: {error}.") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise InstallError(f"{command[0]} failed with exit code {done.returncode}: {' '.join(said)}")
    return done.stdout


def fetch_url(url: str, into: Path) -> None:
    """Download; the proxy of the environment is honoured. Raises InstallError."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer, into.open("wb") as file:  # noqa: S310 - https, a constant
            total, done = int(answer.headers.get("Content-Length") or 0), 0
            while piece := answer.read(PIECE_BYTES):
                file.write(piece)
                done += len(piece)
                _progress(done, total)
    except OSError as error:
        raise InstallError(f"{url} could not be fetched: {error}. Check the network, or install by hand.") from error


def _progress(done: int, total: int) -> None:
    """On a terminal, in place; a log needs none."""
    if total > 2 * PIECE_BYTES and sys.stderr.isatty():
        end = "\n" if done >= total else "\r"
        sys.stderr.write(f"  {done / MEGABYTE:.0f} of {total / MEGABYTE:.0f} MB{end}")
        sys.stderr.flush()
