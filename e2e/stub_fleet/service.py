"""A service of the stub fleet. With STUB_FORKS=1 a worker answers and the main waits for it, as granian does."""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ADMIN = {"/metrics": "stub_up 1\n", "/health/live": "ok\n", "/health/ready": "ok\n"}


class Traffic(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(200, json.dumps({"service": os.environ["STUB_SERVICE"], "faults": os.environ["STUB_FAULTS"]}))
        with Path(os.environ["STUB_LOG_FILE"]).open("a") as log:
            log.write(json.dumps({"message": self.path}) + "\n")

    def answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        pass


class Admin(Traffic):
    def do_GET(self) -> None:
        self.answer(200 if self.path in ADMIN else 404, ADMIN.get(self.path, "no\n"))


def serve() -> None:
    traffic = ThreadingHTTPServer(("127.0.0.1", int(os.environ["STUB_PORT"])), Traffic)
    admin = ThreadingHTTPServer(("127.0.0.1", int(os.environ["STUB_ADMIN_PORT"])), Admin)
    threading.Thread(target=admin.serve_forever, daemon=True).start()
    traffic.serve_forever()


def main() -> None:
    if os.environ.get("STUB_DIES"):
        sys.exit("the stub was told to die")
    worker = os.fork() if os.environ.get("STUB_FORKS") else 0
    if worker == 0:
        serve()
    os.waitpid(worker, 0)
    sys.exit(1)


if __name__ == "__main__":
    main()
