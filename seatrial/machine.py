"""What a figure depends on and a reader elsewhere cannot see: the machine and the versions that made it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil

PACKAGES = ("seatrial", "locust", "gevent", "duckdb", "numpy")


def describe_machine() -> dict[str, Any]:
    """Cores, memory in bytes, load averages (1, 5, 15 minutes) and operating system; no host or user name."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "cores": psutil.cpu_count() or 1,
        "memory_bytes": psutil.virtual_memory().total,
        "load_average": list(os.getloadavg()),
    }


def describe_versions() -> dict[str, str]:
    """Python's and those of the packages that shape a result; a package that is not installed is left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
