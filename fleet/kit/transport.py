"""Sends one HTTP request and tells what came of it: requests' adapter, without its session.

The adapter alone follows no redirect, keeps no cookies, reads no environment and retries nothing: what it sends is what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, Protocol

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ReadTimeoutError

from fleet.kit.errors import KitError


@dataclass(frozen=True, slots=True)
class Request:
    """What goes out; times in seconds."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    connect_timeout: float
    read_timeout: float


@dataclass(frozen=True, slots=True)
class Received:
    """What came back, read whole."""

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


class RequestsTransport:
    """One pool of connections for all callees; `threads` is how many calls can be under way at once.

    `read_timeout` bounds each wait for bytes, not their sum: a callee that drips stays below it.
    """

    def __init__(self, threads: int) -> None:
        self._adapter = HTTPAdapter(pool_connections=64, pool_maxsize=threads, max_retries=0)

    def send(self, request: Request) -> Received:
        """The answer, or TransportError; nothing of requests or urllib3 gets out."""
        prepared = requests.PreparedRequest()
        prepared.prepare(method=request.method, url=request.url, headers=dict(request.headers), data=request.body)
        try:
            response = self._adapter.send(prepared, timeout=(request.connect_timeout, request.read_timeout))
            return Received(response.status_code, response.headers, response.content)
        except (requests.RequestException, HTTPError) as error:
            _translate(error)


def _translate(error: requests.RequestException | HTTPError) -> NoReturn:
    inner = error.args[0] if error.args else None
    cause = inner.reason if isinstance(inner, MaxRetryError) else inner
    if isinstance(error, requests.ConnectTimeout):
        raise TransportError("ConnectTimeout", "no connection in time", sent=False, timed_out=True) from error
    if isinstance(error, requests.ReadTimeout) or isinstance(cause, ReadTimeoutError):
        raise TransportError("ReadTimeout", "no answer in time", sent=True, timed_out=True) from error
    if isinstance(cause, NewConnectionError):
        raise TransportError("ConnectionRefused", "no connection", sent=False) from error
    raise TransportError("ConnectionBroken", f"the connection broke ({type(error).__name__})", sent=True) from error
