"""How fast log lines get into Elasticsearch, and how late they are found: `seatrial ship`, a bare bulk loop, rsyslog.

.venv/bin/python benchmarks/shipping.py [--lines 100000] [--rounds 3]

One Elasticsearch for all; each way in turn gets a file of the shop's own lines. rsyslog needs Debian's `rsyslog` and
`rsyslog-elasticsearch`, and is left out, and said to be, without them. Figures: shipping.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import numpy as np
import psutil

from seatrial.backends.elasticsearch import Documents, connect
from seatrial.lagging import LagWatch
from seatrial.project.project import load_project
from seatrial.render.index_templates import templates
from seatrial.settings import read_settings
from seatrial.ship.following import Source
from seatrial.ship.names import IndexNames
from seatrial.stacks import elasticsearch
from seatrial.stacks.ports import PortLocks
from seatrial.statistics.percentiles import percentile

ROOT = Path(__file__).parents[1]
PROJECT = load_project(ROOT / "seatrial.yml")
SERVICE = "catalog"
BATCH = 2000
RATES, LAG_SECONDS, TICKS = (200, 1000, 3000), 20, 20
LOOK_SECONDS, PATIENCE_SECONDS = 0.05, 180.0


def lines(number: int) -> bytes:
    """Request lines as the catalog writes them, each with an id of its own."""
    source, made = uuid4().hex, []
    for count in range(number):
        document = {
            "@timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "log.level": "info",
            "log.logger": "fleet.kit.requests",
            "message": "GET /v1/products/{product_id} 200",
            "event.id": f"{source}-{count:x}",
            "service.name": SERVICE,
            "service.node.name": f"{SERVICE}-1",
            "process.pid": 4242,
            "trace.id": uuid4().hex,
            "span.id": uuid4().hex[:16],
            "parent.id": uuid4().hex[:16],
            "event.action": "http.server.request",
            "event.duration": 1_234_567 + count,
            "event.outcome": "success",
            "http.request.method": "GET",
            "http.route": "/v1/products/{product_id}",
            "http.response.status_code": 200,
        }
        made.append(json.dumps(document, separators=(",", ":")).encode() + b"\n")
    return b"".join(made)


@dataclass(frozen=True)
class Server:
    """One Elasticsearch; every use of it has indices of its own."""

    url: str
    folder: Path

    def documents(self, names: IndexNames) -> Documents:
        found = Documents(connect(self.url), names.alias)
        found.put_templates(templates(PROJECT.telemetry.logs, names))
        return found


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """As a stack starts it."""
    settings = read_settings()
    found = elasticsearch.find_elasticsearch(settings.cache_dir, settings.es_home, settings.java_home)
    if found is None:
        sys.exit(elasticsearch.REMEDY)
    ports, who = PortLocks(settings.runtime_dir / "ports", "benchmark"), elasticsearch.account()
    place = elasticsearch.Place(elasticsearch.work_folder(folder, who), ports.take(), ports.take())
    command, environment = elasticsearch.prepare(found, place, who)
    account: dict[str, Any] = {"user": who.uid, "group": who.gid, "extra_groups": ()} if who else {}
    output = (folder / "elasticsearch.out").open("wb")
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, cwd="/", stdout=output, stderr=output, **account
    )
    url = f"http://127.0.0.1:{place.port}"
    try:
        wait(lambda: answers(url), process)
        yield Server(url, folder)
    finally:
        process.terminate()
        process.wait(30)
        elasticsearch.remove_work_folder(folder)
        ports.release()


def answers(url: str) -> bool:
    try:
        connect(url, timeout=2).cluster.health()
    except Exception:  # noqa: BLE001 - whatever the client raises: not yet
        return False
    return True


def wait(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Until it holds. Ends the benchmark when the process ends otherwise than well, or time is up."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if process.poll():
            sys.exit(f"{process.args} ended in {process.returncode}")
        if time.monotonic() > until:
            sys.exit(f"{process.args}: nothing came within {PATIENCE_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)


@dataclass(frozen=True)
class Task:
    """Send the lines of `file` into the indices of `names`, working in `folder`."""

    server: Server
    folder: Path
    names: IndexNames

    @property
    def file(self) -> Path:
        return self.folder / f"{SERVICE}-1.jsonl"

    @property
    def index(self) -> str:
        return self.names.day(time.time())


# The official client and nothing else: it forgets what it has sent, and stops at the first thing that goes wrong.
BARE = """
import json, sys
from elasticsearch import Elasticsearch
url, file, index, size = sys.argv[1:]
client, batch = Elasticsearch(url, request_timeout=60), []
def send():
    answer = client.bulk(operations=batch)
    assert not answer["errors"], answer["items"][0]
    batch.clear()
