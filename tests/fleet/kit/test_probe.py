from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fleet.kit.probe import is_ready

ROOT = Path(__file__).parents[3]


@contextmanager
def answering(status: int) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("status", [200, 503, 404])
def test_a_replica_is_ready_when_it_says_so(status: int) -> None:
    with answering(status) as port:
        assert is_ready(port) == (status == 200)


def test_one_that_does_not_answer_is_not() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert not is_ready(taken.getsockname()[1])


def test_it_needs_the_standard_library_alone() -> None:
    with answering(200) as port:
        command = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path[:0] = [{str(ROOT)!r}]; sys.argv = ['', '{port}']; import runpy; runpy.run_module('fleet.kit.probe', run_name='__main__')",
        ]
        assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
