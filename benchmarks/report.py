"""How long `seatrial report` takes over a run of many rows, and how much memory.

.venv/bin/python benchmarks/report.py            # a million rows
.venv/bin/python benchmarks/report.py 100000
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[1]
SEATRIAL = Path(sys.executable).parent / "seatrial"
BEGAN, SERVICES, SECONDS = 1_000_000.0, 7, 1800
RESOURCES = ("threads", "cpu", "memory", "descriptors", "store_wait")


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="seatrial-report-") as folder:
        run = Path(folder) / "20261123-024501-a1b2"
        write_run(run, rows)
        began = time.monotonic()
        subprocess.run([SEATRIAL, "report", run], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - began
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = (run / "report.html").stat().st_size
        print(f"{rows} rows over {SECONDS} s: {seconds:.1f} s, {usage.ru_utime + usage.ru_stime:.1f} s of CPU,")
        print(f"{usage.ru_maxrss / 1000:.0f} MB of memory, {size / 1e6:.2f} MB of page")


def write_run(run: Path, rows: int) -> None:
    """Half an hour of load: rows as Locust's processes leave them, gathered, and a timeline of seven services."""
    (run / "samples").mkdir(parents=True)
    (run / "metrics").mkdir()
    stages = [{"name": "steady", "rate": 200, "seconds": SECONDS, "judge": True}]
    documents = {
        "verdict.json": verdict(rows),
        "run.json": {"fleet": "made up"},
        "profile.json": {"name": "made-up", "stages": stages, "limits": {"all": {"p95": 0.25}}},
        "samples/generator-1.json": {"started_at": BEGAN},
        "metrics/timeline.json": timeline(),
    }
    for name, document in documents.items():
        (run / name).write_text(json.dumps(document))
    with duckdb.connect() as database:
        database.execute("SELECT setseed(0.5)")
        database.execute(
            f"COPY (SELECT 'steady' AS stage, 'j' AS journey, 'step-' || (n % 20) AS step, 'GET' AS method, '/v1/things' AS route, "
            f"{BEGAN} + n * {SECONDS} / {rows} AS intended_start, intended_start + random() * 0.001 AS start, "
            "exp(random() * 4 - 6) AS duration, 200 AS status, if(random() < 0.001, 'timeout', 'ok') AS outcome, 100 AS bytes, "
            "md5(n::VARCHAR) AS trace_id, substr(md5(n::VARCHAR), 1, 16) AS span_id, '' AS key, '' AS ref, '' AS error "
            f"FROM range({rows}) AS rows(n)) TO '{run}/samples/requests.parquet'"
        )
        database.execute(
            f"COPY (SELECT 'steady' AS stage, 'j' AS journey, {BEGAN} + n * {SECONDS} / {rows // 3} AS scheduled, "
            "scheduled + random() * 0.002 AS started, scheduled + 0.5 AS finished, 'ok' AS outcome "
            f"FROM range({rows // 3}) AS rows(n)) TO '{run}/samples/journeys.parquet'"
        )


def verdict(rows: int) -> dict[str, object]:
    names = [f"service-{number}" for number in range(SERVICES)]
    empty = dict.fromkeys(("busy", "cpu", "rss_bytes", "descriptors", "store_wait"))
    return {
        "run": "20261123-024501-a1b2", "verdict": "PASS", "profile": "made-up", "seed": 1, "populated": {},
        "offered": {"journeys": rows // 3, "rate": 200.0}, "load": {"lag_p99_seconds": 0.002},
        "latency_seconds": dict.fromkeys(("p50", "p95", "p99", "p999")), "requests": rows, "failures": 0, "checks": [],
        "not_checked": [], "reconciliation": dict.fromkeys(("sent", "gateway", "prometheus", "logs"), rows) | {"differences": []},
        "invariants": [], "nearest": None, "measuring": [], "services": [{"name": name, **empty} for name in names],
        "timings": {},
    }  # fmt: skip


def timeline() -> dict[str, object]:
    """A scrape a second of every resource of every service."""
    points = [[BEGAN + second, second % 60 / 100] for second in range(SECONDS)]
    tracks = [
        {"service": f"service-{n}", "instance": f"service-{n}-1", "resource": each, "points": points, "limit": None}
        for n in range(SERVICES)
        for each in RESOURCES
    ]
    return {"tracks": tracks, "up": {f"service-{n}-1": [[at, 1.0] for at, _ in points] for n in range(SERVICES)}}


if __name__ == "__main__":
    main()
