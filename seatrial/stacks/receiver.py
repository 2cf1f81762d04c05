"""Hears what Alertmanager sends, from a thread of the stack's owner, and keeps it: one JSON line per notification.

Owns HTTP and the file. What a notification holds: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
FILE = "alerts.jsonl"
MOST_BYTES = 4 << 20
OK, BAD_REQUEST, TOO_LARGE = 200, 400, 413


@dataclass(frozen=True, slots=True)
class Notified:
    """One alert of one notification: when it was heard (epoch seconds), and whether it fires or is over."""

    at: float
    firing: bool
    labels: dict[str, str]

    @property
    def name(self) -> str:
        """The alert's."""
        return self.labels.get("alertname", "")


class Receiver:
    """Listens from `start` to `stop` on 127.0.0.1."""

    def __init__(self, file: Path, port: int, clock: Callable[[], float] = time.time) -> None:
        self._file, self._clock = file, clock
        self._server = ThreadingHTTPServer((HOST, port), self._handler())
        self._server.daemon_threads = True
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it hears."""
        return f"http://{HOST}:{self._server.server_port}/"

    def start(self) -> None:
        """Hear from now on."""
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hear no more; also of one that was never started, which `shutdown` would wait for."""
        if self._thread is not None:
            self._server.shutdown()
        self._server.server_close()

    def hear(self, body: bytes) -> int:
        """Keep one notification; the status that it is answered with."""
        now = self._clock()
        try:
            alerts = json.loads(body)["alerts"]
            heard = [
                {"at": now, "firing": each["status"] == "firing", "labels": dict(each["labels"])} for each in alerts
            ]
        except (ValueError, KeyError, TypeError, RecursionError):
            return BAD_REQUEST
        with self._lock, self._file.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(each) + "\n" for each in heard)
        return OK

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_POST(self) -> None:
                length = self.headers.get("Content-Length", "")
                if not length.isdecimal():
                    status = BAD_REQUEST
                else:
                    status = TOO_LARGE if int(length) > MOST_BYTES else receiver.hear(self.rfile.read(int(length)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        return Handler


def read_notified(file: Path) -> Iterator[Notified]:
    """All that was heard, oldest first; none without a file. A line under way is left."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    for line in text[: text.rfind("\n") + 1].splitlines():
        yield Notified(**json.loads(line))
