"""Sixty trials ended at random moments, by every signal that ends one: nothing of ours remains."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from seatrial.settings import read_settings

ROOT = Path(__file__).parents[1]
SEATRIAL = Path(sys.executable).parent / "seatrial"
TRIAL_SECONDS = 28.0
# A cancelled CI job is killed 10 s after it is first told.
ENDING_SECONDS = 10.0
MOMENTS = [
    (number, round(random.Random(f"{number.name} {index}").uniform(0.1, TRIAL_SECONDS), 1))
    for index in range(20)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
]


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Folders of this trial alone, so that whatever it leaves is its own; the port locks stay common, as they must."""
    folders = {"SEATRIAL_RUNS_DIR": "runs", "TMPDIR": "tmp"}
    for name in folders.values():
        (tmp_path / name).mkdir()
    common = {"SEATRIAL_RUNTIME_DIR": str(read_settings().runtime_dir)}
    return common | {variable: str(tmp_path / name) for variable, name in folders.items()}


@pytest.fixture(autouse=True)
def onlooker(places: dict[str, str]) -> Iterator[None]:
    """Somebody looks at the live page all the while."""
    ended = threading.Event()
    looks = threading.Thread(target=look, args=(Path(places["SEATRIAL_RUNS_DIR"]), ended))
    looks.start()
    yield
    ended.set()
    looks.join()


def look(runs: Path, ended: threading.Event) -> None:
    while not ended.wait(0.5):
        for record in runs.glob("2*/run.json"):
            with contextlib.suppress(OSError, ValueError, KeyError):  # no page yet, or no more
                urllib.request.urlopen(json.loads(record.read_text())["page"] + "live.json", timeout=2).close()


@pytest.mark.slow
@pytest.mark.parametrize("number,moment", MOMENTS, ids=[f"{number.name}-{moment}s" for number, moment in MOMENTS])
def test_nothing_remains(number: signal.Signals, moment: float, places: dict[str, str], tmp_path: Path) -> None:
    code = end_a_trial(number, moment, places, tmp_path / "output.txt")
    runs = Path(places["SEATRIAL_RUNS_DIR"])
    if number is signal.SIGKILL:
        wait_until_alone(runs)
    output = (tmp_path / "output.txt").read_text()
    assert processes(runs) == []
    assert list(locks(Path(places["SEATRIAL_RUNTIME_DIR"]), runs)) == []
    assert list(leftovers(runs)) == []
    assert list(Path(places["TMPDIR"]).iterdir()) == []
    assert code in {-9, 0} if number is signal.SIGKILL else code in {130, 0}, output


def end_a_trial(number: signal.Signals, moment: float, places: Mapping[str, str], output: Path) -> int:
    with output.open("w") as file:
        trial = subprocess.Popen(
            [SEATRIAL, "trial", "smoke"],
            cwd=ROOT,
            env={**os.environ, **places},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return trial.wait(moment)  # a quick machine may be done before
        except subprocess.TimeoutExpired:
            trial.send_signal(number)
        return trial.wait(ENDING_SECONDS)


def processes(runs: Path) -> list[str]:
    """Living processes that carry the id of one of these runs."""
    ids = {path.name for path in runs.iterdir() if path.is_dir()}
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SEATRIAL_RUN_ID") in ids:
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


def wait_until_alone(runs: Path) -> None:
    """The guardian needs a moment; it too must be gone in the end."""
    until = time.monotonic() + ENDING_SECONDS
    while processes(runs) and time.monotonic() < until:
        time.sleep(0.1)


def locks(folder: Path, runs: Path) -> Iterator[str]:
    """Lock files that these runs wrote, held or not."""
    ids = {path.name for path in runs.iterdir()}
    for lock in folder.rglob("*.lock"):
        with contextlib.suppress(FileNotFoundError):  # another run's, gone while we look
            if lock.read_text() in ids:
                yield lock.name


def leftovers(runs: Path) -> Iterator[Path]:
    """Secrets, and files that never got their final name."""
    for pattern in ("identities.json", "secrets", ".*.tmp", "*.partial", ".*.partial"):
        yield from runs.rglob(pattern)
