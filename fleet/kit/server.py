"""Starts a service under granian: one worker process with N threads; the main process only watches it and imports no app.

Owns the worker's ends: it dies with the main process (Linux), drains on SIGTERM, and a start that cannot be is one sentence.
"""

from __future__ import annotations

import ctypes
import importlib
import multiprocessing
import os
import signal
import socket
import sys
import threading
from functools import partial
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from fleet.kit.errors import KitError, SettingsError
from fleet.kit.settings import Settings, load_settings

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

    from _typeshed.wsgi import WSGIApplication

EX_CONFIG = 78  # sysexits: configuration error
EX_KILLED = 70  # sysexits: internal error; the drain was cut short
_PR_SET_PDEATHSIG = 1


def serve(target: str, kind: type[Settings] = Settings) -> None:
    """Serve `target` ("fleet.orders.app:create_app", called with the settings in the worker) until SIGTERM or SIGINT."""
    try:
        settings = load_settings(kind)
        refuse_taken(settings.host, settings.port)
    except KitError as error:
        stop(error)
    server = Server(
        target,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=settings.threads + settings.body_threads,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,  # its warning that threads exceed cores is about computing, ours wait
        log_access=False,
        workers_kill_timeout=settings.drain,
    )
    serving = multiprocessing.Event()
    server.serve(target_loader=partial(load_app, target, settings, os.getpid(), serving), wrap_loader=False)
    # granian ends with 0 whether its worker was done or had to be killed.
    if serving.is_set():
        sys.stderr.write(f"The replica was not done {settings.drain} s after the signal and was killed.\n")
        sys.exit(EX_KILLED)


def refuse_taken(host: str, port: int) -> None:
    """Raise SettingsError when somebody listens there: granian binds with SO_REUSEPORT, so two services would silently share it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(f"SEATRIAL_PORT: cannot listen at {host}:{port}: {error.strerror}.") from error


def load_app(target: str, settings: Settings, main_pid: int, serving: Event) -> WSGIApplication:
    """The app, made in the worker, with its admin port open. Exits with one sentence when it cannot be made.

    `serving` is set until the worker has come to its end by itself.
    """
    # Ctrl-C reaches the worker and the main process, which passes it on as SIGTERM: a worker that got both was seen to heed neither.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # Until granian sets its own, the handlers are the main process's, inherited: SIGTERM would be lost.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with(main_pid)
    module, _, factory = target.partition(":")
    try:
        app: Any = getattr(importlib.import_module(module), factory)(settings)
        _open_admin(app)
    except KitError as error:
        stop(error)
    app.kit.logs.capture_libraries()
    app.kit.logs.event("service.started", f"{app.kit.service} is serving")
    _end_well(app.kit, serving)
    # From here on a round must not be cut: until granian sets its own handlers, SIGTERM leaves through the finalizers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    app.kit.loops.start()
    return app  # type: ignore[no-any-return] # the target is a string


def _open_admin(app: Any) -> None:
    from fleet.kit import admin

    if app.kit.settings.admin_port:
        admin.start(app.kit)


def _end_well(kit: Any, serving: Event) -> None:
    """On SIGTERM not ready at once and no new rounds; at the worker's very end, wait for the running ones.

    granian's own handlers come later and stay: `set_wakeup_fd` tells of a signal beside them. A worker is a child of
    multiprocessing, which leaves by `os._exit`: `atexit` never runs in it, `Finalize` does, after granian has drained.
    """
    ears, mouth = socket.socketpair()
    mouth.setblocking(False)
    signal.set_wakeup_fd(mouth.detach(), warn_on_full_buffer=False)

    def heed() -> None:
        ears.recv(1)
        kit.health.drain()
        kit.loops.halt()

    threading.Thread(target=heed, name="drain", daemon=True).start()

    def finish() -> None:
        kit.loops.stop(kit.settings.drain)
        serving.clear()

    serving.set()
    Finalize(None, finish, exitpriority=1)


def die_with(main_pid: int) -> None:
    """Let the kernel kill this process when its main process ends, however that ends. Linux; nothing elsewhere."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != main_pid:  # it ended before the line above
        os._exit(EX_CONFIG)


def stop(error: KitError) -> Any:
    """End the process with the error's sentence on standard error, without a traceback."""
    sys.stderr.write(f"{error}\n")
    sys.exit(EX_CONFIG)