for line in open(file, "rb"):
    batch += [{"create": {"_index": index, "_id": json.loads(line)["event.id"]}}, line.rstrip()]
    if len(batch) == 2 * int(size):
        send()
if batch:
    send()
"""


def bare(task: Task) -> list[str]:
    return [sys.executable, "-c", BARE, task.server.url, str(task.file), task.index, str(BATCH)]


# As `seatrial ship` makes it of a run's folder.
SHIP = """
import sys
from pathlib import Path
from seatrial.backends.elasticsearch import connect
from seatrial.project.project import load_project
from seatrial.ship.bulk import BulkSender
from seatrial.ship.following import Source
from seatrial.ship.names import IndexNames
from seatrial.ship.shipper import Shipper
url, project, service, file, prefix = sys.argv[1:]
sources = [Source(service, service + "-1", Path(file))]
roles = {service: load_project(Path(project)).telemetry.roles.log}
shipper = Shipper.at(Path(file).parent, sources, roles, IndexNames(prefix), BulkSender(connect(url)), print)
shipper.gauges.serve(0)
shipper.run()
"""


def ship(task: Task) -> list[str]:
    given = [task.server.url, str(PROJECT.file), SERVICE, str(task.file), task.names.prefix]
    return [sys.executable, "-c", SHIP, *given]


RSYSLOG = """
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imfile" mode="inotify")
module(load="omelasticsearch")
template(name="line" type="string" string="%msg%")
template(name="id" type="string" string="%msg:R,ERE,1,BLANK:\\"event.id\\":\\"([^\\"]+)\\"--end%")
ruleset(name="out" queue.type="linkedlist" queue.size="20000" queue.dequeueBatchSize="{batch}") {{
  action(type="omelasticsearch" server="{server}" template="line" searchIndex="{index}" searchType=""
    bulkmode="on" maxbytes="10m" dynbulkid="on" bulkid="id" writeoperation="create" errorFile="{folder}/errors"
    action.resumeRetryCount="-1")
}}
input(type="imfile" file="{file}" tag="x" ruleset="out")
"""


def rsyslog(task: Task) -> list[str]:
    file = task.folder / "rsyslog.conf"
    given = {"server": task.server.url, "index": task.index, "file": task.file}
    file.write_text(RSYSLOG.format(folder=task.folder, batch=BATCH, **given))
    return [rsyslogd() or "", "-n", "-f", str(file), "-i", str(task.folder / "pid")]


def rsyslogd() -> str | None:
    return shutil.which("rsyslogd", path=f"{os.environ['PATH']}:/usr/sbin")


@dataclass(frozen=True)
class Way:
    """How lines get there: the command that brings those of a task."""

    name: str
    command: Callable[[Task], list[str]]


@dataclass
class Meter:
    """CPU seconds and most memory of a process, looked at until the end of the block."""

    process: subprocess.Popen[bytes]
    cpu: float = 0.0
    rss: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            try:
                seen = psutil.Process(self.process.pid)
                times = seen.cpu_times()
                self.rss = max(self.rss, float(seen.memory_info().rss))
                self.cpu = max(self.cpu, times.user + times.system)  # of a process that has just ended it is 0
            except psutil.Error:
                return


@contextmanager
def sending(task: Task, way: Way) -> Iterator[subprocess.Popen[bytes]]:
    with (task.folder / "out").open("wb") as output:
        process = subprocess.Popen(way.command(task), cwd=ROOT, stdout=output)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def task_of(running: Server) -> Iterator[tuple[Task, Documents]]:
    folder, names = Path(tempfile.mkdtemp(dir=running.folder)), IndexNames(f"bench-{uuid4().hex[:8]}")
    documents = running.documents(names)
    try:
        yield Task(running, folder, names), documents
    finally:
        documents.client.indices.delete(index=names.day(time.time()), ignore_unavailable=True)
        shutil.rmtree(folder)


def created(documents: Documents) -> int:
    """By the server's own count of what it has written, which makes it do nothing."""
    found = documents.client.indices.stats(index=f"{documents.name}*", metric="indexing")
    return int(found["_all"]["primaries"].get("indexing", {}).get("index_total", 0))


@dataclass(frozen=True)
class Cost:
    """Seconds from the start of the sender to the last document; CPU seconds and most memory of the sender."""

    seconds: float
    cpu: float
    rss: float


def throughput(running: Server, way: Way, content: bytes) -> Cost:
    number = content.count(b"\n")
    with task_of(running) as (task, documents):
        task.file.write_bytes(content)
        began = time.monotonic()
        with sending(task, way) as process, Meter(process) as meter:
            wait(lambda: created(documents) >= number, process)
            seconds = time.monotonic() - began
            time.sleep(4 * LOOK_SECONDS)  # the meter's last look
        documents.refresh()
        there = documents.client.count(index=documents.name)["count"]
        assert there == number, f"{way.name}: {there} documents of {number} lines"
    return Cost(seconds, meter.cpu, meter.rss)


def lags(running: Server, way: Way, rate: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Seconds from written to found of each probe, while so many lines a second are written."""
    assert PROJECT.telemetry.roles.log is not None
    with task_of(running) as (task, documents):
        task.file.write_bytes(lines(100))
        with sending(task, way) as process:
            wait(lambda: created(documents) >= 100, process)
            watch = LagWatch(
                documents, [Source(SERVICE, f"{SERVICE}-1", task.file)], {SERVICE: PROJECT.telemetry.roles.log}
            )
            watch.start()
            write(task.file, rate)
            probes = watch.stop(patience=60)
    never = [probe for probe in probes if probe.found is None]
    assert probes, f"{way.name}: no line was taken"
    assert not never, f"{way.name}: {len(never)} of {len(probes)} lines were never found"
    return np.array([probe.found - probe.written for probe in probes if probe.found is not None])


def write(file: Path, rate: int) -> None:
    with file.open("ab", buffering=0) as log:
        began = time.monotonic()
        for tick in range(LAG_SECONDS * TICKS):
            log.write(lines(rate // TICKS))
            time.sleep(max(0.0, began + (tick + 1) / TICKS - time.monotonic()))


def compare_throughput(running: Server, ways: Sequence[Way], number: int, rounds: int) -> None:
    costs: dict[str, list[Cost]] = {way.name: [] for way in ways}
    for turn in range(rounds + 1):  # the first warms the server up
        for way in ways:
            cost = throughput(running, way, lines(number))
            said = "warming up" if turn == 0 else f"round {turn}"
            print(f"{said}, {way.name}: {number / cost.seconds:,.0f} lines/s", file=sys.stderr, flush=True)
            costs[way.name] += [cost] if turn else []
    print("| | lines/s (each round) | of the bare loop | CPU s per 100,000 lines | memory, MB |\n|---|---|---|---|---|")
    base = [cost.seconds for cost in costs[ways[0].name]]
    for way in ways:
        mine = costs[way.name]
        share = statistics.median(theirs / cost.seconds for theirs, cost in zip(base, mine, strict=True))
        each = ", ".join(f"{number / cost.seconds:,.0f}" for cost in mine)
        cpu = statistics.median(cost.cpu for cost in mine) * 100_000 / number
        rate, rss = number / statistics.median(cost.seconds for cost in mine), max(cost.rss for cost in mine) / 1e6
        print(f"| {way.name} | {rate:,.0f} ({each}) | {share:.0%} | {cpu:.1f} | {rss:.0f} |", flush=True)


def compare_lags(running: Server, ways: Sequence[Way]) -> None:
    print("\n| lines/s written | " + " | ".join(f"{way.name}: p50, p99, max" for way in ways) + " |")
    print("|---|" + "---|" * len(ways))
    for rate in RATES:
        cells = []
        for way in ways:
            found = lags(running, way, rate)
            p50, p99 = percentile(found, 0.5), percentile(found, 0.99)
            cells.append(f"{p50:.2f} s, {p99:.2f} s, {found.max():.2f} s (n={len(found)})")
        print(f"| {rate:,} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000, help="of a round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ways = [Way("bare bulk loop", bare), Way("seatrial ship", ship)]
    if rsyslogd():
        ways.append(Way("rsyslog", rsyslog))
    else:
        print("rsyslogd is not there: left out", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="seatrial-shipping-") as name, server(Path(name)) as running:
        compare_throughput(running, ways, options.lines, options.rounds)
        compare_lags(running, ways[1:])


if __name__ == "__main__":
    main()
