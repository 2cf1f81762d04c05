"""The client against a raw socket server in a thread: what is on the wire is what counts."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from seatrial.openloop.client import Client
from seatrial.openloop.connections import Connections
from seatrial.openloop.errors import Broken, NotSent, SettingsError, TimedOut
from seatrial.openloop.steps import Answer

Serve = Callable[[socket.socket, int], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Hands each connection to `serve` with its number."""

    def __init__(self, serve: Serve) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        self._serve = serve
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{self.address}/base"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection, self.connections), daemon=True).start()

    def _talk(self, connection: socket.socket, number: int) -> None:
        with connection:
            self._serve(connection, number)


def request(connection: socket.socket) -> bytes:
    """The next request without a body, or b"" at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    return data


@contextmanager
def talking(serve: Serve, read_timeout: float = 2.0) -> Iterator[tuple[Client, Server]]:
    server = Server(serve)
    client = Client(server.url, connect_timeout=1.0, read_timeout=read_timeout)
    try:
        yield client, server
    finally:
        client.close()
        server.close()


def ask(client: Client, method: str = "GET", body: bytes = b"") -> Answer:
    return client.receive(client.send(method, "/x?y=1", {"Accept": "application/json"}, body))


def always(answer: bytes) -> Serve:
    def serve(connection: socket.socket, _: int) -> None:
        while request(connection):
            connection.sendall(answer)

    return serve


def once(answer: bytes) -> Serve:
    def serve(connection: socket.socket, _: int) -> None:
        request(connection)
        connection.sendall(answer)

    return serve


def test_one_connection_serves_one_request_after_another() -> None:
    with talking(always(OK)) as (client, server):
        assert [ask(client).status for _ in range(3)] == [200, 200, 200]
        assert server.connections == 1


def test_the_request_on_the_wire() -> None:
    seen: list[bytes] = []

    def serve(connection: socket.socket, _: int) -> None:
        seen.append(request(connection))
        connection.sendall(OK)

    with talking(serve) as (client, server):
        ask(client, "POST", b'{"a":1}')
        host = server.url.removeprefix("http://").removesuffix("/base")
    head = f"POST /base/x?y=1 HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\nContent-Length: 7\r\n\r\n"
    assert seen == [head.encode() + b'{"a":1}']


@pytest.mark.parametrize(
    "answer, body",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"{}", id="chunked"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", b"{}", id="until-the-connection-ends"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"{}", id="after-an-interim-answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"", id="empty"),
    ],
)
def test_every_framing_gives_the_whole_body(answer: bytes, body: bytes) -> None:
    with talking(once(answer)) as (client, _):
        answered = ask(client)
    assert (answered.status, answered.body) == (200, body)


def test_an_answer_has_its_headers_by_names_in_any_case() -> None:
    with talking(once(b'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 0\r\n\r\n')) as (client, _):
        answered = ask(client)
    assert (answered.header("etag"), answered.header("ETag"), answered.header("Location")) == ('"a"', '"a"', None)


def test_an_answer_without_a_body_keeps_its_connection() -> None:
    unchanged = b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'
    with talking(always(unchanged)) as (client, server):
        assert [(answered.status, answered.body) for answered in (ask(client), ask(client))] == [(304, b"")] * 2
        assert server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 307, 401, 404, 500, 503])
def test_any_status_is_an_answer_and_no_redirect_is_followed(status: int) -> None:
    moved = f"HTTP/1.1 {status} X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".encode()
    with talking(always(moved)) as (client, server):
        assert ask(client).status == status
        assert server.connections == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_a_request_whose_connection_ends_unanswered_is_not_sent_again(method: str) -> None:
    seen: list[bytes] = []

    def serve(connection: socket.socket, _: int) -> None:
        for answer in (OK, b""):
            seen.append(request(connection))
            connection.sendall(answer)

    with talking(serve) as (client, _):
        ask(client, method)
        with pytest.raises(Broken, match="closed before an answer"):
            ask(client, method)
    assert len(seen) == 2


def test_a_connection_that_ended_while_idle_is_replaced_before_anything_is_sent() -> None:
    closed = threading.Event()

    def serve(connection: socket.socket, _: int) -> None:
        once(OK)(connection, 0)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    with talking(serve) as (client, server):
        for _ in range(3):
            assert ask(client).status == 200
            assert closed.wait(2)
            closed.clear()
        assert server.connections == 3


@pytest.mark.parametrize(
    "answer, error",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "closed within the answer", id="cut-body"),
        pytest.param(b"HTTP/1.1 200", "closed within the answer|not HTTP", id="cut-head"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", "not HTTP", id="another-protocol"),
    ],
)
def test_half_an_answer_is_broken(answer: bytes, error: str) -> None:
    with talking(once(answer)) as (client, _), pytest.raises(Broken, match=error):
        ask(client)


@pytest.mark.parametrize("drip", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"], ids=["silent", "dripping"])
def test_the_time_out_covers_the_whole_answer(drip: bytes) -> None:
    done = threading.Event()

    def serve(connection: socket.socket, _: int) -> None:
        request(connection)
        connection.sendall(drip)
        while drip and not done.wait(0.03):
            connection.sendall(b"x")
        done.wait(2)

    with talking(serve, read_timeout=0.15) as (client, _):
        with pytest.raises(TimedOut, match=r"0\.15 s"):
            ask(client)
        done.set()


def test_a_timed_out_connection_is_not_used_again() -> None:
    def serve(connection: socket.socket, number: int) -> None:
        while request(connection):
            if number > 1:
                connection.sendall(OK)

    with talking(serve, read_timeout=0.1) as (client, server):
        with pytest.raises(TimedOut):
            ask(client)
        assert ask(client).status == 200
        assert server.connections == 2


def test_nobody_listening_is_told_apart_as_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSent, match="not sent: connection refused"):
        ask(Client(f"http://127.0.0.1:{port}", connect_timeout=1, read_timeout=1))


@pytest.mark.parametrize("address", ["127.0.0.1:8000", "ftp://x", "", "http://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="http"):
        Client(address, connect_timeout=1, read_timeout=1)


def test_a_connection_idle_for_too_long_is_closed() -> None:
    now = [0.0]
    pairs = [socket.socketpair() for _ in range(2)]
    made = iter(pair[0] for pair in pairs)
    connections = Connections(lambda: next(made), clock=lambda: now[0])
    first = connections.take()
    connections.give(first)
    now[0] = 100.0
    assert connections.take() is pairs[1][0]
    assert first.fileno() == -1
    for pair in pairs:
        for end in pair:
            end.close()


class CountingServer(Server):
    """Answers always."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.requests = 0

    def _answer(self, connection: socket.socket, _: int) -> None:
        while request(connection):
            self.requests += 1
            connection.sendall(OK)


