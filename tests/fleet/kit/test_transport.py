"""The real adapter against a server of the test's own, on 127.0.0.1."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fleet.kit.transport import Request, RequestsTransport, TransportError

Behaviour = Callable[[socket.socket], None]


def hear(connection: socket.socket) -> bytes:
    """The whole request: head and body come in packets of their own, and closing on unread bytes would reset."""
    heard = b""
    while not heard.endswith(b"\r\n\r\n{}"):
        heard += connection.recv(65536)
    return heard


def saying(text: bytes) -> Behaviour:
    def answer(connection: socket.socket) -> None:
        hear(connection)
        connection.sendall(text)

    return answer


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


@contextmanager
def server(behave: Behaviour) -> Iterator[int]:
    """One connection at a time, each treated by `behave` and closed."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                behave(connection)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def request(port: int, read_timeout: float = 2.0) -> Request:
    return Request("POST", f"http://127.0.0.1:{port}/v1/things?q=1", {"A": "b"}, b"{}", 1.0, read_timeout)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Y: 1\r\nConnection: close\r\n\r\n{}"
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def test_answer_comes_back_whole() -> None:
    with server(saying(OK)) as port:
        answer = RequestsTransport(2).send(request(port))
    assert (answer.status, answer.headers["x-y"], answer.body) == (200, "1", b"{}")


def test_request_goes_out_as_asked() -> None:
    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        heard.append(hear(connection))
        connection.sendall(OK)

    with server(listen) as port:
        RequestsTransport(2).send(request(port))
    head, body = heard[0].split(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/things?q=1 HTTP/1.1\r\n")
    assert b"\r\nA: b\r\n" in head + b"\r\n"
    assert body == b"{}"


def test_redirect_is_an_answer_and_is_not_followed() -> None:
    with server(saying(REDIRECT)) as port:
        assert RequestsTransport(2).send(request(port)).status == 302


def test_environment_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with server(saying(OK)) as port:
        assert RequestsTransport(2).send(request(port)).status == 200


@pytest.mark.parametrize(
    "behave, kind, timed_out",
    [
        pytest.param(silent, "ReadTimeout", True, id="silence"),
        pytest.param(saying(OK[:-1]), "ConnectionBroken", False, id="cut within the body"),
        pytest.param(saying(b""), "ConnectionBroken", False, id="closed without an answer"),
        pytest.param(saying(b"nonsense\r\n\r\n"), "ConnectionBroken", False, id="no HTTP"),
    ],
)
def test_sent_but_not_answered(*, behave: Behaviour, kind: str, timed_out: bool) -> None:
    with server(behave) as port, pytest.raises(TransportError) as raised:
        RequestsTransport(2).send(request(port, read_timeout=0.1))
    assert (raised.value.kind, raised.value.timed_out, raised.value.sent) == (kind, timed_out, True)


def test_silence_within_the_body_is_a_timeout() -> None:
    def stop_short(connection: socket.socket) -> None:
        saying(OK[:-1])(connection)
        silent(connection)

    with server(stop_short) as port, pytest.raises(TransportError) as raised:
        RequestsTransport(2).send(request(port, read_timeout=0.1))
    assert (raised.value.kind, raised.value.timed_out) == ("ReadTimeout", True)


def test_closed_port_was_not_sent() -> None:
    with server(silent) as port:
        pass
    with pytest.raises(TransportError) as raised:
        RequestsTransport(2).send(request(port))
    assert (raised.value.kind, raised.value.sent) == ("ConnectionRefused", False)
