"""What the owner of a stack does while it stands: answers other terminals and looks whether all still live."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Protocol

from seatrial.errors import SeatrialError, UsageError
from seatrial.stacks import control
from seatrial.stacks.control import Request
from seatrial.stacks.turns import POLL_SECONDS, Turns

LOOK_SECONDS = 1.0


class Restartable(Protocol):
    """As much of a stack as another terminal can ask for."""

    run_dir: Path

    def restarting(self, service: str, replica: int | None = None) -> Turns[None]:
        """A planned restart, in turns."""


class Tended(Restartable, Protocol):
    """As much of a stack as its owner tends."""

    def watch(self) -> None:
        """Note what ended by itself."""


@dataclass(slots=True)
class _Job:
    """One restart under way."""

    request: Request
    turns: Turns[None]
    began: float


@dataclass(slots=True)
class Attendant:
    """Does what other terminals ask for, beside whatever else the owner does: no `turn` waits for anything.

    Different services restart side by side; requests for the same one wait for each other, so that its replicas are
    never away together.
    """

    stack: Restartable
    clock: Callable[[], float] = time.monotonic
    _waiting: list[Request] = field(default_factory=list)
    _jobs: dict[str, _Job] = field(default_factory=dict)

    def turn(self) -> None:
        """Take what was asked, and bring everything under way one step further."""
        for request in control.requests(self.stack.run_dir):
            if request.asked.get("action") == "restart":
                self._waiting.append(request)
            else:
                self._refuse(request, UsageError(f"the owner cannot {request.asked.get('action')!r}; it can restart."))
        for request in list(self._waiting):
            if request.asked["service"] not in self._jobs:
                self._waiting.remove(request)
                self._begin(request)
        for service in list(self._jobs):
            self._advance(service)

    def finish(self, pause: Callable[[float], object] = time.sleep) -> None:
        """End what is under way or waits."""
        while self._jobs or self._waiting:
            self.turn()
            pause(POLL_SECONDS)

    def _begin(self, request: Request) -> None:
        service = request.asked["service"]
        self._jobs[service] = _Job(request, self.stack.restarting(service, request.asked.get("replica")), self.clock())

    def _advance(self, service: str) -> None:
        job = self._jobs[service]
        try:
            next(job.turns)
        except StopIteration:
            control.answer(job.request, {"seconds": self.clock() - job.began})
        except SeatrialError as error:
            self._refuse(job.request, error)
        else:
            return
        del self._jobs[service]

    def _refuse(self, request: Request, error: SeatrialError) -> None:
        control.answer(request, {"error": str(error)})


def tend(stack: Tended) -> NoReturn:
    """Until interrupted: answer, and look about once a second whether all still live."""
    attendant, looked = Attendant(stack), 0.0
    while True:
        attendant.turn()
        if time.monotonic() - looked > LOOK_SECONDS:
            looked = time.monotonic()
            stack.watch()
        time.sleep(POLL_SECONDS)
