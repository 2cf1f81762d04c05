"""The command line. Owns signals and the promised exit codes; each verb is a module of its name beside this one.

Imports next to nothing: a signal that comes while the verbs are loading must already end in the promised way.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

from seatrial.errors import Interrupted

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> NoReturn:
    """Run the command that was typed and exit with its code."""
    for each in ENDING_SIGNALS:
        signal.signal(each, _interrupt)
    code = _run()
    for each in ENDING_SIGNALS:  # what comes now can no longer change the outcome
        signal.signal(each, signal.SIG_IGN)
    sys.exit(code)


def _run() -> int:
    try:
        from seatrial.cli.dispatch import dispatch

        return dispatch(sys.argv[1:])
    except KeyboardInterrupt:  # between the handlers of `dispatch` and here
        return int(Interrupted.exit_code)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    Interrupted.heard = True
    raise Interrupted(signal.Signals(number).name)
