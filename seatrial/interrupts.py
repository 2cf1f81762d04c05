"""Ctrl-C, SIGTERM and SIGHUP become Interrupted in the main thread, and none is lost.

Python raises a handler's exception wherever the main thread happens to be. In a finalizer, a weak reference's callback
or a hook around fork nobody can catch it: Python prints it and goes on as if nothing had been asked (documented at
`sys.unraisablehook`). Such an interruption is raised once more, a moment later. Where one would leave something half
done that nothing can mend, `held` puts it off.

Imports next to nothing: the command line listens before it loads its verbs.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from seatrial.errors import Interrupted

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AGAIN_SECONDS = 0.02  # long enough to be out of the hook that was told of the loss


@dataclass(slots=True)
class _State:
    """`holds` are nested; `late` is the signal that came meanwhile."""

    holds: int = 0
    late: signal.Signals | None = None


_state = _State()


def listen() -> None:
    """From now on each ending signal raises Interrupted. Call it from the main thread."""
    for each in (*ENDING_SIGNALS, signal.SIGALRM):
        signal.signal(each, _interrupt)
    sys.unraisablehook = _again


def ignore() -> None:
    """From now on none does anything: what comes can no longer change the outcome."""
    for each in (*ENDING_SIGNALS, signal.SIGALRM):
        signal.signal(each, signal.SIG_IGN)


@contextmanager
def held() -> Iterator[None]:
    """Put an interruption off to the end of the block; use it in the main thread, for moments only."""
    _state.holds += 1
    try:
        yield
    finally:
        _state.holds -= 1
        late = _state.late
        if late is not None and not _state.holds:
            _state.late = None
            raise Interrupted(late.name)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    Interrupted.heard = True
    if _state.holds:
        _state.late = signal.Signals(number)
        return
    raise Interrupted(signal.Signals(number).name)


def _again(lost: sys.UnraisableHookArgs) -> None:
    if isinstance(lost.exc_value, Interrupted):
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    else:
        sys.__unraisablehook__(lost)
