"""Waits until what was started is ready; what ends instead is told with the end of its log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from seatrial.errors import StackError
from seatrial.stacks.processes import tail
from seatrial.stacks.turns import Turns

READY_SECONDS = 30.0


class Starting(Protocol):
    """As much of a Child as is looked at."""

    name: str
    output: Path

    @property
    def returncode(self) -> int | None:
        """None while it runs."""


def ready(
    checks: Mapping[str, Callable[[], bool]],
    children: Sequence[Starting],
    tell: Callable[[str, float], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    patience: float = READY_SECONDS,
) -> Turns[None]:
    """Until each of `checks`, by child's name, has held; `tell` is given name and seconds of each.

    Raises StackError when a child has ended, or one is not ready within `patience` seconds.
    """
    started, waiting = clock(), dict(checks)
    while waiting:
        _refuse_dead([child for child in children if child.name in waiting])
        for name in [name for name, holds in waiting.items() if holds()]:
            del waiting[name]
            tell(name, clock() - started)
        if waiting and clock() - started > patience:
            raise StackError(_not_ready(list(waiting), children, patience))
        if waiting:
            yield


def _refuse_dead(children: Sequence[Starting]) -> None:
    for child in children:
        if child.returncode is not None:
            raise StackError(f"{child.name} ended with exit code {child.returncode} while it started. {_end(child)}")


def _not_ready(names: Sequence[str], children: Sequence[Starting], patience: float) -> str:
    tails = [_end(child) for child in children if child.name in names]
    return "\n".join([f"not ready after {patience:g} s: {', '.join(names)}.", *tails])


def _end(child: Starting) -> str:
    return f"{child.output} ends:\n{tail(child.output)}"
