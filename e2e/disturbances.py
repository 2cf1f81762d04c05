"""What the red table does to a running trial from outside: to its generator, its observability, or the shop's books."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import yaml

PAUSE_SECONDS = 2.0


def kill_prometheus(run_dir: Path) -> None:
    os.kill(json.loads((run_dir / "stack.json").read_text())["prometheus"]["pid"], signal.SIGKILL)


def unscrape_a_target(run_dir: Path) -> None:
    """Takes one service out of Prometheus's target files, as a broken service discovery would."""
    target = min((run_dir / "metrics" / "prometheus" / "targets").glob("*.json"))
    target.unlink()


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


def cook_the_books(run_dir: Path) -> None:
    """Changes what the ledger and the stock say, behind the services' backs."""
    change(
        run_dir / "stores" / "payments.db",
        "UPDATE postings SET amount = amount + 1 WHERE id = (SELECT max(id) FROM postings)",
        "UPDATE accounts SET balance = -1 WHERE id = (SELECT min(id) FROM accounts WHERE balance > 0)",
        "UPDATE transfers SET reference = 'nobody' WHERE id = (SELECT min(id) FROM transfers WHERE kind = 'deposit')",
    )
    piece = "UPDATE stock SET on_hand = on_hand + 1 WHERE product_id = (SELECT max(product_id) FROM stock)"
    change(run_dir / "stores" / "inventory.db", piece)


def double_the_orders(run_dir: Path) -> None:
    """Late, so that among the orders there are some whose client had given up before they were made."""
    time.sleep(PAUSE_SECONDS * 3)
    columns = "subject, key, product_id, quantity, unit_price, created, step, reason, leased_until"
    twins = f"INSERT INTO orders (id, {columns}) SELECT id || '-twin', {columns} FROM orders"  # noqa: S608 - no input
    change(run_dir / "stores" / "orders.db", twins)


def change(store: Path, *statements: str) -> None:
    with sqlite3.connect(store, timeout=5) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement
    connection.close()


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
    "stop-the-generator": stop_the_generator,
    "forget-a-metric": forget_a_metric,
    "cook-the-books": cook_the_books,
    "double-the-orders": double_the_orders,
}
