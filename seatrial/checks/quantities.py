"""What limits and ceilings are about, by name: percentiles of latencies, shares of errors, rates, resources.

Free of arrays: whoever reads a project's files needs these names, and no statistics.
"""

from __future__ import annotations

from enum import StrEnum

ERRORS = "error_ratio"
RATE = "rate_min"
# Those that a limit can be set for.
PERCENTILES = ("p50", "p75", "p90", "p95", "p99", "p995", "p999")


class Resource(StrEnum):
    """What a replica can run out of: request threads (a share), cores, bytes, open files, and the writers' turn at the
    store (seconds waited for it per second, over all threads).
    """

    THREADS = "threads"
    CPU = "cpu"
    MEMORY = "memory"
    DESCRIPTORS = "descriptors"
    STORE_WAIT = "store_wait"

    @property
    def unit(self) -> str:
        """What its values are counted in."""
        return RESOURCE_UNITS[self]


RESOURCE_UNITS = {
    Resource.THREADS: "ratio",
    Resource.CPU: "cores",
    Resource.MEMORY: "bytes",
    Resource.DESCRIPTORS: "files",
    Resource.STORE_WAIT: "s/s",
}


def share_of(name: str) -> float:
    """`p50`, `p95`, `p99`, `p995` and `p999` as 0.5, 0.95, 0.99, 0.995 and 0.999."""
    digits = name.removeprefix("p")
    if name == digits or not digits.isdecimal() or not int(digits):
        raise ValueError(f"{name!r} names no percentile; write p50, p95, p99 or p999")
    return float(f"0.{digits}")


def name_of(share: float) -> str:
    """What `share_of` reads: 0.5 is `p50`, 0.995 is `p995`."""
    return f"p{f'{share:.9g}'.removeprefix('0.'):0<2}"
