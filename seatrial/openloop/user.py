"""A Locust user that stands for one arrival per second, and the events that begin and drain a run.

A locustfile subclasses `OpenLoopUser`; everything else (the web page, headless runs, `--processes`, master
and worker) stays Locust's. Without SEATRIAL_PROFILE the users a person types are the arrivals per second.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import gevent
from locust import User, events, task
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from seatrial.openloop.arrivals import Menu, Stream
from seatrial.openloop.client import Client
from seatrial.openloop.clock import Clock
from seatrial.openloop.errors import OpenLoopError, SettingsError
from seatrial.openloop.journey import Script
from seatrial.openloop.recorder import Journal, JourneyRow, Nowhere, Recorder, RequestRow
from seatrial.openloop.run import Run
from seatrial.openloop.settings import Settings
from seatrial.openloop.shape import ProfileShape

_logger = logging.getLogger(__name__)
# A user that returned would be started again by Locust, which ends it a moment after the run has stopped.
_UNTIL_ENDED = 3600.0


class OpenLoopUser(User):
    """`journeys` names the journey functions, `weights` how often each arrives when no profile says so (1).

    Journeys in `identified` need the identities file and are left out without one; `longest_steps` is the
    most requests a journey makes, for the in-flight bound.
    """

    abstract = True
    journeys: ClassVar[Mapping[str, Script]] = {}
    weights: ClassVar[Mapping[str, int]] = {}
    identified: ClassVar[frozenset[str]] = frozenset()
    longest_steps: ClassVar[int] = 8
    process: ClassVar[Process]

    @task
    def arrivals(self) -> None:
        """Draw arrivals and start each at its instant, until Locust ends this user."""
        process = self.process
        run, menu = process.current(), process.menu(type(self))
        stream = Stream(run.profile.seed, run.worker, run.enroll(), menu)
        at = run.clock.now()
        arrival = stream.draw()
        try:
            while True:
                at += arrival.gap
                ahead = at - run.clock.now()
                if ahead > 0:
                    gevent.sleep(ahead)
                if not run.covers(at):
                    gevent.sleep(_UNTIL_ENDED)
                run.arrive(arrival, at, self.journeys[arrival.journey])
                arrival = stream.draw()
        finally:
            run.leave(stream, arrival, at, self.journeys)

    def stop(self, force: bool = False) -> bool:  # noqa: ARG002, FBT001, FBT002 - Locust's signature
        """End at once, also under --stop-timeout: a user that a ramp-down asks to stop draws no more arrivals."""
        return bool(super().stop(force=True))


class Process:
    """This Locust process: its settings, and the run that is under way."""

    def __init__(self, environment: Environment, settings: Settings) -> None:
        self._environment, self._settings = environment, settings
        self._run: Run | None = None
        self._runs = 0
        self._menus: dict[type[OpenLoopUser], Menu] = {}

    def current(self) -> Run:
        """The run under way; users exist in one only."""
        if self._run is None:
            raise OpenLoopError("a user was started outside a test; start the test through Locust")
        return self._run

    def menu(self, user: type[OpenLoopUser]) -> Menu:
        """The journeys of `user` that can be had; raise SettingsError when none is left."""
        if user not in self._menus:
            self._menus[user] = Menu(self._weights(user))
        return self._menus[user]

    def begin(self, **_: Any) -> None:
        """Open a run; Locust's `test_start`."""
        self._runs += 1
        runner = self._environment.runner
        profile = self._settings.profile
        self._run = Run(
            profile,
            Client(
                self._host(),
                connect_timeout=profile.connect_timeout,
                read_timeout=profile.read_timeout,
                targets=self._settings.targets,
            ),
            self._journal(),
            worker=int(getattr(runner, "worker_index", 0)),
            steps=max(user.longest_steps for user in self._users()),
            data=self._settings.identities or {},
            announce=self._announce,
            clock=Clock(),
        )
        gc.collect()
        gc.freeze()  # a full collection over all of Locust's modules would be tens of milliseconds of lag

    def stop(self, **_: Any) -> None:
        """No more arrivals; Locust's `test_stopping`."""
        if self._run is not None:
            self._run.stop()

    def drain(self, **_: Any) -> None:
        """Drain; Locust's `test_stop`, and `quitting`, which on a signal comes first."""
        if self._run is not None:
            self._run.drain()

    def check(self) -> None:
        """Refuse before the start what could only fail later; raise SettingsError with a sentence.

        The address may still come from Locust's page or master, unless the run is headless.
        """
        for user in self._users():
            self.menu(user)
        if self._host() or getattr(self._environment.parsed_options, "headless", False):
            Client(self._host(), connect_timeout=1, read_timeout=1)

    def _users(self) -> list[type[OpenLoopUser]]:
        return [user for user in self._environment.user_classes if issubclass(user, OpenLoopUser)]

    def _host(self) -> str:
        return self._environment.host or next((user.host for user in self._users() if user.host), "")

    def _journal(self) -> Journal:
        if self._settings.samples is None:
            return Nowhere()
        label = str(os.getpid()) if self._runs == 1 else f"{os.getpid()}-{self._runs}"
        return Recorder(self._settings.samples, label)

    def _weights(self, user: type[OpenLoopUser]) -> dict[str, int]:
        wanted = dict(self._settings.profile.weights) or {name: user.weights.get(name, 1) for name in user.journeys}
        unknown = sorted(set(wanted) - set(user.journeys))
        if unknown:
            raise SettingsError(f"weights name {', '.join(unknown)}; {user.__name__} has {', '.join(user.journeys)}")
        missing = user.identified & set(wanted) if self._settings.identities is None else frozenset()
        if missing:
            _logger.warning("no SEATRIAL_IDENTITIES: %s left out", ", ".join(sorted(missing)))
        kept = {name: weight for name, weight in wanted.items() if name not in missing}
        if not any(kept.values()):
            raise SettingsError("no journey is left to run; set SEATRIAL_IDENTITIES or give a journey a weight")
        return kept

    def _announce(self, row: RequestRow | JourneyRow) -> None:
        """Tell Locust's own statistics, so that its page shows what is judged: time from the intended start."""
        fire: Callable[..., None] = self._environment.events.request.fire
        if isinstance(row, JourneyRow):
            failed = OpenLoopError(row.outcome)
            fire(request_type="ARRIVAL", name=row.journey, response_time=0, response_length=0, exception=failed)
            return
        failure = None if row.outcome == "ok" else OpenLoopError(row.error)
        fire(
            request_type=row.method,
            name=row.step,
            response_time=row.latency * 1000,
            response_length=row.bytes,
            exception=failure,
        )


