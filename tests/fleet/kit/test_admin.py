import http.client
import json
import socket

import pytest

from fleet.kit import admin
from fleet.kit.admin import AdminPort, Ask
from fleet.kit.errors import SettingsError
from fleet.kit.faults import Fault
from fleet.kit.settings import Settings
from fleet.kit.testing import Harness, harness

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


@pytest.fixture
def kit() -> Harness:
    return harness(settings=Settings(faults=True))


@pytest.fixture
def port(kit: Harness) -> AdminPort:
    return AdminPort(kit.app.kit)


def test_live(port: AdminPort) -> None:
    assert port.reply(Ask("GET", "/health/live")).status == 200


def test_ready_names_the_checks(kit: Harness, port: AdminPort) -> None:
    kit.app.kit.health.add("store", lambda: False)
    reply = port.reply(Ask("GET", "/health/ready"))
    assert (reply.status, json.loads(reply.body)) == (
        503,
        {"status": "not ready", "checks": {"store": "not ready"}},
    )


@pytest.mark.parametrize(
    "accept, content_type, last",
    [
        pytest.param("", "text/plain", b"", id="Prometheus's text"),
        pytest.param(OPENMETRICS, "application/openmetrics-text", b"# EOF\n", id="OpenMetrics"),
    ],
)
def test_metrics_in_the_format_asked_for(port: AdminPort, accept: str, content_type: str, last: bytes) -> None:
    reply = port.reply(Ask("GET", "/metrics", accept))
    assert reply.content_type.startswith(content_type)
    assert reply.body.endswith(last)
    assert b"server_threads_limit 8.0" in reply.body


def test_rubbish_metrics(kit: Harness, port: AdminPort) -> None:
    kit.app.kit.faults.replace([Fault(name="rubbish-metrics")])
    assert b"not-a-number" in port.reply(Ask("GET", "/metrics")).body


def test_faults_are_set_read_and_lifted(port: AdminPort) -> None:
    given = [{"name": "latency", "value": 0.5, "route": "/v1/orders", "share": 0.5}]
    assert json.loads(port.reply(Ask("PUT", "/faults", body=json.dumps(given).encode())).body) == given
    assert json.loads(port.reply(Ask("GET", "/faults")).body) == given
    assert json.loads(port.reply(Ask("DELETE", "/faults")).body) == []


@pytest.mark.parametrize("body", [b"{", b'[{"name":"surprise"}]', b"[1]"])
def test_bad_faults_are_refused_and_change_nothing(kit: Harness, port: AdminPort, body: bytes) -> None:
    kit.app.kit.faults.replace([Fault(name="hang")])
    assert port.reply(Ask("PUT", "/faults", body=body)).status == 400
    assert kit.app.kit.faults.current() == [Fault(name="hang")]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_no_faults_without_permission(method: str) -> None:
    port = AdminPort(harness(settings=Settings(faults=False)).app.kit)
    assert port.reply(Ask(method, "/faults", body=b"[]")).status == 404


def test_other_method_names_the_allowed(port: AdminPort) -> None:
    reply = port.reply(Ask("POST", "/faults"))
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, PUT, DELETE")
    assert reply.content_type == "application/problem+json"


@pytest.fixture
def connection(kit: Harness) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", admin.start(kit.app.kit), timeout=5)


def test_over_the_wire(connection: http.client.HTTPConnection, kit: Harness) -> None:
    for method, path, body, status in [
        ("GET", "/health/live", None, 200),
        ("PUT", "/faults", b"[]", 200),
        ("POST", "/metrics", b"x", 405),
        ("HEAD", "/metrics", None, 405),
        ("GET", "/nowhere", None, 404),
    ]:
        connection.request(method, path, body)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    assert kit.captured.lines == []
    connection.close()


def test_large_body_is_refused_unread(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("PUT", "/faults")
    connection.putheader("Content-Length", str(1 << 20))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (413, "close")
    connection.close()


def test_taken_port_is_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"SEATRIAL_ADMIN_PORT.*{port}"):
            admin.start(harness(settings=Settings(admin_port=port)).app.kit)
