"""What can go wrong with a load, beyond a profile that is written wrongly (ConfigError).

LoadError               3  the harness failed
├── GeneratorFailed     3  the load generator did not start, did not end, or ended badly
└── NoSamples           3  it left nothing, or what it left cannot be read
"""

from __future__ import annotations

from seatrial.errors import SeatrialError


class LoadError(SeatrialError):
    """The load could not be driven or read."""


class GeneratorFailed(LoadError):
    """The child that makes the load did not do what it was told."""


class NoSamples(LoadError):
    """There are no rows to judge."""
