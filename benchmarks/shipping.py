"""How fast log lines get into Elasticsearch, and how late they are found: `seatrial ship`, a bare bulk loop, rsyslog. Figures: shipping.md.

    .venv/bin/python benchmarks/shipping.py [--lines 60000] [--rounds 3] [--without-rsyslog]

One Elasticsearch for all, a file of the shop's own shape for each, in turn; what each has sent is counted there.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, from anywhere

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
BATCH = 2000
RATES = (200, 1000, 3000)
LAG_SECONDS = 20
SERVICE = "catalog"


def lines(number: int) -> list[bytes]:
    """Request lines as the catalog writes them, each with an id of its own."""
    made, source = [], uuid4().hex
    for count in range(number):
        now = time.time()
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"
        document = {
            "@timestamp": at,
            "log.level": "info",
            "log.logger": SERVICE,
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
        made.append(json.dumps(document, separators=(",", ":")).encode())
    return made


@dataclass
class Server:
    """One Elasticsearch; every use of it has indices of its own."""

    url: str
    folder: Path

    def documents(self, prefix: str) -> Documents:
        names = IndexNames(prefix)
        found = Documents(connect(self.url), names.alias)
        found.put_templates(templates(PROJECT.telemetry.logs, names))
        return found


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    settings = read_settings()
    found = elasticsearch.find_elasticsearch(settings.cache_dir, settings.es_home, settings.java_home)
    if found is None:
        raise SystemExit(elasticsearch.REMEDY)
    ports, who = PortLocks(settings.runtime_dir / "ports", "benchmark"), elasticsearch.account()
    place = elasticsearch.Place(elasticsearch.work_folder(folder, who), ports.take(), ports.take())
    command, environment = elasticsearch.prepare(found, place, who)
    account: dict[str, Any] = {"user": who.uid, "group": who.gid, "extra_groups": ()} if who else {}
    with (folder / "elasticsearch.out").open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, cwd="/", stdout=output, stderr=output, **account
        )
    try:
        made = Server(f"http://127.0.0.1:{place.port}", folder)
        wait(lambda: answers(made.url), 120)
        yield made
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


def wait(holds: Callable[[], bool], patience: float) -> None:
    until = time.monotonic() + patience
    while not holds():
        if time.monotonic() > until:
            raise SystemExit(f"nothing came within {patience:g} s")
        time.sleep(0.05)


@dataclass
class Cost:
    """Of one pass: seconds until all was there, CPU seconds and most memory of whoever sent it."""

    seconds: float
    cpu: float
    rss: float


@dataclass
class Way:
    """How lines get there. `start` begins to send `file` into `prefix` and returns the process; None does it at once."""

    name: str
    start: Callable[[Server, Path, str, Path], subprocess.Popen[bytes]]


BARE = """
import json, resource, sys
from elasticsearch import Elasticsearch
url, file, index = sys.argv[1:]
client, batch = Elasticsearch(url, request_timeout=60), []
def send():
    answer = client.bulk(operations=batch)
    assert not answer["errors"], answer["items"][0]
    batch.clear()
for line in open(file, "rb"):
    line = line.rstrip()
    batch += [json.dumps({"create": {"_index": index, "_id": json.loads(line)["event.id"]}}).encode(), line]
    if len(batch) == 2 * BATCH:
        send()
if batch:
    send()
