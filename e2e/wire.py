"""Requests as bytes on a socket: nothing is mended, checked or left out on the way."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import urlsplit

from documented import Came, Sent

SECONDS = 15.0


def encoded(sent: Sent, host: str) -> bytes:
    """HTTP/1.1 as RFC 9112 has it, with whatever the request holds; it is given its length and a host."""
    names = {name.lower() for name, _ in sent.headers}
    given = list(sent.headers)
    if "host" not in names:
        given.insert(0, ("Host", host))
    if "content-length" not in names and (sent.body or sent.method not in {"GET", "HEAD"}):
        given.append(("Content-Length", str(len(sent.body))))
    lines = [f"{sent.method} {sent.target} HTTP/1.1", *(f"{name}: {value}" for name, value in given), "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + sent.body


class _Bytes:
    """As much of a socket as HTTPResponse asks for."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._content)


def parsed(content: bytes, method: str = "GET") -> Came | None:
    """The answer that the bytes are; None when they are none. Interim answers (100) are passed over."""
    try:
        response = http.client.HTTPResponse(_Bytes(content), method=method)  # type: ignore[arg-type] # see _Bytes
        response.begin()
        return Came(response.status, _headers(response.headers), response.read())
    except (http.client.HTTPException, ValueError):
        return None


def _headers(message: Message) -> dict[str, str]:
    return {
        name.title() if name != "www-authenticate" else "WWW-Authenticate": str(value)
        for name, value in message.items()
    }


@dataclass
class Wire:
    """Connections to services, one each, kept while they last."""

    urls: dict[str, str]
    _open: dict[str, socket.socket] = field(default_factory=dict)

    def send(self, service: str, sent: Sent) -> Came:
        """The answer; once more on a new connection when the kept one had been closed meanwhile."""
        for _ in range(2):
            kept = service in self._open
            line = self._open.pop(service, None) or dial(self.urls[service])
            came = self._ask(service, line, sent)
            if came is not None:
                return came
            if not kept:
                break
        raise AssertionError(f"no answer to {sent!r:.300}")

    def _ask(self, service: str, line: socket.socket, sent: Sent) -> Came | None:
        # A refusal may come before all is sent, and the rest then meets a closed door.
        with contextlib.suppress(ConnectionError):
            line.sendall(encoded(sent, urlsplit(self.urls[service]).netloc))
        try:
            response = http.client.HTTPResponse(line, method=sent.method)
            response.begin()
            came = Came(response.status, _headers(response.headers), response.read())
        except (http.client.HTTPException, ConnectionError):
            line.close()
            return None
        if response.will_close:
            line.close()
        else:
            self._open[service] = line
        return came

    def close(self) -> None:
        for line in self._open.values():
            line.close()


def dial(url: str) -> socket.socket:
    return socket.create_connection((urlsplit(url).hostname or "", urlsplit(url).port or 0), SECONDS)


def said(url: str, *parts: bytes, hang_up: bool = False, seconds: float = SECONDS) -> bytes:
    """What came back on a connection of its own until the server closed it, or said nothing for `seconds`."""
    with dial(url) as line:
        line.settimeout(seconds)
        content = b""
        with contextlib.suppress(OSError):  # silence, a reset, or closed before we could hang up
            for part in parts:
                line.sendall(part)
            if hang_up:
                line.shutdown(socket.SHUT_WR)
            while more := line.recv(65536):
                content += more
        return content
