"""Whom Alertmanager tells in containers, asked on a port of 127.0.0.1."""

from __future__ import annotations

import json
import runpy
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]
# Run by its path, as in its container: it is in no package, and nothing compiled shall stay beside it.
MODULE = runpy.run_path(str(ROOT / "deploy" / "compose" / "recorder.py"))
MOST = MODULE["MOST_BYTES"]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), MODULE["Recorder"]) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_port
        server.shutdown()


def told(port: int, body: bytes, **headers: str) -> int:
    """The status; keywords are header names with `_` for `-`."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", "/", body, {name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse().status
    finally:
        connection.close()


def told_by_hand(port: int, request: bytes) -> bytes:
    """The first line of the answer to a request that no client would make."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").readline()


def test_a_notification_becomes_one_line(port: int, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    notifications = [
        {"status": status, "alerts": [{"labels": {"alertname": "é\n"}}]} for status in ("firing", "resolved")
    ]
    for notification in notifications:
        assert told(port, json.dumps(notification, indent=2, ensure_ascii=False).encode()) == 200
    out, err = capsysbinary.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == notifications
    assert err == b""


def test_the_longest_is_taken(port: int, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert told(port, b"x" * MOST) == 200
    assert len(capsysbinary.readouterr().out) == MOST + 1


@pytest.mark.parametrize(
    "length, status",
    [
        pytest.param(str(MOST + 1), 413, id="too long"),
        pytest.param("many", 400, id="no number"),
        pytest.param("-1", 400, id="negative"),
        pytest.param("", 400, id="empty"),
        pytest.param("²", 400, id="a digit of another kind"),
        pytest.param("9" * 5000, 400, id="no length of anything"),
    ],
)
def test_a_length_that_is_none_is_refused(
    port: int, length: str, status: int, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert told(port, b"", Content_Length=length) == status
    assert capsysbinary.readouterr() == (b"", b"")


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", id="without a length"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{}", id="cut short"),
    ],
)
def test_half_a_notification_is_no_line(port: int, request_: bytes, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert told_by_hand(port, request_).split()[1] == b"400"
    assert capsysbinary.readouterr() == (b"", b"")


def test_it_listens_where_alertmanager_tells() -> None:
    host, port = MODULE["ADDRESS"]
    assert f"url: http://{host}:{port}/\n" in (ROOT / "observability/alertmanager/alertmanager.yml").read_text()
