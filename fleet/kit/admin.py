"""The second port: metrics, health and fault switches on threads of their own, so that they answer while every request thread waits.

Its traffic is neither counted nor logged: it is the harness's, not the users'.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from prometheus_client.exposition import choose_encoder

from fleet.kit import problems, strict_json
from fleet.kit.errors import BadRequest, ContentTooLarge, NotFound, ProblemError, SettingsError
from fleet.kit.faults import FaultError, parse

if TYPE_CHECKING:
    from fleet.kit.app import Kit

_BODY_LIMIT = 1 << 16
_RUBBISH = b"# TYPE broken histogram\nbroken_bucket{le=} not-a-number\n"


class MethodNotAllowed(ProblemError):
    """The path has other methods."""

    status, slug, title = 405, "method-not-allowed", "Method not allowed"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, not yet on the wire."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ask:
    """What the routes need of a request."""

    method: str
    path: str
    accept: str = ""
    body: bytes = b""


Route = Callable[[Ask], Reply]


class AdminPort:
    """Decides the answers; knows no socket."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._routes: dict[str, dict[str, Route]] = {
            "/metrics": {"GET": self._metrics},
            "/health/live": {"GET": lambda _: _json({"status": "live"})},
            "/health/ready": {"GET": self._ready},
        }
        if kit.faults.enabled:
            self._routes["/faults"] = {"GET": self._faults, "PUT": self._set_faults, "DELETE": self._lift_faults}

    def reply(self, ask: Ask) -> Reply:
        """The answer to any request; errors are problems here too."""
        try:
            return self._route(ask)(ask)
        except ProblemError as error:
            return _problem(error)

    def _route(self, ask: Ask) -> Route:
        methods = self._routes.get(ask.path.partition("?")[0])
        if methods is None:
            raise NotFound
        if ask.method not in methods:
            raise MethodNotAllowed(headers={"Allow": ", ".join(methods)})
        return methods[ask.method]

    def _metrics(self, ask: Ask) -> Reply:
        encode, content_type = choose_encoder(ask.accept)
        if self._kit.faults.active("rubbish-metrics"):
            return Reply(200, _RUBBISH, content_type)
        return Reply(200, encode(self._kit.metrics.registry), content_type)

    def _ready(self, _: Ask) -> Reply:
        ready, checks = self._kit.health.ready()
        return _json({"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503)

    def _faults(self, _: Ask) -> Reply:
        return _json([fault.model_dump() for fault in self._kit.faults.current()])

    def _set_faults(self, ask: Ask) -> Reply:
        try:
            self._kit.faults.replace(parse(strict_json.loads(ask.body)))
        except (FaultError, strict_json.InvalidJson) as error:
            raise BadRequest(str(error)) from error
        return self._faults(ask)

    def _lift_faults(self, ask: Ask) -> Reply:
        self._kit.faults.replace([])
        return self._faults(ask)


def _json(document: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(document).encode())


def _problem(error: ProblemError) -> Reply:
    return Reply(error.status, problems.from_error(error).get_data(), problems.MEDIA_TYPE, error.headers)


class _Handler(BaseHTTPRequestHandler):
    """One connection of the admin port; `server.port` has the answers."""

    protocol_version = "HTTP/1.1"
    timeout = 30  # s; an idle connection goes then
    server: _Server

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        chunked = "Transfer-Encoding" in self.headers  # its end could not be told from the next request
        if length.isdecimal() and int(length) <= _BODY_LIMIT and not chunked:
            body = self.rfile.read(int(length))
            reply = self.server.port.reply(Ask(self.command, self.path, self.headers.get("Accept", ""), body))
        else:
            self.close_connection = True  # its body stays unread
            reply = _problem(ContentTooLarge())
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        standard = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body))}
        for name, value in (standard | reply.headers).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def __getattr__(self, name: str) -> Callable[[], None]:
        # The base class looks for do_GET, do_PUT, ...: every method comes to the same place, which knows what is allowed.
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: see the module's docstring."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = False  # newer Pythons share a taken port silently
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], port: AdminPort) -> None:
        super().__init__(address, _Handler)
        self.port = port

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a scraper that hangs up is no event."""


def start(kit: Kit) -> int:
    """Listen at the settings' admin port in a daemon thread, and return the port.

    Raises:
        SettingsError: the port is taken.
    """
    address = (kit.settings.host, kit.settings.admin_port)
    try:
        server = _Server(address, AdminPort(kit))
    except OSError as error:
        raise SettingsError(f"SEATRIAL_ADMIN_PORT: cannot listen at {address[0]}:{address[1]}: {error}.") from error
    Thread(target=server.serve_forever, name="admin-port", daemon=True).start()
    return int(server.server_address[1])
