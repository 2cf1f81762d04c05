"""Workers killed under load, at random moments, and restarted: nothing is lost, nothing is doubled, and soon all is settled.

SEATRIAL_CRASHES says how many kills in all; the claim is made for three hundred. Recovery times go to crashes.json beside the run.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from disturbances import generators
from stack_runs import Bench, until

from seatrial.stacks.observation import observe, read_stack

ROOT = Path(__file__).parents[1]
KILLED = ("orders", "payments", "inventory")
CRASHES = int(os.environ.get("SEATRIAL_CRASHES", "300"))
CASES = {"single": 1, "two-replicas": 2}
# A kill with its restart and all that is waited for; the load must outlast them, and the trial ends with it.
CRASH_SECONDS = 8
SETTLING_SECONDS = 30.0
BOTH_SHARE = 0.1  # worker and main at once, as a host that runs out of memory might
LOOK_SECONDS = 0.02
# What must hold however many processes die. Limits, errors and restarts say rightly that they did.
HOLD = ("invariants.", "reconcile.", "auth.", "metrics.", "traces.")
UNSETTLED = "SELECT count(*) FROM orders WHERE step NOT IN ('confirmed', 'failed', 'cancelled') AND created <= ?"
UNTOLD = "SELECT count(*) FROM outbox WHERE at <= ?"


@dataclass(frozen=True, slots=True)
class Crash:
    """Seconds from the kill until the replica was ready again, all orders begun before it were settled, and the feed told."""

    instance: str
    both: bool
    ready: float
    settled: float
    told: float


@pytest.mark.slow
@pytest.mark.parametrize("replicas", CASES.values(), ids=CASES)
def test_nothing_is_lost_or_doubled_when_workers_die(
    replicas: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    bench, kills = Bench(tmp_path / "runs", ROOT / "seatrial.yml"), max(1, CRASHES // len(CASES))
    with trial(bench, tmp_path, kills, replicas) as (child, run):
        choose = random.Random(f"crashes {replicas}")
        crashes = [crash(bench, run, choose, replicas) for _ in range(kills)]
        assert child.poll() is None, "the load ended before the kills did"
        for pid in generators(run):  # no need to wait for the rest of the load; the trial goes on to its verdict
            os.kill(pid, signal.SIGTERM)
        child.wait(120)
    verdict = json.loads((run / "verdict.json").read_text())
    told = report(crashes, verdict)
    (tmp_path / "crashes.json").write_text(json.dumps(told, indent=1))
    for name, value in told.items():
        record_property(name, value)
    held = [check for check in verdict["checks"] if check["name"].startswith(HOLD)]
    assert {check["name"]: check["reason"] for check in held if check["verdict"] != "PASS"} == {}
    assert len([check for check in held if check["name"].startswith("invariants.")]) >= 10


@contextmanager
def trial(bench: Bench, folder: Path, kills: int, replicas: int) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A trial whose load is on, and its run folder."""
    profile = yaml.safe_load((ROOT / "e2e" / "profiles" / "crashes.yml").read_text())
    profile["stages"][0]["seconds"] = kills * CRASH_SECONDS + 20
    (folder / "crashes.yml").write_text(yaml.safe_dump(profile))
    numbers = [f"--replicas={name}={replicas}" for name in KILLED]
    child = bench.start("trial", str(folder / "crashes.yml"), *numbers)
    try:
        until(lambda: list(bench.runs.glob("2*/samples/requests-*.csv")), patience=120)
        (run,) = bench.runs.glob("2*")
        time.sleep(3)
        yield child, run
    finally:
        child.terminate()
        child.communicate(timeout=60)


def crash(bench: Bench, run: Path, choose: random.Random, replicas: int) -> Crash:
    """Kill a worker at a random moment, have it restarted, and wait until nothing of before is left to be done."""
    time.sleep(choose.uniform(0.1, 1.0))
    service, number, both = choose.choice(KILLED), choose.randint(1, replicas), choose.random() < BOTH_SHARE
    place = replica(run, service, number)
    killed = time.time()
    for pid in [place["worker_pid"], *([place["main_pid"]] if both else [])]:
        os.kill(pid, signal.SIGKILL)
    done = bench.call("restart", service, "--replica", str(number), "--run", run.name)
    ready = time.time()
    assert done.returncode == 0, done.stderr
    settled, told = when_done(run, UNSETTLED, killed), when_done(run, UNTOLD, killed)
    return Crash(place["instance"], both, ready - killed, settled - killed, told - killed)


def replica(run: Path, service: str, number: int) -> dict[str, Any]:
    stack = read_stack(run)
    assert stack is not None
    places = {(each["service"], each["replica"]): each for each in observe(stack)["services"]}
    return dict(places[service, number])


def when_done(run: Path, question: str, before: float) -> float:
    """The first moment at which nothing from before is left."""
    store = sqlite3.connect(f"file:{run}/stores/orders.db?mode=ro", uri=True, timeout=5)
    try:
        for _ in count():
            if not store.execute(question, (before,)).fetchone()[0]:
                return time.time()
            assert time.time() < before + SETTLING_SECONDS, f"not settled {SETTLING_SECONDS:g} s after a kill"
            time.sleep(LOOK_SECONDS)
    finally:
        store.close()
    raise AssertionError


def report(crashes: list[Crash], verdict: dict[str, Any]) -> dict[str, Any]:
    """The figures to be quoted."""
    figures = {
        name: dict(zip(("p50", "p99", "max"), spread([getattr(each, name) for each in crashes]), strict=True))
        for name in ("ready", "settled", "told")
    }
    kills = {"kills": len(crashes), "both": sum(each.both for each in crashes)}
    return {
        **kills,
        "requests": verdict["requests"],
        "failures": verdict["failures"],
        **figures,
        "crashes": list(map(asdict, crashes)),
    }


def spread(values: list[float]) -> list[float]:
    ordered = sorted(values)
    return [round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) for share in (0.5, 0.99, 1.0)]
