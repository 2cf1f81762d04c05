"""One HTTP/1.1 exchange at a time, over connections that are kept alive; nothing is ever sent twice.

geventhttpclient's own client re-sends an idempotent request whose kept-alive connection was closed, so only
its parser is used here. No redirects, no cookies, no compression. Sockets are the standard library's: under
Locust they are gevent's, in a plain test they block.
"""

from __future__ import annotations

import socket
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from gevent.monkey import get_original
from geventhttpclient.response import HTTPParseError, HTTPResponse

from seatrial.openloop.errors import Broken, NotSent, SettingsError, TimedOut
from seatrial.openloop.steps import Answer

# A connection idle for longer is closed rather than trusted: many servers close theirs after 5 s or more,
# and a request sent into that race would have to be reported as an error.
IDLE_SECONDS = 4.0
_READ_BYTES = 65536
# Under gevent `select.poll` switches greenlets; a look at one idle socket must not.
_poll = get_original("select", "poll")
_POLLIN = 1


class _Reading(HTTPResponse):
    """The parser, with its body in reach."""

    @property
    def finished(self) -> bool:
        return bool(self.message_complete) and self.get_code() >= 200  # noqa: PLR2004 - 1xx answers are interim

    def answer(self) -> Answer:
        return Answer(self.get_code(), bytes(self._body_buffer), {name.lower(): text for name, text in self.items()})


@dataclass(slots=True)
class Pending:
    """A request that was sent whole; `deadline` is on the monotonic clock."""

    connection: socket.socket
    method: str
    deadline: float


class Connections:
    """Idle connections, the newest first. It has no bound of its own: the in-flight bound is the only queue."""

    def __init__(self, connect: Callable[[], socket.socket], *, clock: Callable[[], float] = monotonic) -> None:
        self._connect = connect
        self._clock = clock
        self._idle: deque[tuple[float, socket.socket]] = deque()

    def take(self) -> socket.socket:
        """A connection that is open as far as this side can see, else a new one."""
        while self._idle:
            since, connection = self._idle.pop()
            if self._clock() - since <= IDLE_SECONDS and not _readable(connection):
                return connection
            connection.close()
        return self._connect()

    def give(self, connection: socket.socket) -> None:
        """Keep a connection whose answer was read to its end."""
        self._idle.append((self._clock(), connection))

    def close(self) -> None:
        """Close all idle connections."""
        while self._idle:
            self._idle.pop()[1].close()


class Client:
    """Requests to one base URL (`http://host:port/prefix`); shared by all journeys of a process."""

    def __init__(self, base_url: str, *, connect_timeout: float, read_timeout: float) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SettingsError(f"--host {base_url!r} is no http(s) address; give one like http://127.0.0.1:8000")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._name, self._port = parts.hostname, parts.port or (443 if self._tls else 80)
        self._prefix = parts.path.rstrip("/")
        self._host_header = parts.netloc.rsplit("@", 1)[-1]
        self._connect_timeout, self._read_timeout = connect_timeout, read_timeout
        self._addresses: list[Any] = []
        self.connections = Connections(self._open)

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Pending:
        """Send one request; raise NotSent when no byte of it left, Broken when it may have arrived in part."""
        message = self._message(method, target, headers, body)
        deadline = monotonic() + self._read_timeout
        connection = self.connections.take()
        try:
            connection.settimeout(self._read_timeout)
            connection.sendall(message)
        except OSError as error:
            connection.close()
            raise Broken(f"while sending: {_words(error)}") from error
        except BaseException:  # a greenlet that is killed here must not leave the connection open
            connection.close()
            raise
        return Pending(connection, method, deadline)

    def receive(self, pending: Pending) -> Answer:
        """The whole answer; raise TimedOut or Broken."""
        reading = _Reading(pending.method)
        try:
            self._read(pending, reading)
        except BaseException:  # also a killed greenlet's: half an answer must not meet the next request
            pending.connection.close()
            raise
        if reading.should_close():
            pending.connection.close()
        else:
            self.connections.give(pending.connection)
        return reading.answer()

    def close(self) -> None:
        """Close what is idle; what is in flight ends with its journey."""
        self.connections.close()

    def _read(self, pending: Pending, reading: _Reading) -> None:
        while not reading.finished:
            left = pending.deadline - monotonic()
            if left <= 0:
                raise TimedOut(f"no whole answer in {self._read_timeout:g} s")
            try:
                pending.connection.settimeout(left)
                data = pending.connection.recv(_READ_BYTES)
            except TimeoutError as error:
                raise TimedOut(f"no whole answer in {self._read_timeout:g} s") from error
            except OSError as error:
                raise Broken(_words(error)) from error
            _feed(reading, data)

    def _message(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [f"{method} {self._prefix}{target} HTTP/1.1", f"Host: {self._host_header}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method in {"POST", "PUT", "PATCH"}:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def _open(self) -> socket.socket:
        """Connect to the first address that answers; the name is resolved once, for the client's life."""
        first: OSError | None = None
        try:
            if not self._addresses:
                self._addresses = socket.getaddrinfo(self._name, self._port, type=socket.SOCK_STREAM)
            for family, kind, protocol, _, address in self._addresses:
                try:
                    return self._reach(socket.socket(family, kind, protocol), address)
                except OSError as error:
                    first = first or error
        except OSError as error:
            first = error
        raise NotSent(_words(first) if first else "no address") from first

    def _reach(self, connection: socket.socket, address: Any) -> socket.socket:
        try:
            connection.settimeout(self._connect_timeout)
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._tls.wrap_socket(connection, server_hostname=self._name) if self._tls else connection
        except BaseException:  # whoever is killed while connecting leaves no descriptor behind
            connection.close()
            raise


def _feed(reading: _Reading, data: bytes) -> None:
    """Parse what came; no data is the end of the connection, which may be the end of the answer."""
    if not data and not reading.message_begun:
        raise Broken("closed before an answer")
    try:
        reading.feed(data)
    except HTTPParseError as error:
        raise Broken(f"not HTTP: {error}" if data else "closed within the answer") from error
    if not data and not reading.finished:
        raise Broken("closed within the answer")


def _readable(connection: socket.socket) -> bool:
    """Whether an idle connection has something to read: its end, or bytes nobody asked for."""
    poll = _poll()
    poll.register(connection.fileno(), _POLLIN)
    return bool(poll.poll(0))


def _words(error: OSError) -> str:
    return "timed out" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()
