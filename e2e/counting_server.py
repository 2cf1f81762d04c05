"""A server that counts what it receives, and can misbehave: slow, closing after reading, closing when idle."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from types import TracebackType
from typing import Self

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + b'{"ok":true}'


class CountingServer(socketserver.ThreadingTCPServer):
    """`received` counts requests whose header was read whole; every `drop`-th of them is closed without an answer."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, *, delay: float = 0.0, drop: int = 0, idle: float = 60.0) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.delay, self.drop, self.idle = delay, drop, idle
        self.received = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def count(self) -> int:
        with self._lock:
            self.received += 1
            return self.received

    def await_received(self, count: int, patience: float = 20.0) -> None:
        """Return once `count` requests have come; fail after `patience` seconds."""
        end = time.monotonic() + patience
        while self.received < count:
            assert time.monotonic() < end, f"only {self.received} of {count} requests came"
            time.sleep(0.02)


class _Connection(socketserver.BaseRequestHandler):
    server: CountingServer
    request: socket.socket

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request.settimeout(self.server.idle)
        try:
            while self._read_request():
                number = self.server.count()
                if self.server.drop and number % self.server.drop == 0:
                    return
                time.sleep(self.server.delay)
                self.request.sendall(ANSWER)
        except OSError:
            return

    def _read_request(self) -> bool:
        """Requests here have no bodies and never follow one another unasked."""
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            more = self.request.recv(65536)
            if not more:
                return False
            data += more
        return True
