"""Serves the page on 127.0.0.1 from a thread of its own: files of ours, three documents, GET alone.

Owns HTTP and who may ask: the Host header must name this very address, so that no page of elsewhere reads it by
rebinding its own name. Leaves the documents to the board.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"
HTML, STYLE, SCRIPT = (f"text/{kind}; charset=utf-8" for kind in ("html", "css", "javascript"))
PAGE, PANELS = "live/page", "panels"
# What is served, by its path: the folder that it lies in, its name there, and its media type.
FILES = {
    "/": (PAGE, "index.html", HTML),
    "/live.css": (PAGE, "live.css", STYLE),
    "/panels.css": (PANELS, "panels.css", STYLE),
    **{f"/{name}.js": (PAGE, f"{name}.js", SCRIPT) for name in ("live", "charts", "graph", "figures")},
    "/panels.js": (PANELS, "panels.js", SCRIPT),
}
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# A page asks every second; one that has not for this long is closed, or asleep.
LOOKING_SECONDS = 5.0
IDLE_SECONDS = 10.0
POLL_SECONDS = 0.25
LINGER_SECONDS = 1.5
LONGEST_NUMBER = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, media type and body."""

    status: int
    kind: str
    body: bytes


class Site:
    """What is to be had; knows no socket. `fleet` makes what never changes, `state` all that came after a number,
    `observed` a dashboard by its name, with alerts and budgets.
    """

    def __init__(
        self,
        fleet: Callable[[], Mapping[str, Any]],
        state: Callable[[int], Mapping[str, Any]],
        clock: Callable[[], float] = time.monotonic,
        observed: Callable[[str], Mapping[str, Any] | None] = lambda _: None,
    ) -> None:
        self._make_fleet, self._state, self._clock, self._observe = fleet, state, clock, observed
        self._asked = float("-inf")
        self.told_end = threading.Event()

    @property
    def looked_at(self) -> bool:
        """Whether a page has asked within the last seconds."""
        return self._clock() - self._asked < LOOKING_SECONDS

    def answer(self, target: str, host: str, port: int) -> Answer:
        """The answer to a GET for `target`; a wrong one gets a sentence."""
        if host not in {f"{HOST}:{port}", f"localhost:{port}"}:
            return _sentence(421, f"This page is at {HOST}:{port} alone.")
        parts = urlsplit(target) if target.startswith("/") and not target.startswith("//") else None
        if parts is None:
            return _sentence(400, "Ask for a path of this page.")
        if parts.path in FILES:
            folder, name, kind = FILES[parts.path]
            return Answer(200, kind, _file(folder, name))
        match parts.path:
            case "/fleet.json":
                found = Answer(200, JSON, self._fleet)
            case "/live.json":
                found = self._live(parts.query)
            case "/observed.json":
                found = self._observed(parts.query)
            case _:
                found = _sentence(404, "There is nothing here. The page is at /.")
        return found

    @cached_property
    def _fleet(self) -> bytes:
        return json.dumps(self._make_fleet()).encode()

    def _live(self, query: str) -> Answer:
        after = parse_qs(query).get("after", ["0"])[-1]
        if not (after.isascii() and after.isdecimal() and len(after) <= LONGEST_NUMBER):
            return _sentence(400, "after is the number of the last point that you have, such as after=0.")
        self._asked = self._clock()
        document = self._state(int(after))
        if document.get("phase") == "ended":
            self.told_end.set()
        return Answer(200, JSON, json.dumps(document).encode())

    def _observed(self, query: str) -> Answer:
        name = parse_qs(query).get("dashboard", [""])[-1]
        document = self._observe(name)
        if document is None:
            return _sentence(404, "There is no such dashboard. Their names are in /fleet.json.")
        return Answer(200, JSON, json.dumps(document, allow_nan=False).encode())


class PageServer:
    """A site on a port of its own. Raises OSError when there is none to be had."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._server = _Server((HOST, 0), _handler(site))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="live page", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self._server.server_port}/"

    def end(self, *, linger: bool) -> None:
        """Close. With `linger` a page that looks may still fetch how the run ended."""
        if linger and self._site.looked_at:
            self._site.told_end.wait(LINGER_SECONDS)
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Browsers break connections off; a traceback would lie across the terminal's own picture."""


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "seatrial", ""
        error_content_type, error_message_format = TEXT, "%(code)d %(message)s\n"
        timeout = IDLE_SECONDS

        def do_GET(self) -> None:
            _, port = self.connection.getsockname()
            self._send(site.answer(self.path, self.headers.get("Host", ""), port))

        def _refuse(self) -> None:
            self.close_connection = True  # a body may follow that nobody reads
            self._send(_sentence(405, "This page is only looked at: GET."), Allow="GET")

        def __getattr__(self, name: str) -> Callable[[], None]:
            """Every other method is refused alike, known or not."""
            if name.startswith("do_"):
                return self._refuse
            raise AttributeError(name)

        def _send(self, answer: Answer, **headers: str) -> None:
            self.send_response(answer.status)
            sized = {"Content-Type": answer.kind, "Content-Length": str(len(answer.body))}
            for name, value in (HEADERS | sized | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Nobody reads a log of looks."""

    return Handler


def _sentence(status: int, text: str) -> Answer:
    return Answer(status, TEXT, f"{text}\n".encode())


def _file(folder: str, name: str) -> bytes:
    return (resources.files("seatrial") / folder / name).read_bytes()
