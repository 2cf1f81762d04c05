"""Everything openloop raises on purpose.

OpenLoopError
├── SettingsError        an environment variable or a file it names is wrong; the run does not start
├── JourneyFailed        a step's answer was not right: the journey ends here
└── ExchangeError        a request got no whole answer
    ├── NotSent          no byte of it reached the server
    ├── TimedOut         no whole answer within the time-out
    └── Broken           the connection ended, or what came is not HTTP
"""

from __future__ import annotations


class OpenLoopError(Exception):
    """What happened, with which value, and what to do about it."""


class SettingsError(OpenLoopError):
    """A setting or a file it names cannot be used."""


class JourneyFailed(OpenLoopError):
    """The step `step` was not answered rightly; its row is written already."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")


class ExchangeError(OpenLoopError):
    """One request without a whole answer; `outcome` is what its row says."""

    outcome = "error"


class NotSent(ExchangeError):
    """No byte reached the server, so the server cannot have counted it; the row's error begins `not sent:`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not sent: {reason}")


class TimedOut(ExchangeError):
    """No whole answer within the time-out, counted from the start of the request."""

    outcome = "timeout"


class Broken(ExchangeError):
    """The connection ended before a whole answer, or the bytes are not HTTP."""