def _attach(environment: Environment, **_: Any) -> None:
    """Take part in this process; the master of a distributed run only shapes it."""
    try:
        settings = Settings.from_environment()
        process = Process(environment, settings)
        process.check()
    except SettingsError as error:
        # An exception in a listener would end Locust with a traceback; a wrong file deserves its sentence.
        sys.exit(f"seatrial: {error}")
    # Locust arms its --run-time timer next; without this it would count from before the imports of the locustfile.
    gevent.get_hub().loop.update_now()
    if settings.shaped and not isinstance(environment.runner, WorkerRunner):
        environment.shape_class = ProfileShape(settings.profile)
        environment.shape_class.runner = environment.runner
    _interrupt_on(signal.SIGINT)
    if settings.shaped and not isinstance(environment.runner, WorkerRunner):
        # Locust waits for a headless shape to end before it heeds SIGTERM: until then it would just die.
        _interrupt_on(signal.SIGTERM)
    if isinstance(environment.runner, MasterRunner):
        return
    OpenLoopUser.process = process
    _listen(environment.events.test_start, process.begin)
    _listen(environment.events.test_stopping, process.stop)
    _listen(environment.events.test_stop, process.drain)
    _listen(environment.events.quitting, process.drain)


def _interrupt_on(number: signal.Signals) -> None:
    """Let the signal interrupt the main greenlet, where Locust awaits it.

    Python's own handler interrupts whichever greenlet runs, which may be a journey in the midst of a request.
    """
    gevent.signal_handler(number, _interrupt)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _listen(hook: Any, listener: Callable[..., None]) -> None:
    hook.add_listener(listener)  # Locust ships its events untyped


# Locust has no other hook by which a library in a locustfile could take part.
_listen(events.init, _attach)
