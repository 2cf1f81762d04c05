"""Faults that a replica commits on demand, so that the harness can prove what it would see.

Owns which faults are set and whom they hit; `init_app` commits those that any service can, a service asks for its own by name.
Off unless SEATRIAL_FAULTS=1: then nothing can be set.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from threading import Event
from time import sleep
from typing import Annotated, NoReturn

from flask import Flask
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fleet.kit import exchange as exchanges
from fleet.kit.errors import InternalError, KitError
from fleet.kit.exchange import Exchange
from fleet.kit.exhaustion import Hoard, spin

ACCEPT_EXPIRED = "accept-expired"  # of every service with a token check: `auth` asks for it
GENERAL = frozenset(
    {
        *("latency", "errors", "hang", "crash", "stop-counting", "drop-logs", "rubbish-metrics", ACCEPT_EXPIRED),
        *("spin", "hoard", "leak-descriptors", "hold-store", "skew-clock"),
    }
)
_SHARES = frozenset({"errors", "stop-counting", "drop-logs"})  # their value is a share, all when absent
HANG_SECONDS = 60.0


class FaultError(KitError):
    """A fault that cannot be set; the message says why."""


class InjectedError(InternalError):
    """The fault `errors` at work; to the caller a 500 like any other."""


class Fault(BaseModel):
    """`route` is a URL template, all routes when absent; `share` is the part of the requests that is hit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    value: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    route: str | None = None
    share: Annotated[float, Field(ge=0, le=1)] = 1.0


_LIST = TypeAdapter(list[Fault])


class Faults:
    """The faults of one replica. Reading is lock-free: the set is replaced as a whole."""

    def __init__(self, *, enabled: bool, own: Iterable[str] = (), draw: Callable[[], float] = random.random) -> None:
        self.enabled = enabled
        self.known = GENERAL | set(own)
        self._draw = draw
        self._set: dict[str, Fault] = {}
        self._lifted = Event()
        self.hoard = Hoard()

    def current(self) -> list[Fault]:
        """What is set now."""
        return list(self._set.values())

    def replace(self, faults: Iterable[Fault]) -> None:
        """Set these and no others; whatever hung goes on.

        Raises:
            FaultError: a name that this service does not know, twice the same, or a share above 1.
        """
        wanted = list(faults)
        by_name = {fault.name: fault for fault in wanted}
        if unknown := by_name.keys() - self.known:
            raise FaultError(f"unknown here: {', '.join(sorted(unknown))}; known: {', '.join(sorted(self.known))}")
        if len(by_name) < len(wanted):
            raise FaultError("a fault is listed twice")
        for fault in wanted:
            if fault.name in _SHARES and (fault.value or 0) > 1:
                raise FaultError(f"{fault.name}={fault.value}: the value is a share, 0 to 1")
        self._set = by_name
        self.hoard.drop()
        lifted, self._lifted = self._lifted, Event()
        lifted.set()

    def active(self, name: str) -> bool:
        """Whether the running request is to be hit by this fault; draws anew each time."""
        return bool(self._set) and self.hit(name, exchanges.current()) is not None

    def hit(self, name: str, scope: exchanges.Scope | None) -> Fault | None:
        """The fault when it hits this scope, else None."""
        fault = self._set.get(name)
        if fault is None or not self._concerns(fault, scope):
            return None
        share = fault.share * (fault.value if name in _SHARES and fault.value is not None else 1.0)
        return fault if self._draw() < share else None

    @staticmethod
    def _concerns(fault: Fault, scope: exchanges.Scope | None) -> bool:
        return fault.route is None or (isinstance(scope, Exchange) and scope.route == fault.route)

    def spares(self, name: str) -> Callable[[Exchange], bool]:
        """A question for `metrics` and `logs`: is this exchange *not* hit by `name`?"""
        return lambda exchange: not self._set or self.hit(name, exchange) is None

    def hang(self, seconds: float = HANG_SECONDS) -> None:
        """Wait until the faults are replaced, at most `seconds`."""
        lifted = self._lifted
        # In this order, or a request caught between the two would wait for a lifting that has already been.
        if "hang" in self._set:
            lifted.wait(seconds)

    def hold_store(self, wait: Callable[[float], object] = sleep) -> None:
        """Called while a store is held for writing: hold it for longer."""
        if self._set and (fault := self.hit("hold-store", exchanges.current())) is not None:
            wait(fault.value or 0)

    def skew(self) -> float:
        """Seconds by which the clock of the log is wrong."""
        fault = self._set.get("skew-clock")
        return (fault.value or 0.0) if fault else 0.0

    def consume(self, scope: exchanges.Scope | None) -> None:
        """Use up what a replica has little of: a core for `spin` seconds, `hoard` bytes, `leak-descriptors` files."""
        if (fault := self.hit("spin", scope)) is not None:
            spin(fault.value or 0)
        if (fault := self.hit("hoard", scope)) is not None:
            self.hoard.keep_bytes(int(fault.value or 0))
        if (fault := self.hit("leak-descriptors", scope)) is not None:
            self.hoard.keep_files(int(fault.value or 1))


def parse(document: object) -> list[Fault]:
    """The list that `PUT /faults` carries.

    Raises:
        FaultError: naming the first place that is wrong.
    """
    try:
        return _LIST.validate_python(document, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise FaultError(f"{'.'.join(map(str, first['loc'])) or 'document'}: {first['msg']}") from None


def crash() -> NoReturn:
    """End the worker at once, as a killed process would: no clean-up, no answer."""
    os._exit(70)  # sysexits' EX_SOFTWARE


def init_app(
    app: Flask, faults: Faults, *, wait: Callable[[float], object] = sleep, die: Callable[[], object] = crash
) -> None:
    """Commit the general faults before each view of `app`; without SEATRIAL_FAULTS=1 nothing is installed."""
    if not faults.enabled:
        return

    def commit() -> None:
        if not faults.current():
            return
        scope = exchanges.current()
        if faults.hit("crash", scope):
            die()
        if faults.hit("hang", scope):
            faults.hang()
        if (latency := faults.hit("latency", scope)) is not None:
            wait(latency.value or 0)
        faults.consume(scope)
        if faults.hit("errors", scope):
            raise InjectedError("An injected fault.")

    app.before_request(commit)
