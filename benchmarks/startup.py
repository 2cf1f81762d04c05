"""What starting costs: imports by layer, one service, the whole stack; and what it all occupies. Figures: startup.md."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, from anywhere

ROOT = Path(__file__).parents[1]
SEATRIAL = Path(sys.executable).parent / "seatrial"
RUNS = 7
LAYERS = {
    "the interpreter": "pass",
    "flask": "import flask",
    "pydantic, flask-openapi3": "import flask_openapi3",
    "sqlalchemy": "import sqlalchemy",
    "prometheus_client": "import prometheus_client",
    "requests": "import requests",
    "PyJWT with cryptography": "import jwt, cryptography.hazmat.primitives.asymmetric.ed25519",
    "granian": "import granian.server",
    "a service, whole (orders)": "import fleet.orders.app",
    "a service's main process": "import fleet.kit.server",
    "seatrial --help": "import seatrial.cli.dispatch as d; d.application()",
    "seatrial trial": "import seatrial.trial",
}


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def imports() -> None:
    """Fresh interpreters, the layers in turn, so that a drift of the machine meets all of them."""
    found: dict[str, list[float]] = {layer: [] for layer in LAYERS}
    for _ in range(RUNS):
        for layer, code in LAYERS.items():
            command = [sys.executable, "-c", code]
            found[layer].append(seconds(partial(subprocess.run, command, cwd=ROOT, check=True)))
    print("\n| imported in a fresh interpreter | ms, median | least |\n|---|---|---|")
    for layer, times in found.items():
        print(f"| {layer} | {statistics.median(times) * 1000:.0f} | {min(times) * 1000:.0f} |")


def service_alone() -> None:
    """From spawn to the first ready answer, with its own new SQLite file."""
    times, sizes = [], []
    for index in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            environment = {
                "SEATRIAL_PORT": str(21000 + index * 2),
                "SEATRIAL_ADMIN_PORT": str(21001 + index * 2),
                "SEATRIAL_STORE": f"sqlite:///{folder}/catalog.db",
                "SEATRIAL_LOG_FILE": f"{folder}/log.jsonl",
            }
            began = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "fleet.catalog"], cwd=ROOT, env=os.environ | environment, start_new_session=True
            )
            try:
                wait_ready(f"http://127.0.0.1:{21001 + index * 2}/health/ready")
                times.append(time.perf_counter() - began)
                main = psutil.Process(process.pid)
                sizes.append([each.memory_info().rss / 1e6 for each in (main, *main.children())])
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(10)
    print(f"\none service alone, spawn to ready: median {statistics.median(times):.2f} s, least {min(times):.2f} s")
    print(
        f"resident MB, main and worker: {' and '.join(f'{statistics.median(each):.0f}' for each in zip(*sizes, strict=True))}"
    )


def wait_ready(url: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit(f"{url} does not get ready")


def stack() -> None:
    """`seatrial up` until all is ready, unfilled, then its processes."""
    times, document = [], {}
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as runs:
            run = partial(seatrial, os.environ | {"SEATRIAL_RUNS_DIR": runs})
            try:
                times.append(seconds(partial(run, "up", "--detach", "--no-populate")))
                document = json.loads(run("status", "--json", "-"))
                document["sizes"] = sizes(document)
            finally:
                run("down")
    print(f"\nthe whole stack, command to return: median {statistics.median(times):.1f} s, least {min(times):.1f} s")
    print(f"resident MB: {document['resident_bytes'] / 1e6:.0f} in all; {document['sizes']}")


def seatrial(environment: dict[str, str], *verb: str) -> str:
    command = [str(SEATRIAL), *verb]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def sizes(document: dict[str, Any]) -> str:
    found = {}
    for entry in document["services"]:
        pids = (entry["main_pid"], entry["worker_pid"])
        found[entry["service"]] = sum(psutil.Process(pid).memory_info().rss for pid in pids) / 1e6
    prometheus = document["prometheus"]["pid"]
    found["Prometheus"] = psutil.Process(prometheus).memory_info().rss / 1e6
    return ", ".join(f"{name} {size:.0f}" for name, size in found.items())


if __name__ == "__main__":
    print(f"load average {os.getloadavg()[0]:.1f}")
    imports()
    service_alone()
    stack()
