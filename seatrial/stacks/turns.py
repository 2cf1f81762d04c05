"""Work done in turns: a generator that yields whenever it would wait, so that its owner can do other things meanwhile.

Children must be started from the main thread (see processes.py), so the owner of a stack cannot leave a restart to
another one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Turns: TypeAlias = Generator[None, None, T]
POLL_SECONDS = 0.05


def to_the_end(turns: Turns[T], pause: Callable[[float], object] = time.sleep) -> T:
    """Do all of it, pausing between the turns, and return its result."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            result: T = end.value
            return result
        pause(POLL_SECONDS)
