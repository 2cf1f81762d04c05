"""What can go wrong while evidence is fetched; none of it is a verdict yet.

BackendError
├── Unreachable    nobody answered, or not in time
├── BadAnswer      somebody answered, but not what the protocol promises
└── NotExposition  an answer on a metrics endpoint that is no exposition
"""

from __future__ import annotations

from seatrial.errors import SeatrialError


class BackendError(SeatrialError):
    """A backend did not give what was asked."""


class Unreachable(BackendError):
    """Connection refused, reset, or timed out."""


class BadAnswer(BackendError):
    """An error status, or a document of another shape."""


class NotExposition(BackendError):
    """Text that is no Prometheus exposition; names the line."""
