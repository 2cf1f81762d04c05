"""What the red table does to a running trial from outside: to its generator, observability and processes, or the shop's books."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests
import yaml

PAUSE_SECONDS = 2.0


def kill_prometheus(run_dir: Path) -> None:
    os.kill(json.loads((run_dir / "stack.json").read_text())["prometheus"]["pid"], signal.SIGKILL)


def unscrape_a_target(run_dir: Path) -> None:
    """Takes one service out of Prometheus's target files, as a broken service discovery would."""
    target = min((run_dir / "metrics" / "prometheus" / "targets").glob("*.json"))
    target.unlink()


def break_a_panel(run_dir: Path) -> None:
    """Makes a query of a dashboard wrong, as whoever edits one may."""
    file = run_dir / "metrics" / "dashboards" / "1-fleet.json"
    text = file.read_text()
    assert '"expr": "max(' in text
    file.write_text(text.replace('"expr": "max(', '"expr": "most(', 1))


def stop_the_generator(run_dir: Path) -> None:
    pids = generators(run_dir)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(PAUSE_SECONDS)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def forget_a_metric(run_dir: Path) -> None:
    """Lets Prometheus drop a series on the way in, as a careless relabelling rule would."""
    file = run_dir / "metrics" / "prometheus" / "prometheus.yml"
    configuration = yaml.safe_load(file.read_text())
    rule = {"source_labels": ["__name__"], "regex": "http_server_request_duration_seconds_count", "action": "drop"}
    configuration["scrape_configs"][0]["metric_relabel_configs"] = [rule]
    file.write_text(yaml.safe_dump(configuration))
    os.kill(json.loads((run_dir / "stack.json").read_text())["prometheus"]["pid"], signal.SIGHUP)


def cut_traces(run_dir: Path) -> None:
    """Gives the lines that a service has written another trace each, in place: nothing is missing, and nothing fits."""
    file = run_dir / "logs" / "inventory-1.jsonl"
    with file.open("r+b") as log:
        lines = log.read()
        cut, count = re.subn(rb'(?<="trace\.id":")[0-9a-f]{32}(?=")', lambda found: found[0][::-1], lines)
        assert count, f"{file} has no line with a trace"
        assert len(cut) == len(lines)
        log.seek(0)
        log.write(cut)


def freeze_a_main(run_dir: Path) -> None:
    """Stops a service's main process: its worker answers on, but nobody is left to drain it."""
    os.kill(replica(run_dir, "payments")["main_pid"], signal.SIGSTOP)


def kill_and_restart(run_dir: Path) -> None:
    """Kills a worker and restarts its service as if that had been the plan."""
    os.kill(replica(run_dir, "catalog")["worker_pid"], signal.SIGKILL)
    command = [Path(sys.executable).parent / "seatrial", "restart", "catalog", "--run", run_dir.name]
    environment = {**os.environ, "SEATRIAL_RUNS_DIR": str(run_dir.parent)}
    subprocess.run(command, env=environment, check=True, timeout=60)


def lock_the_index(run_dir: Path) -> None:
    """As Elasticsearch locks all indices of a disk that is nearly full, which it takes this one for: else it would free them."""
    pipeline = json.loads((run_dir / "stack.json").read_text())["elasticsearch"]
    watermark = "cluster.routing.allocation.disk.watermark"
    levels = {f"{watermark}.{name}": "900tb" for name in ("low", "high", "flood_stage")}
    settings = {"persistent": {**levels, "cluster.info.update.interval": "10s"}}
    for path, document in (
        ("/_cluster/settings", settings),
        (f"/{pipeline['alias']}-*/_settings", {"index.blocks.read_only_allow_delete": True}),
    ):
        answer = requests.put(pipeline["url"] + path, json=document, timeout=10)
        assert answer.ok, answer.text


def replica(run_dir: Path, service: str) -> dict[str, Any]:
    """The first replica of a service, as stack.json has it."""
    document = json.loads((run_dir / "stack.json").read_text())
    found: dict[str, Any] = next(each for each in document["services"] if each["service"] == service)
    return found


def cook_the_books(run_dir: Path) -> None:
    """Changes what ledger, stock, orders and accounts say, behind the services' backs."""
    change(
        run_dir / "stores" / "payments.db",
        "UPDATE postings SET amount = amount + 1 WHERE id = (SELECT max(id) FROM postings)",
        "UPDATE accounts SET balance = -1 WHERE id = (SELECT min(id) FROM accounts WHERE balance > 0)",
        "UPDATE transfers SET reference = 'nobody' WHERE id = (SELECT min(id) FROM transfers WHERE kind = 'deposit')",
    )
    piece = "UPDATE stock SET on_hand = on_hand + 1 WHERE product_id = (SELECT max(product_id) FROM stock)"
    change(run_dir / "stores" / "inventory.db", piece)
    unwanted = "UPDATE orders SET step = 'cancelled' WHERE seq = (SELECT min(seq) FROM orders WHERE step = 'confirmed')"
    change(run_dir / "stores" / "orders.db", unwanted)
    copy_rows(run_dir / "stores" / "users.db", "users", ("id", "name", "skeleton"), "-nobody", "LIMIT 1")


def double_the_orders(run_dir: Path) -> None:
    """Late, so that among the orders there are some whose client had given up before they were made."""
    time.sleep(PAUSE_SECONDS * 3)
    copy_rows(run_dir / "stores" / "orders.db", "orders", ("id",), "-twin")


def change(store: Path, *statements: str) -> None:
    with sqlite3.connect(store, timeout=5) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement
    connection.close()


def copy_rows(store: Path, table: str, unique: tuple[str, ...], suffix: str, which: str = "") -> None:
    """Inserts each row once more under other `unique` values; the store numbers the copies itself."""
    with sqlite3.connect(store, timeout=5) as connection:
        columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})") if name != "seq"]
    connection.close()
    copied = ", ".join(f"{name} || '{suffix}'" if name in unique else name for name in columns)
    change(store, f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM {table} {which}")  # noqa: S608 - no input


def generators(run_dir: Path) -> list[int]:
    """Locust's processes of this run, found by the run's id in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get("SEATRIAL_RUN_ID") == run_dir.name
            if ours and any("locust" in part for part in process.cmdline()):
                found.append(process.pid)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


BY_NAME: dict[str, Callable[[Path], None]] = {
    "kill-prometheus": kill_prometheus,
    "unscrape-a-target": unscrape_a_target,
    "break-a-panel": break_a_panel,
    "stop-the-generator": stop_the_generator,
    "forget-a-metric": forget_a_metric,
    "cut-traces": cut_traces,
    "freeze-a-main": freeze_a_main,
    "kill-and-restart": kill_and_restart,
    "cook-the-books": cook_the_books,
    "double-the-orders": double_the_orders,
    "lock-the-index": lock_the_index,
}
