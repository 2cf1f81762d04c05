"""The load generator: how many arrivals a core carries on time, and what a closed loop hides.

`python benchmarks/generator.py rate` steps up trivial requests against a small fast server on the other core.
`python benchmarks/generator.py stall` drives a server that stalls 2 s in every 20 s, open and closed side by side.
Generator and server are children, pinned to a core each where the system can; the parent only reads files.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from seatrial.load.profile import Profile
from seatrial.load.runner import LoadJob, drive
from seatrial.load.samples import Samples, read_samples, to_parquet

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'
SERVICE_SECONDS = 0.015  # of the stalling server when it is well: plain Locust then says about 18 ms
STALL_EVERY, STALL_SECONDS = 20.0, 2.0

OPEN = """
from seatrial.openloop.steps import Step
from seatrial.openloop.user import OpenLoopUser

PAGE = Step("page", "GET", "/")

class Site(OpenLoopUser):
    journeys = {"visit": lambda journey: journey.do(PAGE)}
    longest_steps = 1
"""

# A closed loop that brings the same 100/s: two users that ask every 20 ms, but wait for their answer first.
CLOSED = """
from locust import FastHttpUser, constant_pacing, task

class Site(FastHttpUser):
    wait_time = constant_pacing(0.02)

    @task
    def page(self):
        self.client.get("/", name="page")
"""


class Answering(asyncio.Protocol):
    """Answers each request after `delay()` seconds; counts requests by the ends of their headers."""

    def __init__(self, delay: Callable[[], float]) -> None:
        self._delay = delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            seconds = self._delay()
            if seconds:
                asyncio.get_running_loop().call_later(seconds, self._transport.write, ANSWER)
            else:
                self._transport.write(ANSWER)


def serve(stalling: bool) -> None:  # noqa: FBT001 - the child's own entry
    """Serve on a free port and print it."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()

        def delay() -> float:
            if not stalling:
                return 0.0
            # Each period begins well and ends in a stall: what comes then waits for its end.
            left = STALL_EVERY - (loop.time() - began) % STALL_EVERY
            return SERVICE_SECONDS + (left if left <= STALL_SECONDS else 0.0)

        server = await loop.create_server(lambda: Answering(delay), "127.0.0.1", 0, backlog=4096)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    asyncio.run(main())


def pinned(core: int) -> list[str]:
    return ["taskset", "-c", str(core)] if shutil.which("taskset") and (os.cpu_count() or 1) > core else []


@contextlib.contextmanager
def serving(*, stalling: bool) -> Iterator[str]:
    """The server on core 1."""
    command = [*pinned(1), sys.executable, __file__, "serve-stalling" if stalling else "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def generate(url: str, folder: Path, rate: int, seconds: int) -> Samples:
    """The open loop on core 0: two seconds of ramp, then `seconds` that count."""
    stages = [
        {"name": "ramp", "rate": rate, "seconds": 2, "ramp": True},
        {"name": "steady", "rate": rate, "seconds": seconds, "judge": True},
    ]
    profile = Profile.model_validate({"stages": stages, "seed": 1, "drain_seconds": 5})
    (folder / "samples").mkdir(parents=True)
    (folder / "open.py").write_text(OPEN, encoding="utf-8")
    job = Pinned(
        profile=profile,
        locustfile=folder / "open.py",
        target=url,
        samples=folder / "samples",
        profile_file=folder / "profile.json",
        log=folder / "open.out",
        environment=os.environ,
    )
    drive(job)
    to_parquet(folder / "samples")
    return read_samples(folder / "samples", profile)


class Pinned(LoadJob):
    """The generator on core 0."""

    __slots__ = ()

    def command(self) -> list[str]:
        return [*pinned(0), *super().command()]


def rates(steps: list[int], seconds: int) -> None:
    print("| arrivals/s asked | started/s | lag p50 ms | lag p99 ms | latency p99 ms | failures | generator CPU |")
    print("|---|---|---|---|---|---|---|")
    for rate in steps:
        with serving(stalling=False) as url, tempfile.TemporaryDirectory() as folder:
            samples = generate(url, Path(folder), rate, seconds)
        lag, generator = samples.lag_seconds(), samples.generator()
        judged = samples.judged()
        figures = [np.percentile(lag, 50), np.percentile(lag, 99), np.percentile(judged.latency_seconds, 99)]
        cells = [f"{lag.size / seconds:.0f}", *(f"{figure * 1000:.2f}" for figure in figures)]
        cells += [str(int((~judged.ok).sum())), f"{generator.cpu_seconds / generator.wall_seconds:.0%}"]
        print(f"| {rate} | {' | '.join(cells)} |", flush=True)


def closed(url: str, folder: Path, seconds: int) -> subprocess.Popen[bytes]:
    """Plain Locust with two users."""
    folder.mkdir()
    (folder / "closed.py").write_text(CLOSED, encoding="utf-8")
    options = [
        "--headless",
        "-u",
        "2",
        "-r",
        "2",
        "-t",
        f"{seconds}s",
        "--only-summary",
        "--csv",
        str(folder / "closed"),
    ]
    command = [*pinned(0), sys.executable, "-m", "locust", "-f", str(folder / "closed.py"), "--host", url, *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stall(seconds: int) -> None:
    """Both against servers of their own that stall alike, in the same minute."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = [stack.enter_context(serving(stalling=True)) for _ in range(2)]
        beside = closed(urls[1], folder / "closed", seconds + 2)
        samples = generate(urls[0], folder / "open", 100, seconds)
        beside.wait(seconds + 60)
        lines = (folder / "closed" / "closed_stats.csv").read_text(encoding="utf-8").splitlines()
        header, row = (line.split(",") for line in (lines[0], next(line for line in lines if ",page," in line)))
        told = dict(zip(header, row, strict=False))
    latency = samples.judged().latency_seconds
    ours = {share: f"{np.percentile(latency, share) * 1000:.0f}" for share in (50, 95, 99)}
    print("| | requests | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|---|")
    print(f"| open loop, from the intended start | {latency.size} | {' | '.join(ours.values())} |")
    print(
        f"| plain Locust, two users at 50/s each | {told['Request Count']} | {told['50%']} | {told['95%']} | {told['99%']} |"
    )
    lag = np.percentile(samples.lag_seconds(), 99)
    print(json.dumps({"seconds": seconds, "open_lag_p99_ms": round(lag * 1000, 2), "at": time.strftime("%F %T")}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["rate", "stall", "serve", "serve-stalling"])
    parser.add_argument("--rates", type=int, nargs="+", default=[500, 1000, 1500, 2000])
    parser.add_argument("--seconds", type=int, default=None)
    asked = parser.parse_args()
    match asked.what:
        case "rate":
            rates(asked.rates, asked.seconds or 8)
        case "stall":
            stall(asked.seconds or 60)
        case _:
            serve(asked.what == "serve-stalling")


if __name__ == "__main__":
    main()
