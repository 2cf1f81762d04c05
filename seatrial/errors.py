"""Everything Seatrial raises on purpose, each with the exit code it ends in.

SeatrialError          3  the harness failed
├── StackError         3  the fleet or its observability does not start, or is not there
├── HookError          2  a hook of the project gave no answer: what it should have told is unknown
└── UsageError        64  wrong usage: a bad flag, file or value
    └── ConfigError   64  a file that Seatrial was given is wrong; names line and remedy
Interrupted          130  SIGINT or SIGTERM; a KeyboardInterrupt, so that no `except Exception` swallows it
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import ClassVar


class Exit(IntEnum):
    """The promised exit codes; `64` is sysexits' EX_USAGE, `130` is the shell's 128 + SIGINT."""

    PASS = 0
    FAIL = 1
    INCONCLUSIVE = 2
    HARNESS = 3
    USAGE = 64
    INTERRUPTED = 130


class SeatrialError(Exception):
    """What happened, with which value, and what to do about it."""

    exit_code = Exit.HARNESS


class StackError(SeatrialError):
    """The fleet or its observability does not start, or is not there."""


class HookError(SeatrialError):
    """A hook failed, timed out or gave no answer."""

    exit_code = Exit.INCONCLUSIVE


class UsageError(SeatrialError):
    """The command was asked for something that cannot be."""

    exit_code = Exit.USAGE


class ConfigError(UsageError):
    """A file is wrong. `line` and `column` count from 1; both are None when the whole file is meant."""

    def __init__(self, message: str, *, file: Path, line: int | None = None, column: int | None = None) -> None:
        where = ":".join(str(part) for part in (file, line, column) if part is not None)
        super().__init__(f"{where}: {message}")
        self.file = file
        self.line = line
        self.column = column


class Interrupted(KeyboardInterrupt):
    """The person or the CI system asked the run to end.

    `heard` is whether that has happened: a library that was just at work may have made another exception of it.
    """

    exit_code = Exit.INTERRUPTED
    heard: ClassVar[bool] = False
