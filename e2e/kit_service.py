"""The sample service of the kit's own trials, on the real server: how to write, start, ask and end it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
THREADS = 2
SERVICE = """
import os, pathlib, time
from flask import request
from fleet.kit.app import create_kit_app

with pathlib.Path("importers").open("a") as file:
    print(os.getpid(), file=file)

def create_app(settings):
    app = create_kit_app("sample", settings)

    @app.get("/quick")
    def quick():
        return {"quick": True}

    @app.get("/slow")
    def slow():
        time.sleep(0.6)
        return {"slow": True}

    taken = pathlib.Path("taken").open("a", buffering=1)

    @app.post("/things/<number>")
    def take():
        number = request.view_args["number"]
        time.sleep(0.02)
        print(number, file=taken)
        return {"number": number}, 201

    rounds = pathlib.Path("rounds").open("a", buffering=1)

    def work():
        print("begin", file=rounds)
        time.sleep(0.05)
        print("end", file=rounds)
        return True

    app.kit.loops.add("rounds", work, 0.0)
    return app
"""


@dataclass
class Service:
    process: subprocess.Popen[str]
    port: int
    admin_port: int
    log_file: Path

    def get(self, path: str, *, admin: bool = False) -> bytes:
        port = self.admin_port if admin else self.port
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bytes(answer.read())

    def put_faults(self, faults: list[dict[str, object]]) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.admin_port}/faults", json.dumps(faults).encode(), method="PUT"
        )
        urllib.request.urlopen(request, timeout=5).close()

    def busy(self) -> float:
        lines = self.get("/metrics", admin=True).decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith("server_threads_busy "))

    def worker(self) -> psutil.Process:
        return psutil.Process(self.process.pid).children()[0]

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]


def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def gone(process: psutil.Process) -> bool:
    # PID 1 may not reap what it inherits: a zombie is gone too.
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def answers(service: Service) -> bool:
    try:
        return service.get("/health/ready", admin=True) != b"" and service.get("/quick") != b""
    except OSError:
        return False


def environment(folder: Path, **variables: object) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
        "SEATRIAL_THREADS": str(THREADS),
        "SEATRIAL_FAULTS": "1",
        **{f"SEATRIAL_{name}": str(value) for name, value in variables.items()},
    }


START = [sys.executable, "-c", "from fleet.kit.server import serve; serve('sample_service:create_app')"]


def start(folder: Path, port: int, admin_port: int) -> Service:
    """The service in `folder`, which keeps what it writes; returns when it answers."""
    (folder / "sample_service.py").write_text(SERVICE)
    log_file = folder / "sample-1.jsonl"
    variables = environment(folder, PORT=port, ADMIN_PORT=admin_port, LOG_FILE=log_file, DRAIN=5)
    service = Service(subprocess.Popen(START, env=variables, text=True, cwd=folder), port, admin_port, log_file)
    until(lambda: answers(service), 30)
    return service


def kill(service: Service) -> None:
    process = service.process
    for child in psutil.Process(process.pid).children() if process.poll() is None else []:
        child.kill()
    process.kill()
    process.wait()


@contextmanager
def started(folder: Path) -> Iterator[Service]:
    service = start(folder, free_port(), free_port())
    try:
        yield service
    finally:
        kill(service)
