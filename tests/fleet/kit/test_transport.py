"""The real adapter against a server of the test's own, on 127.0.0.1."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fleet.kit.transport import IDLE_SECONDS, Request, RequestsTransport, TransportError

Behaviour = Callable[[socket.socket], None]


def hear(connection: socket.socket) -> bytes:
    """The whole request: head and body come in packets of their own, and closing on unread bytes would reset."""
    heard = b""
    while not heard.endswith(b"\r\n\r\n{}"):
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("closed within a request")
        heard += more
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
    return Request("POST", f"127.0.0.1:{port}", "/v1/things?q=1", {"A": "b"}, b"{}", 1.0, read_timeout)


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


class Keeping:
    """A server that keeps its connections until told, and counts them."""

    def __init__(self) -> None:
        self.connections: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        try:
            while True:
                hear(connection)
                connection.sendall(KEPT)
        except OSError:
            return

    def hang_up(self) -> None:
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.close()


KEPT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def keeping() -> Iterator[Keeping]:
    keeping = Keeping()
    yield keeping
    keeping.close()


@pytest.fixture
def transport() -> Iterator[RequestsTransport]:
    transport = RequestsTransport(2)
    yield transport
    transport.close()


def test_connection_is_kept(keeping: Keeping, transport: RequestsTransport) -> None:
    for _ in range(3):
        transport.send(request(keeping.port))
    assert len(keeping.connections) == 1


def test_connection_that_the_server_closed_is_not_used(keeping: Keeping, transport: RequestsTransport) -> None:
    transport.send(request(keeping.port))
    keeping.hang_up()
    assert transport.send(request(keeping.port)).status == 200
    assert len(keeping.connections) == 2


def test_connection_that_idled_long_is_not_used(keeping: Keeping) -> None:
    now = [100.0]
    transport = RequestsTransport(2, clock=lambda: now[0])
    transport.send(request(keeping.port))
    now[0] += IDLE_SECONDS
    transport.send(request(keeping.port))
    transport.close()
    assert len(keeping.connections) == 2


def test_connections_to_a_forgotten_address_are_closed(keeping: Keeping, transport: RequestsTransport) -> None:
    transport.send(request(keeping.port))
    transport.forget([f"127.0.0.1:{keeping.port}", "127.0.0.1:1"])
    assert keeping.connections[0].recv(1) == b""


def test_forgotten_address_may_come_back(keeping: Keeping, transport: RequestsTransport) -> None:
    transport.send(request(keeping.port))
    transport.forget([f"127.0.0.1:{keeping.port}"])
    assert transport.send(request(keeping.port)).status == 200
