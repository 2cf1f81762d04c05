"""Writes what Alertmanager tells, a line of JSON for each notification, to standard output: whom it tells until there are people."""

from __future__ import annotations

import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ADDRESS = ("127.0.0.1", 9095)  # alertmanager.yml names it; this container shares Alertmanager's network
MOST_BYTES = 1 << 20
LENGTH = re.compile(r"[0-9]{1,18}")


class Recorder(BaseHTTPRequestHandler):
    """Takes a notification and says 200."""

    def do_POST(self) -> None:
        """Write the body in one line: JSON has no line breaks but those between its tokens."""
        told = self.headers.get("Content-Length", "")
        length = int(told) if LENGTH.fullmatch(told) else -1
        body = self.rfile.read(length) if 0 <= length <= MOST_BYTES else b""
        if length > MOST_BYTES:
            self.send_error(413)
        elif len(body) != length:  # no length, none that is a number, or a body that was cut short
            self.send_error(400)
        else:
            sys.stdout.buffer.write(body.replace(b"\n", b" ") + b"\n")
            sys.stdout.buffer.flush()
            self.send_response(200)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing beside the notifications."""


if __name__ == "__main__":
    ThreadingHTTPServer(ADDRESS, Recorder).serve_forever()