""".replace("BATCH", str(BATCH))


def bare(server: Server, file: Path, prefix: str, _: Path) -> subprocess.Popen[bytes]:
    index = IndexNames(prefix).day(time.time())
    return subprocess.Popen([sys.executable, "-c", BARE, server.url, str(file), index])


SHIP = """
import sys
from pathlib import Path
from seatrial.backends.elasticsearch import connect
from seatrial.project.project import load_project
from seatrial.ship.bulk import BulkSender
from seatrial.ship.following import Follower, Source
from seatrial.ship.letters import LetterBox
from seatrial.ship.lines import Sorter
from seatrial.ship.names import IndexNames
from seatrial.ship.shipper import Shipper
url, file, prefix, folder, project = sys.argv[1:]
names, folder = IndexNames(prefix), Path(folder)
roles = {"SERVICE": load_project(Path(project)).telemetry.roles.log}
follower = Follower([Source("SERVICE", "SERVICE-1", Path(file))])
box = LetterBox(folder / "dead-letters.jsonl", names.letters)
shipper = Shipper(follower, Sorter(names, roles), BulkSender(connect(url)), box, folder / "positions.json", print)
shipper.gauges.serve(0)
shipper.run()
""".replace("SERVICE", SERVICE)


def ship(server: Server, file: Path, prefix: str, folder: Path) -> subprocess.Popen[bytes]:
    """The shipper as `seatrial ship` composes it, on a file that belongs to no run."""
    command = [sys.executable, "-c", SHIP, server.url, str(file), prefix, str(folder), str(PROJECT.file)]
    return subprocess.Popen(command, cwd=ROOT)


RSYSLOG = """
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imfile" mode="inotify")
module(load="omelasticsearch")
template(name="whole" type="string" string="%msg%")
template(name="id" type="list") {{
  property(name="msg" regex.type="ERE" regex.expression="\\"event.id\\":\\"([^\\"]+)\\"" regex.submatch="1")
}}
input(type="imfile" file="{file}" tag="x" ruleset="out" reopenOnTruncate="on")
ruleset(name="out" queue.type="linkedlist" queue.size="200000" queue.dequeueBatchSize="{batch}") {{
  action(type="omelasticsearch" server="127.0.0.1" serverport="{port}" template="whole" searchIndex="{index}" searchType=""
    bulkmode="on" dynbulkid="on" bulkid="id" writeoperation="create" errorFile="{folder}/errors" action.resumeRetryCount="-1")
}}
"""


def rsyslog(server: Server, file: Path, prefix: str, folder: Path) -> subprocess.Popen[bytes]:
    configuration = folder / "rsyslog.conf"
    port, index = server.url.rsplit(":", 1)[1], IndexNames(prefix).day(time.time())
    configuration.write_text(RSYSLOG.format(folder=folder, file=file, batch=BATCH, port=port, index=index))
    program = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
    return subprocess.Popen([program, "-n", "-f", str(configuration), "-i", str(folder / "pid")])


@dataclass
class Meter:
    """Looks at a process until it is told to stop."""

    process: subprocess.Popen[bytes]
    cpu: float = 0.0
    rss: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.05):
            try:
                seen = psutil.Process(self.process.pid)
                times = seen.cpu_times()
                self.cpu, self.rss = times.user + times.system, max(self.rss, float(seen.memory_info().rss))
            except psutil.Error:
                return


def throughput(server: Server, way: Way, number: int, turn: int) -> Cost:
    """From the start of the sender, which is part of it, to the last document."""
    prefix = f"throughput-{way.name.replace(' ', '-')}-{turn}"
    folder = Path(tempfile.mkdtemp(dir=server.folder))
    file, documents = folder / f"{SERVICE}-1.jsonl", server.documents(prefix)
    file.write_bytes(b"\n".join(lines(number)) + b"\n")
    began = time.monotonic()
    process = way.start(server, file, prefix, folder)

    def there() -> bool:
        documents.refresh()
        return documents.count() >= number

    with Meter(process) as meter:
        wait(there, 300)
        seconds = time.monotonic() - began
    process.terminate()
    process.wait(20)
    documents.client.indices.delete(index=f"{documents.name}-{time.strftime('%Y.%m.%d', time.gmtime())}")
    return Cost(seconds, meter.cpu, meter.rss)


def lags(server: Server, way: Way, rate: int) -> tuple[float, float, int]:
    """p50, p99 and the number of probes, while so many lines a second are written."""
    prefix = f"lag-{way.name.replace(' ', '-')}-{rate}"
    folder = Path(tempfile.mkdtemp(dir=server.folder))
    file, documents = folder / f"{SERVICE}-1.jsonl", server.documents(prefix)
    roles = PROJECT.telemetry.roles.log
    assert roles is not None
    file.write_bytes(b"\n".join(lines(100)) + b"\n")
    process = way.start(server, file, prefix, folder)
    wait(lambda: documents.count() >= 100, 60)
    watch = LagWatch(documents, [Source(SERVICE, f"{SERVICE}-1", file)], {SERVICE: roles})
    watch.start()
    with file.open("ab", buffering=0) as log:
        began = time.monotonic()
        for tick in range(LAG_SECONDS * 20):
            log.write(b"\n".join(lines(rate // 20)) + b"\n")
            time.sleep(max(0.0, began + (tick + 1) / 20 - time.monotonic()))
    probes = watch.stop(patience=60)
    process.terminate()
    process.wait(20)
    import numpy as np

    found = np.array([probe.found - probe.written for probe in probes if probe.found is not None])
    return percentile(found, 0.5) or 0.0, percentile(found, 0.99) or 0.0, len(probes)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--lines", type=int, default=60_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--without-rsyslog", action="store_true")
    options = asked.parse_args()
    ways = [Way("bare bulk loop", bare), Way("seatrial ship", ship)]
    if not options.without_rsyslog:
        ways.append(Way("rsyslog", rsyslog))
    with tempfile.TemporaryDirectory(prefix="seatrial-shipping-") as name, server(Path(name)) as running:
        throughput(running, ways[0], options.lines, -1)  # the JVM warms up
        costs: dict[str, list[Cost]] = {way.name: [] for way in ways}
        for turn in range(options.rounds):
            for way in ways:
                costs[way.name].append(throughput(running, way, options.lines, turn))
                last = costs[way.name][-1]
                print(f"{way.name}, round {turn + 1}: {options.lines / last.seconds:.0f} lines/s", flush=True)
        print(
            "\n| | lines/s (median of rounds) | of the bare loop | CPU s per 100,000 lines | memory, MB |\n|---|---|---|---|---|"
        )
        base = statistics.median(cost.seconds for cost in costs[ways[0].name])
        for way in ways:
            seconds = statistics.median(cost.seconds for cost in costs[way.name])
            cpu = statistics.median(cost.cpu for cost in costs[way.name]) * 100_000 / options.lines
            rss = max(cost.rss for cost in costs[way.name]) / 1e6
            print(f"| {way.name} | {options.lines / seconds:.0f} | {base / seconds:.2f} | {cpu:.1f} | {rss:.0f} |")
        print("\n| lines/s written | " + " | ".join(f"{way.name}: lag p50, p99, s" for way in ways[1:]) + " |")
        print("|---|" + "---|" * len(ways[1:]))
        for rate in RATES:
            found = [lags(running, way, rate) for way in ways[1:]]
            print(
                f"| {rate} | "
                + " | ".join(f"{p50:.2f}, {p99:.2f} ({count} probes)" for p50, p99, count in found)
                + " |",
                flush=True,
            )


if __name__ == "__main__":
    main()
