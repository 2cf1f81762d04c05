"""The kit under its real server: one small service on granian, its threads blocked, its processes ended in every way."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import threading
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit_service import SERVICE, START, THREADS, Service, environment, free_port, gone, refused, started, until

from fleet.kit.server import EX_KILLED

TERMINATIONS = 20


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """One that the test may end."""
    with started(tmp_path) as service:
        yield service


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for the tests that leave it as it was: a start takes a second."""
    with started(tmp_path_factory.mktemp("lasting")) as service:
        yield service


def test_admin_port_answers_while_every_request_thread_waits(lasting: Service) -> None:
    lasting.put_faults([{"name": "hang", "route": "/quick"}])
    callers = [threading.Thread(target=lasting.get, args=("/quick",)) for _ in range(THREADS)]
    for caller in callers:
        caller.start()
    until(lambda: lasting.busy() == THREADS)

    started = time.monotonic()
    ready = json.loads(lasting.get("/health/ready", admin=True))
    took = time.monotonic() - started

    lasting.put_faults([])
    for caller in callers:
        caller.join()
    assert ready["status"] == "ready"
    assert took < 1  # 50 ms is what an idle machine does (FACTS are measured elsewhere); here it must only not hang


def test_sigterm_lets_the_running_request_finish(service: Service) -> None:
    bodies: list[bytes] = []
    caller = threading.Thread(target=lambda: bodies.append(service.get("/slow")))
    caller.start()
    until(lambda: service.busy() == 1)
    service.process.send_signal(signal.SIGTERM)
    caller.join()
    assert service.process.wait(5) == 0
    assert json.loads(bodies[0]) == {"slow": True}
    assert refused(service.port)
    assert refused(service.admin_port)


def test_end_that_is_cut_short_is_told_by_the_exit_code(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port)) as half_sent:
        half_sent.sendall(b"GET /quick HTTP/1.1\r\nHo")
        time.sleep(0.1)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(10) == EX_KILLED


def test_worker_dies_with_its_killed_main_process(service: Service) -> None:
    worker = service.worker()
    service.process.kill()
    until(lambda: gone(worker) and refused(service.port) and refused(service.admin_port))


def test_crash_fault_ends_both_processes(service: Service) -> None:
    worker = service.worker()
    service.put_faults([{"name": "crash", "route": "/quick"}])
    with pytest.raises((urllib.error.URLError, http.client.HTTPException, ConnectionError)):
        service.get("/quick")
    assert service.process.wait(5) != 0
    assert gone(worker)


def test_each_request_leaves_one_count_and_one_line(lasting: Service) -> None:
    before = len([line for line in lasting.lines() if line.get("http.route") == "/quick"])
    for _ in range(5):
        lasting.get("/quick")
    after = [line for line in lasting.lines() if line.get("http.route") == "/quick"]
    counted = next(
        float(line.split()[1])
        for line in lasting.get("/metrics", admin=True).decode().splitlines()
        if line.startswith("http_server_request_duration_seconds_count") and 'http_route="/quick"' in line
    )
    assert len(after) - before == 5
    assert counted == len(after)
    assert lasting.worker().pid == after[-1]["process.pid"]


def test_only_the_worker_imports_the_service(lasting: Service) -> None:
    assert (lasting.log_file.parent / "importers").read_text().split() == [str(lasting.worker().pid)]


def test_second_service_on_a_taken_port_does_not_start(lasting: Service, tmp_path: Path) -> None:
    (tmp_path / "sample_service.py").write_text(SERVICE)
    given = environment(tmp_path, PORT=lasting.port)
    ended = subprocess.run(START, env=given, text=True, capture_output=True, timeout=10, check=False, cwd=tmp_path)
    assert ended.returncode != 0
    assert str(lasting.port) in ended.stderr


@pytest.mark.parametrize(
    "variables, names",
    [
        pytest.param({"PORT": "http"}, "SEATRIAL_PORT", id="port"),
        pytest.param({"THREADS": "0"}, "SEATRIAL_THREADS", id="threads"),
        pytest.param({"TELEMETRY_FILE": "absent.yml"}, "absent.yml", id="contract"),
    ],
)
def test_bad_setting_stops_the_start_with_one_sentence(
    tmp_path: Path, variables: dict[str, object], names: str
) -> None:
    (tmp_path / "sample_service.py").write_text(SERVICE)
    given = environment(tmp_path, **{"PORT": free_port(), **variables})
    ended = subprocess.run(START, env=given, text=True, capture_output=True, timeout=10, check=False, cwd=tmp_path)
    assert ended.returncode != 0
    assert names in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("turn", range(TERMINATIONS))
def test_no_round_of_a_loop_is_cut_by_sigterm(tmp_path: Path, turn: int) -> None:
    (tmp_path / "sample_service.py").write_text(SERVICE)
    rounds = tmp_path / "rounds"
    process = subprocess.Popen(START, env=environment(tmp_path, PORT=free_port()), text=True, cwd=tmp_path)
    until(lambda: rounds.exists() and "begin" in rounds.read_text(), 30)
    time.sleep(
        0.2 * turn / TERMINATIONS
    )  # the first comes while granian is still setting up, the others all over a round
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    lines = rounds.read_text().split()
    assert lines == ["begin", "end"] * (len(lines) // 2)


def test_replica_that_got_sigterm_is_not_ready(service: Service) -> None:
    caller = threading.Thread(target=lambda: service.get("/slow"))
    caller.start()
    until(lambda: service.busy() == 1)
    service.process.send_signal(signal.SIGTERM)
    until(lambda: readiness(service) == 503)
    caller.join()


def readiness(service: Service) -> int:
    try:
        service.get("/health/ready", admin=True)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code
    return 200
