"""The log pipeline's long proofs: ten trials in a row, 100,000 requests under kills, an outage of a minute, a full disk."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from servers import elasticsearch_or_skip
from stack_runs import Bench, until

ROOT = Path(__file__).parents[1]
SEATRIAL = Path(sys.executable).parent / "seatrial"
KILLS, RESTARTS = 50, 5
OUTAGE_SECONDS = 60
ROTATIONS = 24


def columns(verdict: dict[str, Any]) -> set[int]:
    counts = verdict["reconciliation"]
    return {counts[name] for name in ("sent", "gateway", "prometheus", "logs", "elasticsearch")}


def nothing_amiss(verdict: dict[str, Any]) -> None:
    found = verdict["telemetry"]
    assert {found[name] for name in ("lost", "unshipped", "duplicated", "dead_lettered", "unknown")} == {0}
    assert found["lines"] == found["documents"] == found["acknowledged"]


@pytest.mark.slow
def test_ten_in_a_row(tmp_path: Path, record_property: Any) -> None:
    elasticsearch_or_skip()
    for _ in range(10):
        command = [
            SEATRIAL,
            "trial",
            "--with",
            "elasticsearch",
            "--runs",
            tmp_path,
            "--json",
            tmp_path / "v.json",
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=400)
        assert done.returncode == 0, done.stdout + done.stderr
        verdict = json.loads((tmp_path / "v.json").read_text())
        assert len(columns(verdict)) == 1
        nothing_amiss(verdict)
        record_property("telemetry", {**verdict["telemetry"], "total": verdict["timings"]["total_seconds"]})


class Long:
    """A trial that is disturbed while it runs."""

    def __init__(self, runs: Path, profile: str, *arguments: str) -> None:
        self.runs, self.output = runs, runs.parent / f"{runs.name}.txt"
        runs.mkdir(exist_ok=True)
        command = [SEATRIAL, "trial", profile, "--runs", runs, "--with", "elasticsearch", *arguments]
        with self.output.open("w") as file:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
        self.bench = Bench(runs, ROOT / "seatrial.yml")

    def loading(self) -> None:
        until(lambda: list(self.runs.glob("*/samples/requests-*.csv")), 120)
        self.run = next(self.runs.glob("*/samples")).parent

    def pipeline(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.run / "stack.json").read_text())["elasticsearch"]
        return found

    def restart(self, name: str) -> None:
        done = subprocess.run(
            self.bench.command("restart", name, "--run", self.run.name),
            env=self.bench.variables(), capture_output=True, text=True, check=False, timeout=200,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def kill_shipper(self) -> None:
        os.kill(self.pipeline()["shipper"]["pid"], signal.SIGKILL)

    def kill_server(self, number: signal.Signals) -> None:
        main = psutil.Process(self.pipeline()["pid"])
        for process in main.children(recursive=True):
            process.send_signal(number)

    def end(self, seconds: float) -> dict[str, Any]:
        code = self.process.wait(seconds)
        documents = list(self.runs.glob("2*/verdict.json"))
        assert documents, self.output.read_text()
        verdict: dict[str, Any] = json.loads(documents[0].read_text())
        assert code in {0, 1, 2}
        return verdict

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(60)


def passed(verdict: dict[str, Any], *names: str) -> None:
    found = {check["name"]: (check["verdict"], check["reason"]) for check in verdict["checks"]}
    assert {name: found[name] for name in names if found[name][0] != "PASS"} == {}


@pytest.mark.slow
def test_a_hundred_thousand_requests_under_kills(tmp_path: Path, record_property: Any) -> None:
    """50 kills of the shipper and 5 restarts of Elasticsearch, by SIGTERM and SIGKILL in turn, spread over the load."""
    elasticsearch_or_skip()
    trial = Long(tmp_path / "runs", "e2e/profiles/hundred-thousand.yml")
    try:
        trial.loading()
        began, chance = time.monotonic(), random.Random(1)
        profile = json.loads((trial.run / "profile.json").read_text())
        apart = sum(stage["seconds"] for stage in profile["stages"]) / (KILLS + RESTARTS + 1)
        for turn in range(KILLS + RESTARTS):
            time.sleep(max(0.0, began + (turn + chance.random()) * apart - time.monotonic()))
            if turn % (KILLS // RESTARTS + 1) == KILLS // RESTARTS:
                trial.kill_server(signal.SIGTERM if turn % 2 else signal.SIGKILL)
                trial.restart("elasticsearch")
            else:
                trial.kill_shipper()
                trial.restart("shipper")
        verdict = trial.end(900)
    finally:
        trial.close()
    record_property("telemetry", verdict["telemetry"])
    record_property(
        "reconciliation",
        {name: verdict["reconciliation"][name] for name in ("sent", "gateway", "logs", "elasticsearch")},
    )
    nothing_amiss(verdict)
    assert len(columns(verdict)) == 1
    assert verdict["reconciliation"]["sent"] >= 100_000
    passed(verdict, "reconcile.client", "reconcile.logs", "reconcile.elasticsearch", "traces.documents")
    events = json.loads((trial.run / "run.json").read_text())["events"]
    restarted = [event["name"] for event in events if event["kind"] == "component-restart"]
    assert (restarted.count("shipper"), restarted.count("elasticsearch")) == (KILLS, RESTARTS)


@pytest.mark.slow
def test_a_server_that_was_away_for_a_minute_is_caught_up_with_in_order(tmp_path: Path, record_property: Any) -> None:
    elasticsearch_or_skip()
    trial = Long(tmp_path / "runs", "e2e/profiles/outage.yml")
    try:
        trial.loading()
        time.sleep(10)
        trial.kill_server(signal.SIGKILL)
        time.sleep(OUTAGE_SECONDS)
        trial.restart("elasticsearch")
        verdict = trial.end(600)
    finally:
        trial.close()
    record_property("telemetry", verdict["telemetry"])
    nothing_amiss(verdict)
    passed(verdict, "reconcile.elasticsearch", "reconcile.logs")
    assert verdict["telemetry"]["lag_max_seconds"] > OUTAGE_SECONDS / 2
    said = (trial.run / "logs" / "shipper.out").read_text()
    assert "put off: " in said
    assert said.rstrip().endswith("goes on")


@pytest.mark.slow
def test_rotations_and_truncations_under_load(tmp_path: Path, record_property: Any) -> None:
    """Of all logs: by rename, and by copy and truncation while the writer holds still."""
    elasticsearch_or_skip()
    trial = Long(tmp_path / "runs", "e2e/profiles/outage.yml")
    try:
        trial.loading()
        services = json.loads((trial.run / "stack.json").read_text())["services"]
        logs = [(Path(each["log_file"]), each["worker_pid"]) for each in services]
        rotated = 0
        for number in range(ROTATIONS):
            for log, writer in logs:
                if log.exists():  # else its service has written nothing since the last
                    rotate(log, writer, number)
                    rotated += 1
            time.sleep(3)
        verdict = trial.end(600)
    finally:
        trial.close()
    record_property("telemetry", verdict["telemetry"])
    record_property("rotated", rotated)
    assert len(list((trial.run / "logs").glob("*.jsonl.*"))) == rotated >= ROTATIONS * (len(services) - 1)
    nothing_amiss(verdict)
    assert len(columns(verdict)) == 1
    passed(
        verdict, "reconcile.client", "reconcile.logs", "reconcile.elasticsearch", "traces.complete", "traces.documents"
    )


def rotate(log: Path, writer: int, number: int) -> None:
    if number % 2:
        log.rename(log.with_name(f"{log.name}.{number}"))
        return
    process = psutil.Process(writer)
    process.suspend()
    try:
        log.with_name(f"{log.name}.{number}").write_bytes(log.read_bytes())
        os.truncate(log, 0)
    finally:
        process.resume()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_found_and_named(tmp_path: Path) -> None:
    """The run's folder on a disk that fills up under load, and is freed before the verdict."""
    elasticsearch_or_skip()
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=400m,mode=0755", "tmpfs", disk], check=True)
    trial = Long(disk / "runs", "e2e/profiles/outage.yml")
    try:
        trial.loading()
        time.sleep(10)
        ballast = disk / "ballast"
        subprocess.run(["/bin/dd", "if=/dev/zero", f"of={ballast}", "bs=1M"], check=False, capture_output=True)
        time.sleep(5)
        ballast.unlink()
        verdict = trial.end(600)
    finally:
        trial.close()
        said = trial.output.read_text()
        subprocess.run(["/bin/umount", "-l", disk], check=True)
    found = {check["name"]: check for check in verdict["checks"]}
    assert verdict["verdict"] == "FAIL"
    assert found["reconcile.logs"]["verdict"] == "FAIL"
    assert "No space left" in said + json.dumps(verdict)
