"""Connections to one address that are kept alive between requests, and how a new one is made.

Sockets are the standard library's: under Locust they are gevent's, in a plain test they block.
"""

from __future__ import annotations

import socket
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from gevent.monkey import get_original

from seatrial.openloop.errors import NotSent

# A connection idle for longer is closed rather than trusted: many servers close theirs after 5 s or more,
# and a request sent into that race would have to be reported as an error.
IDLE_SECONDS = 4.0
# Under gevent `select.poll` switches greenlets; a look at one idle socket must not.
_poll = get_original("select", "poll")
_POLLIN = 1


class Connections:
    """Idle connections, the newest first. It has no bound of its own: the in-flight bound is the only queue."""

    def __init__(self, connect: Callable[[], socket.socket], *, clock: Callable[[], float] = monotonic) -> None:
        self._connect = connect
        self._clock = clock
        self._idle: deque[tuple[float, socket.socket]] = deque()
        self._closed = False

    def take(self) -> socket.socket:
        """A connection that is open as far as this side can see, else a new one."""
        while self._idle:
            since, connection = self._idle.pop()
            if self._clock() - since <= IDLE_SECONDS and not _readable(connection):
                return connection
            connection.close()
        return self._connect()

    def give(self, connection: socket.socket) -> None:
        """Keep a connection whose answer was read to its end; after `close` it is closed too."""
        if self._closed:
            connection.close()
        else:
            self._idle.append((self._clock(), connection))

    def close(self) -> None:
        """Close all idle connections, and from now on each that comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop()[1].close()


@dataclass(slots=True)
class Route:
    """How to reach one address; its name is resolved once."""

    name: str
    port: int
    connect_timeout: float
    tls: ssl.SSLContext | None = None
    resolved: list[Any] | None = None

    def open(self) -> socket.socket:
        """Connect to the first of its addresses that answers. Raises NotSent."""
        first: OSError | None = None
        try:
            if self.resolved is None:
                self.resolved = socket.getaddrinfo(self.name, self.port, type=socket.SOCK_STREAM)
            for family, kind, protocol, _, address in self.resolved:
                try:
                    return self._reach(socket.socket(family, kind, protocol), address)
                except OSError as error:
                    first = first or error
        except OSError as error:
            first = error
        raise NotSent(in_words(first) if first else "no address") from first

    def _reach(self, connection: socket.socket, address: Any) -> socket.socket:
        try:
            connection.settimeout(self.connect_timeout)
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self.tls.wrap_socket(connection, server_hostname=self.name) if self.tls else connection
        except BaseException:  # whoever is killed while connecting leaves no descriptor behind
            connection.close()
            raise


def in_words(error: OSError) -> str:
    """The error as a row tells it."""
    return "timed out" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()


def _readable(connection: socket.socket) -> bool:
    """Whether an idle connection has something to read: its end, or bytes nobody asked for."""
    poll = _poll()
    poll.register(connection.fileno(), _POLLIN)
    return bool(poll.poll(0))
