"""What serves the fleet, granian, beside gunicorn's gthread: one app, one number of threads, one real endpoint on a filled store.

`cost`: CPU per request. `drain`: requests lost when SIGTERM comes under load. `slow`: what is left for others beside
half-sent requests. `release`: how long a half-sent request is kept. Method and last figures: serving.md.
The client is a child process; every process this starts, it ends.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, from anywhere

from benchmarks.serving_client import HALVES, HOST, Plan, half_sent

ROOT = Path(__file__).parents[1]
SERVERS = ("granian", "gunicorn")
THREADS = 8  # the kit's default
DRAIN_SECONDS = 10
COMMANDS = {
    "granian": [sys.executable, "-m", "benchmarks.serving", "serve"],
    "gunicorn": [
        *[sys.executable, "-m", "gunicorn", "--worker-class=gthread", "--workers=1", f"--threads={THREADS}"],
        *[
            f"--graceful-timeout={DRAIN_SECONDS}",
            "--no-control-socket",
            "--log-level=error",
            "benchmarks.serving:gunicorn_app()",
        ],
    ],
}


def create_app(settings: Any) -> Any:
    """The catalog, and one view that reads a body, which the catalog has not."""
    from flask import request

    from fleet.catalog.app import create_app as create_catalog

    def read_body() -> Any:
        return request.get_json()

    app = create_catalog(settings)
    app.post("/v1/notes")(read_body)
    return app


def gunicorn_app() -> Any:
    """What the kit's `load_app` does in granian's worker."""
    from fleet.catalog import CatalogSettings
    from fleet.kit import admin
    from fleet.kit.settings import load_settings

    app = create_app(load_settings(CatalogSettings))
    admin.start(app.kit)
    app.kit.logs.capture_libraries()
    return app


def serve() -> None:
    """As `python -m fleet.catalog` does."""
    from fleet.catalog import CatalogSettings
    from fleet.kit.server import serve as serve_kit

    serve_kit("benchmarks.serving:create_app", CatalogSettings)


@contextlib.contextmanager
def driving(plan: Plan) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.serving_client", json.dumps(asdict(plan))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as client:
        try:
            yield client
        finally:
            client.kill()


def drove(plan: Plan) -> dict[str, Any]:
    with driving(plan) as client:
        return dict(json.loads(client.communicate(timeout=plan.seconds + 90)[0]))


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def cpu_seconds(self) -> float:
        """Of main and worker."""
        main = psutil.Process(self.process.pid)
        times = [each.cpu_times() for each in (main, *main.children(recursive=True))]
        return sum(each.user + each.system for each in times)

    def handled(self) -> int:
        return self.log.read_text(encoding="utf-8").count('"http.server.request"')


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def fill(folder: Path) -> None:
    """500 products."""
    from fleet.catalog.model import Product
    from fleet.catalog.store import CatalogStore, migrate
    from fleet.kit.database import Database

    database = Database(f"sqlite:///{folder / 'catalog.db'}")
    migrate(database)
    words = "A product of the shop. " * 5
    CatalogStore(database).add(
        Product(id=f"prod-{n:05}", name=f"Product {n}", description=words, price=100 + n) for n in range(1, 501)
    )
    database.close()


@contextlib.contextmanager
def serving(name: str, folder: Path) -> Iterator[Server]:
    """A ready server; killed at the end with its worker, if it still runs."""
    port, admin_port, log = free_port(), free_port(), folder / f"{name}-{time.monotonic_ns()}.jsonl"
    variables = {
        "PYTHONPATH": str(ROOT),
        "SEATRIAL_PORT": str(port),
        "SEATRIAL_ADMIN_PORT": str(admin_port),
        "SEATRIAL_THREADS": str(THREADS),
        "SEATRIAL_DRAIN": str(DRAIN_SECONDS),
        "SEATRIAL_STORE": f"sqlite:///{folder / 'catalog.db'}",
        "SEATRIAL_MIGRATE": "0",
        "SEATRIAL_LOG_FILE": str(log),
    }
    command = COMMANDS[name] + ([f"--bind={HOST}:{port}"] if name == "gunicorn" else [])
    process = subprocess.Popen(command, env={**os.environ, **variables}, cwd=folder, start_new_session=True)
    try:
        wait_ready(process, f"http://{HOST}:{admin_port}/health/ready")
        yield Server(process, port, log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_ready(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):
            return
        time.sleep(0.02)
    raise SystemExit("the server does not get ready")


def cost(folder: Path, pairs: int, seconds: float, connections: int) -> None:
    """Windows in pairs, the first of a pair in turn; both servers run all the while."""
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(serving(name, folder)) for name in SERVERS}
        for fresh in (False, True):
            print(f"\n{'a connection per request' if fresh else 'connections kept alive'}\n")
            print(
                "| pair | granian requests/s | us/request | gunicorn requests/s | us/request | per CPU-second | load |"
            )
            print("|---|---|---|---|---|---|---|")
            ratios = []
            for pair in range(-1, pairs):  # the first warms up
                found = {}
                for name in SERVERS if pair % 2 else reversed(SERVERS):
                    server, before = servers[name], servers[name].cpu_seconds()
                    seen = drove(Plan(server.port, seconds if pair >= 0 else 1, connections, fresh=fresh))
                    if seen["failed"]:
                        raise SystemExit(f"{name} failed: {seen['failed']}")
                    found[name] = seen["ok"], (server.cpu_seconds() - before) / seen["ok"] * 1e6
                if pair < 0:
                    continue
                cells = " | ".join(f"{found[n][0] / seconds:.0f} | {found[n][1]:.0f}" for n in SERVERS)
                ratios.append(found["gunicorn"][1] / found["granian"][1])
                print(f"| {pair + 1} | {cells} | {ratios[-1]:.3f} | {os.getloadavg()[0]:.1f} |", flush=True)
            print(f"\ngranian / gunicorn, median: {statistics.median(ratios):.3f}")


def drain(folder: Path, times: int, connections: int) -> None:
    print(
        "| server | client | drains | answered | failed | drains with one | handled, unanswered | seconds to end | load |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for fresh in (False, True):
        for name in SERVERS:
            found = [drained(name, folder, Plan(0, 15, connections, fresh=fresh)) for _ in range(times)]
            failed = sum((Counter(seen["failed"]) for seen in found), Counter[str]())
            ended = sorted(seen["ended"] for seen in found)
            cells = [name, "opens anew" if fresh else "keeps alive", times, sum(seen["ok"] for seen in found)]
            cells += [failed.total(), sum(bool(seen["failed"]) for seen in found), sum(s["lost"] for s in found)]
            cells += [f"{statistics.median(ended):.2f} (max {ended[-1]:.2f})", f"{os.getloadavg()[0]:.1f}"]
            print(f"| {' | '.join(map(str, cells))} |", dict(failed) or "", flush=True)


def drained(name: str, folder: Path, plan: Plan) -> dict[str, Any]:
    """What a client saw that went on until nobody listened; `lost`: requests handled whose answer did not arrive."""
    with serving(name, folder) as server:
        plan.port = server.port
        with driving(plan) as client:
            time.sleep(1)
            server.process.terminate()
            began = time.monotonic()
            server.process.wait(DRAIN_SECONDS + 10)
            ended = time.monotonic() - began
            seen = json.loads(client.communicate(timeout=30)[0])
        return {**seen, "ended": ended, "lost": server.handled() - seen["ok"]}


def slow(folder: Path, rounds: int, rate: float, count: int) -> None:
    """Each round: both servers, without and with each kind of half-sent request; new servers each time."""
    print(f"{rate:g}/s asked, {count} half-sent\n\n| round | server | beside | answered/s | failed | p99 ms | load |")
    print("|---|---|---|---|---|---|---|")
    for number in range(rounds):
        for name in SERVERS:
            for kind in ("nothing", *HALVES):
                with serving(name, folder) as server, contextlib.ExitStack() as stack:
                    drove(Plan(server.port, 0.5))
                    if kind in HALVES:
                        stack.enter_context(half_sent(server.port, HALVES[kind], count))
                    seen = drove(Plan(server.port, 5, connections=16, rate=rate))
                cells = [number + 1, name, kind, f"{seen['ok'] / 5:.0f}", sum(seen["failed"].values())]
                cells += [f"{seen['p99'] * 1000:.1f}", f"{os.getloadavg()[0]:.1f}"]
                print(f"| {' | '.join(map(str, cells))} |", flush=True)


def release(folder: Path, count: int, seconds: float) -> None:
    print(
        f"| server | {count} times | closed by the server within {seconds:g} s | first, last after s |\n|---|---|---|---|"
    )
    for name in SERVERS:
        with contextlib.ExitStack() as stack:
            kept: dict[socket.socket, str] = {}
            for kind, what in HALVES.items():
                server = stack.enter_context(serving(name, folder))
                kept |= dict.fromkeys(stack.enter_context(half_sent(server.port, what, count)), kind)
            closed: dict[str, list[float]] = {kind: [] for kind in HALVES}
            began = time.monotonic()
            while kept and time.monotonic() - began < seconds:
                for half in select.select(list(kept), [], [], 1)[0]:
                    with contextlib.suppress(ConnectionResetError):
                        if half.recv(65536):
                            continue
                    closed[kept.pop(half)].append(time.monotonic() - began)
            for kind, times in closed.items():
                when = f"{times[0]:.1f}, {times[-1]:.1f}" if times else "-"
                print(f"| {name} | {kind} | {len(times)} of {count} | {when} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["cost", "drain", "slow", "release", "serve"])
    parser.add_argument("--times", type=int, default=0, help="pairs, drains or rounds")
    parser.add_argument("--seconds", type=float, default=5.0, help="of a window")
    parser.add_argument("--connections", type=int, default=THREADS, help="of the client; not for slow")
    parser.add_argument("--half-sent", type=int, default=64, help="requests that stop half way; for slow")
    asked = parser.parse_args()
    if asked.what == "serve":
        serve()
        return
    with tempfile.TemporaryDirectory() as name:
        fill(folder := Path(name))
        match asked.what:
            case "cost":
                cost(folder, asked.times or 6, asked.seconds, asked.connections)
            case "drain":
                drain(folder, asked.times or 12, asked.connections)
            case "slow":
                slow(folder, asked.times or 3, 100, asked.half_sent)
            case _:
                release(folder, 64, 45)


if __name__ == "__main__":
    main()
