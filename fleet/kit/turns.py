"""How many requests work at once: whoever waits for its body gives its turn to another meanwhile.

The server reads a body in the thread that asks for it and has no time-out for that (granian's issue 728, not to be done), so it
gets more threads than may work. Without this, as many half-sent requests as there are threads would hold the service.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from _typeshed.wsgi import InputStream, StartResponse, WSGIApplication, WSGIEnvironment


class Turns:
    """A number of turns, given to who came first; those that come back from waiting go before the new ones."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._free = number
        self._lock = Lock()
        self._back: deque[Lock] = deque()
        self._new: deque[Lock] = deque()

    def take(self, *, back: bool = False) -> None:
        """Wait for a turn."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            gate = Lock()
            gate.acquire()
            (self._back if back else self._new).append(gate)
        gate.acquire()

    def give(self) -> None:
        """End a turn: it goes straight to who is next."""
        with self._lock:
            waiting = self._back or self._new
            if waiting:
                waiting.popleft().release()
            else:
                self._free += 1

    def taken(self) -> int:
        """How many turns are taken now."""
        return self._number - self._free


class InTurn:
    """The WSGI layer that answers each request in a turn of its own."""

    def __init__(self, wsgi: WSGIApplication, turns: Turns) -> None:
        self._wsgi = wsgi
        self._turns = turns

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request as WSGI asks (PEP 3333); the answer must be whole when it is returned."""
        length = environ.get("CONTENT_LENGTH", "0")
        if length.isdecimal() and length != "0":
            environ["wsgi.input"] = Body(environ["wsgi.input"], int(length), self._turns)
        self._turns.take()
        try:
            return self._wsgi(environ, start_response)
        finally:
            self._turns.give()


class Body(io.RawIOBase):
    """A request's body, taken in whole when the first byte is asked for; without a turn meanwhile."""

    def __init__(self, source: InputStream, length: int, turns: Turns) -> None:
        self._source = source
        self._length = length
        self._turns = turns
        self._whole: io.BytesIO | None = None

    def readable(self) -> bool:
        """As io has it."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """As io has it; fewer bytes than declared when the client went away."""
        if self._whole is None:
            self._whole = io.BytesIO(self._take_in())
        return self._whole.readinto(buffer)

    def _take_in(self) -> bytes:
        self._turns.give()
        try:
            return self._source.read(self._length)
        finally:
            self._turns.take(back=True)
