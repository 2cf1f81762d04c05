"""The command line. Owns signals and the promised exit codes; each verb is a module of its name beside this one.

Imports next to nothing: a signal that comes while the verbs are loading must already end in the promised way.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from seatrial import interrupts
from seatrial.errors import Interrupted


def main() -> NoReturn:
    """Run the command that was typed and exit with its code."""
    interrupts.listen()
    code = _run()
    interrupts.ignore()
    sys.exit(code)


def _run() -> int:
    try:
        from seatrial.cli.dispatch import dispatch

        return dispatch(sys.argv[1:])
    except KeyboardInterrupt:  # between the handlers of `dispatch` and here
        return int(Interrupted.exit_code)
