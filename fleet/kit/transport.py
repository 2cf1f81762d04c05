"""Sends one HTTP request and tells what came of it: requests' adapter, without its session.

The adapter alone follows no redirect, keeps no cookies, reads no environment and retries nothing: what it sends is what was
asked for. Owns the kept connections, a pool per address, so that those of an address that has gone can go too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, NoReturn, Protocol

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ClosedPoolError, HTTPError, MaxRetryError, NewConnectionError, ReadTimeoutError

from fleet.kit.errors import KitError

# granian closes a connection 30 s after its last request (measured, 2.8): a request sent at that very moment would be lost.
IDLE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Request:
    """What goes out, to `host:port`; `target` is path and query, times are in seconds."""

    method: str
    address: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    connect_timeout: float
    read_timeout: float

    @property
    def url(self) -> str:
        """The whole address."""
        return f"http://{self.address}{self.target}"


@dataclass(frozen=True, slots=True)
class Received:
    """What came back, read whole; header names are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportError(KitError):
    """No answer. `kind` is a short static name; `sent`: the callee may have got the request; `timed_out`: it was too slow."""

    def __init__(self, kind: str, message: str, *, sent: bool, timed_out: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.sent = sent
        self.timed_out = timed_out


class Transport(Protocol):
    """Sends; the seam for fakes."""

    def send(self, request: Request) -> Received:
        """The answer, or TransportError."""

    def forget(self, addresses: Iterable[str]) -> None:
        """These have gone: keep no connection to them."""


class RequestsTransport:
    """Keeps up to `connections` per address, which bounds what is kept, not what is under way.

    `read_timeout` bounds each wait for bytes, not their sum: a callee that drips stays below it.
    """

    def __init__(self, connections: int, *, clock: Callable[[], float] = monotonic) -> None:
        self._connections = connections
        self._pools = {"http": _pool_class(clock)}
        self._adapters: dict[str, HTTPAdapter] = {}
        self._lock = Lock()

    def send(self, request: Request) -> Received:
        """The answer, or TransportError; nothing of requests or urllib3 gets out."""
        prepared = requests.PreparedRequest()
        prepared.prepare(method=request.method, url=request.url, headers=dict(request.headers), data=request.body)
        timeouts = (request.connect_timeout, request.read_timeout)
        try:
            response = self._adapter(request.address).send(prepared, timeout=timeouts)
            return Received(response.status_code, response.headers, response.content)
        except (requests.RequestException, HTTPError) as error:
            _translate(error)

    def forget(self, addresses: Iterable[str]) -> None:
        """Close the idle connections to these at once, and those in use when their answers have come."""
        with self._lock:
            adapters = [self._adapters.pop(address, None) for address in addresses]
        for adapter in adapters:
            if adapter is not None:
                adapter.close()

    def close(self) -> None:
        """Forget all."""
        self.forget(list(self._adapters))

    def _adapter(self, address: str) -> HTTPAdapter:
        with self._lock:
            if address not in self._adapters:
                adapter = HTTPAdapter(pool_connections=1, pool_maxsize=self._connections, max_retries=0)
                adapter.poolmanager.pool_classes_by_scheme = self._pools
                self._adapters[address] = adapter
            return self._adapters[address]


def _pool_class(clock: Callable[[], float]) -> type[HTTPConnectionPool]:
    class Connection(HTTPConnection):
        # urllib3 looks here before it uses a kept connection, and finds a close that has arrived. One that arrives between
        # this look and the sending cannot be told from a callee that died over the request, so it counts as sent.
        begun = 0.0

        def request(self, *args: Any, **options: Any) -> None:
            self.begun = clock()
            super().request(*args, **options)

        @property
        def is_connected(self) -> bool:
            return clock() - self.begun < IDLE_SECONDS and super().is_connected

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    return Pool


def _translate(error: requests.RequestException | HTTPError) -> NoReturn:
    inner = error.args[0] if error.args else None
    cause = inner.reason if isinstance(inner, MaxRetryError) else inner
    if isinstance(error, requests.ConnectTimeout):
        raise TransportError("ConnectTimeout", "no connection in time", sent=False, timed_out=True) from error
    if isinstance(error, requests.ReadTimeout) or isinstance(cause, ReadTimeoutError):
        raise TransportError("ReadTimeout", "no answer in time", sent=True, timed_out=True) from error
    if isinstance(cause, NewConnectionError):
        raise TransportError("ConnectionRefused", "no connection", sent=False) from error
    if isinstance(cause, ClosedPoolError):
        raise TransportError("ConnectionDropped", "the replica was forgotten meanwhile", sent=False) from error
    raise TransportError("ConnectionBroken", f"the connection broke ({type(error).__name__})", sent=True) from error
