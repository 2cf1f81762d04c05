"""One HTTP/1.1 exchange at a time, over connections that are kept alive; nothing is ever sent twice.

geventhttpclient's own client re-sends an idempotent request whose kept-alive connection was closed, so only
its parser is used here. No redirects, no cookies, no compression. With several targets each request goes to
the next in turn.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from time import monotonic
from urllib.parse import urlsplit

from geventhttpclient.response import HTTPParseError, HTTPResponse

from seatrial.openloop.connections import Connections, Route, in_words
from seatrial.openloop.errors import Broken, NotSent, SettingsError, TimedOut
from seatrial.openloop.steps import Answer
from seatrial.openloop.targets import Fixed, Targets

_READ_BYTES = 65536


class _Reading(HTTPResponse):
    """The parser, with its body in reach."""

    @property
    def finished(self) -> bool:
        return bool(self.message_complete) and self.get_code() >= 200  # noqa: PLR2004 - 1xx answers are interim

    def answer(self) -> Answer:
        return Answer(self.get_code(), bytes(self._body_buffer), {name.lower(): text for name, text in self.items()})


@dataclass(slots=True)
class Pending:
    """A request that was sent whole; `deadline` is on the monotonic clock, `home` is where its connection belongs."""

    connection: socket.socket
    home: Connections
    method: str
    deadline: float


class Client:
    """Requests to a base URL (`http://host:port/prefix`); shared by all journeys of a process.

    `targets` replace its host and port by addresses that may come and go: a connection to one that has gone is not
    used again.
    """

    def __init__(
        self, base_url: str, *, connect_timeout: float, read_timeout: float, targets: Targets | None = None
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SettingsError(f"--host {base_url!r} is no http(s) address; give one like http://127.0.0.1:8000")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._prefix = parts.path.rstrip("/")
        self._connect_timeout, self._read_timeout = connect_timeout, read_timeout
        self._targets = targets or Fixed(parts.netloc.rsplit("@", 1)[-1])
        self._present: tuple[str, ...] = ()
        self._homes: dict[str, Connections] = {}
        self._turns = count()

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Pending:
        """Send one request; raise NotSent when no byte of it left, Broken when it may have arrived in part."""
        address = self._next()
        message = self._message(method, address, target, headers, body)
        deadline = monotonic() + self._read_timeout
        home = self._homes[address]
        connection = home.take()
        try:
            connection.settimeout(self._read_timeout)
            connection.sendall(message)
        except OSError as error:
            connection.close()
            raise Broken(f"while sending: {in_words(error)}") from error
        except BaseException:  # a greenlet that is killed here must not leave the connection open
            connection.close()
            raise
        return Pending(connection, home, method, deadline)

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
            pending.home.give(pending.connection)
        return reading.answer()

    def close(self) -> None:
        """Close what is idle; what is in flight ends with its journey."""
        for home in self._homes.values():
            home.close()

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
                raise Broken(in_words(error)) from error
            _feed(reading, data)

    def _next(self) -> str:
        """The target whose turn it is, among those that are there now."""
        present = self._targets.present()
        if present is not self._present:
            self._settle(present)
        if not present:
            raise NotSent("no target is there")
        return present[next(self._turns) % len(present)]

    def _settle(self, present: tuple[str, ...]) -> None:
        """Forget the connections to addresses that have gone; one that comes back begins anew."""
        for address in self._homes.keys() - set(present):
            self._homes.pop(address).close()
        for address in present:
            if address not in self._homes:
                self._homes[address] = Connections(self._route(address).open)
        self._present = present

    def _route(self, address: str) -> Route:
        parts = urlsplit(f"//{address}")
        port = parts.port or (443 if self._tls else 80)
        return Route(parts.hostname or "", port, self._connect_timeout, self._tls)

    def _message(self, method: str, address: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [f"{method} {self._prefix}{target} HTTP/1.1", f"Host: {address}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method in {"POST", "PUT", "PATCH"}:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


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
