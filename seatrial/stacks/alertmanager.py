"""The real Alertmanager beside a stack's Prometheus: found, configured by files, started.

Leaves getting one to install.py, and what becomes of notifications to receiver.py.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from seatrial.durations import duration
from seatrial.run_folder import write_text
from seatrial.stacks.prometheus import version_text

OLDEST = (0, 22)
# Debian's is called otherwise.
NAMES = ("alertmanager", "prometheus-alertmanager")
REMEDY = "Run `seatrial install alertmanager`, or put Alertmanager 0.22 or newer on PATH."
# Of all routes, in a stack that lives for minutes. What is repeated at least each minute is a sign of life, and stays one.
TRIAL_TIMES = {"group_wait": "1s", "group_interval": "2s"}
SIGN_OF_LIFE_SECONDS, TRIAL_SIGN_OF_LIFE = 60, "2s"


@dataclass(frozen=True, slots=True)
class Installation:
    """Where Alertmanager is; `amtool` is None when it is not beside it."""

    binary: Path
    version: str
    amtool: Path | None


def cached_folder(cache_dir: Path) -> Path:
    """Where `seatrial install alertmanager` puts it."""
    return cache_dir / "alertmanager"


def find_alertmanager(
    cache_dir: Path,
    *,
    which: Callable[[str], str | None] = shutil.which,
    ask: Callable[[Path], str] = version_text,
) -> Installation | None:
    """The first that is new enough on PATH, then in the cache."""
    for binary in _candidates(cache_dir, which):
        found = re.search(r"alertmanager, version v?(\d+)\.(\d+)\.(\d+)", ask(binary))
        if found and (int(found[1]), int(found[2])) >= OLDEST:
            amtool = binary.with_name("amtool")
            return Installation(binary, ".".join(found.groups()), amtool if amtool.exists() else None)
    return None


def _candidates(cache_dir: Path, which: Callable[[str], str | None]) -> Iterator[Path]:
    for name in NAMES:
        if on_path := which(name):
            yield Path(on_path)
    yield from (cached_folder(cache_dir) / name for name in NAMES if (cached_folder(cache_dir) / name).exists())


def write_configuration(source: Path, folder: Path, receiver_url: str) -> Path:
    """The project's folder in the run, with a trial's times and every webhook sent to `receiver_url`; returns its file."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    file = folder / "alertmanager.yml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    write_text(file, yaml.safe_dump(for_trial(document, receiver_url), sort_keys=False, width=120))
    return file


def for_trial(document: dict[str, Any], receiver_url: str) -> dict[str, Any]:
    """The configuration with a trial's times. Other kinds of receivers than webhooks are left out: nobody is to be woken."""
    receivers = [
        {"name": each["name"], "webhook_configs": [{"url": receiver_url, "send_resolved": True}]}
        for each in document.get("receivers", [])
    ]
    return {**document, "route": _hurried(document["route"]), "receivers": receivers}


def _hurried(route: dict[str, Any]) -> dict[str, Any]:
    repeated = route.get("repeat_interval")
    alive = repeated is not None and duration(str(repeated)) <= SIGN_OF_LIFE_SECONDS
    hurried = {**route, **TRIAL_TIMES, **({"repeat_interval": TRIAL_SIGN_OF_LIFE} if alive else {})}
    return {**hurried, **({"routes": [_hurried(each) for each in route["routes"]]} if "routes" in route else {})}


def command(binary: Path, configuration: Path, address: str) -> list[str]:
    """How to start it, alone; the data lies beside the configuration."""
    return [
        str(binary),
        f"--config.file={configuration}",
        f"--storage.path={configuration.parent / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