class Coming:
    """Targets that the test lets come and go."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    def present(self) -> tuple[str, ...]:
        return self.addresses


@contextmanager
def several(number: int) -> Iterator[tuple[Client, Coming, list[CountingServer]]]:
    servers = [CountingServer() for _ in range(number)]
    targets = Coming(*(server.address for server in servers))
    client = Client("http://shop.example:1/base", connect_timeout=1.0, read_timeout=2.0, targets=targets)
    try:
        yield client, targets, servers
    finally:
        client.close()
        for server in servers:
            server.close()


def test_targets_are_asked_in_turn_on_connections_of_their_own() -> None:
    with several(3) as (client, _, servers):
        assert {ask(client).status for _ in range(9)} == {200}
        assert [server.requests for server in servers] == [3, 3, 3]
        assert [server.connections for server in servers] == [1, 1, 1]


def test_a_target_that_has_gone_is_not_asked() -> None:
    with several(2) as (client, targets, servers):
        ask(client)
        ask(client)
        targets.addresses = targets.addresses[1:]
        for _ in range(4):
            ask(client)
        assert [server.requests for server in servers] == [1, 5]


def test_a_target_that_comes_back_gets_a_new_connection() -> None:
    with several(1) as (client, targets, servers):
        ask(client)
        was, targets.addresses = targets.addresses, ()
        with pytest.raises(NotSent, match="no target is there"):
            ask(client)
        targets.addresses = was
        ask(client)
        assert servers[0].connections == 2


def test_an_answer_of_a_target_that_has_gone_meanwhile_counts_and_its_connection_does_not() -> None:
    with several(2) as (client, targets, servers):
        pending = client.send("GET", "/", {}, b"")
        was, targets.addresses = targets.addresses, targets.addresses[1:]
        ask(client)
        assert client.receive(pending).status == 200
        targets.addresses = was
        for _ in range(2):
            ask(client)
        assert servers[0].connections == 2


def test_the_host_header_is_the_targets() -> None:
    seen: list[bytes] = []

    def serve(connection: socket.socket, _: int) -> None:
        seen.append(request(connection))
        connection.sendall(OK)

    server = Server(serve)
    address = server.address
    client = Client("http://shop.example/base", connect_timeout=1, read_timeout=1, targets=Coming(address))
    ask(client)
    client.close()
    server.close()
    assert seen[0].startswith(f"GET /base/x?y=1 HTTP/1.1\r\nHost: {address}\r\n".encode())
