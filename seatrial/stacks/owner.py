"""What the owner of a stack does while it stands: answers other terminals and looks whether all still live."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NoReturn

from seatrial.errors import UsageError
from seatrial.stacks import control
from seatrial.stacks.local import LocalStack

TICK_SECONDS = 0.1
LOOK_SECONDS = 1.0


def tend(stack: LocalStack, show: Callable[[dict[str, Any]], None]) -> NoReturn:
    """Until interrupted. `show` is given the status document about once a second."""
    looked = 0.0
    while True:
        control.serve(stack.run_dir, lambda request: answer(stack, request))
        if time.monotonic() - looked > LOOK_SECONDS:
            looked = time.monotonic()
            show(stack.status())
        time.sleep(TICK_SECONDS)


def answer(stack: LocalStack, request: dict[str, Any]) -> dict[str, Any]:
    """Do what another terminal asks for. Raises UsageError for what is not known here."""
    if request.get("action") != "restart":
        raise UsageError(f"the owner cannot {request.get('action')!r}; it can restart.")
    started = time.monotonic()
    stack.restart(request["service"], request.get("replica"))
    return {"seconds": time.monotonic() - started}
