"""The real Prometheus beside a local fleet: found, configured by files, started with flags that 2.42 and 3.x share.

Leaves getting one to install.py and asking it questions to seatrial.backends.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from seatrial.project.project import RULES
from seatrial.run_folder import DISCOVERED

OLDEST = (2, 42)
NEWEST_MAJOR = 3
RESEND = "2s"
REMEDY = "Run `seatrial install`, or put Prometheus 2.42 to 3.x on PATH."


@dataclass(frozen=True, slots=True)
class Installation:
    """Where Prometheus is. `promtool` is None when it does not lie beside it."""

    binary: Path
    version: str
    promtool: Path | None


def cached_folder(cache_dir: Path) -> Path:
    """Where `seatrial install` puts prometheus and promtool."""
    return cache_dir / "prometheus"


def version_text(binary: Path) -> str:
    """What the program says of itself; empty when it cannot run here."""
    try:
        done = subprocess.run([str(binary), "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def parse_version(text: str) -> str | None:
    """The version in `prometheus, version 2.42.0+ds (branch: ...)`, without its build."""
    found = re.search(r"version v?(\d+\.\d+\.\d+)", text)
    return found and found[1]


def is_supported(version: str) -> bool:
    """2.42 up to the last 3.x."""
    major, minor, _ = (int(part) for part in version.split("."))
    return OLDEST <= (major, minor) < (NEWEST_MAJOR + 1, 0)


def find_prometheus(
    cache_dir: Path,
    *,
    which: Callable[[str], str | None] = shutil.which,
    ask: Callable[[Path], str] = version_text,
) -> Installation | None:
    """The first supported one on PATH, then in the cache."""
    on_path = which("prometheus")
    for binary in (on_path and Path(on_path), cached_folder(cache_dir) / "prometheus"):
        version = parse_version(ask(binary)) if binary else None
        if binary and version and is_supported(version):
            return Installation(binary, version, _promtool(binary, which))
    return None


def _promtool(binary: Path, which: Callable[[str], str | None]) -> Path | None:
    beside = binary.with_name("promtool")
    if beside.exists():
        return beside
    found = which("promtool")
    return Path(found) if found else None


def copy_configuration(source: Path, run_metrics: Path) -> Path:
    """Copy the project's folder into the run, which thereby shows what was used; returns the copy of prometheus.yml."""
    folder = run_metrics / "prometheus"
    shutil.copytree(source, folder, dirs_exist_ok=True)
    for name in (*DISCOVERED, RULES):
        (folder / name).mkdir(exist_ok=True)
    return folder / "prometheus.yml"


def command(binary: Path, configuration: Path, address: str) -> list[str]:
    """How to start it. The data lies beside the configuration."""
    return [
        str(binary),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={configuration.parent / 'data'}",
        f"--web.listen-address={address}",
        # A firing alert is told again this often, and taken to be over when it is not for four times as long.
        f"--rules.alert.resend-delay={RESEND}",
        # Off by default, also in 3.x; without it no latency leads to its log lines.
        "--enable-feature=exemplar-storage",
        "--log.level=warn",
    ]


def target_group(address: str, *, job: str, instance: str) -> dict[str, Any]:
    """One entry of Prometheus's file_sd format."""
    return {"targets": [address], "labels": {"job": job, "instance": instance}}


def scraped_at(url: str, *, job: str, instance: str) -> dict[str, Any]:
    """The same for whoever shows metrics at `url`; what Prometheus assumes anyway is not said."""
    parts = urlsplit(url)
    group = target_group(parts.netloc, job=job, instance=instance)
    if parts.scheme != "http":
        group["labels"]["__scheme__"] = parts.scheme
    if parts.path != "/metrics":
        group["labels"]["__metrics_path__"] = parts.path
    return group
