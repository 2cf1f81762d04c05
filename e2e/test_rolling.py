"""Rolling restarts under steady load: with two replicas of each service not one request fails, and every end is clean.

SEATRIAL_RESTARTS says how many restarts of each service; the claim is made for fifty.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from containers import images
from stack_runs import Bench, until

from seatrial.load.profile import Profile
from seatrial.load.runner import LoadJob
from seatrial.run_folder import write_json

ROOT = Path(__file__).parents[1]
SERVICES = list(yaml.safe_load((ROOT / "fleet" / "fleet.yml").read_text())["services"])
RESTARTS = int(os.environ.get("SEATRIAL_RESTARTS", "50"))
REPLICAS = 2
# A restart with all that belongs to it. The test ends the load; tokens must outlive what is planned for it.
RESTART_SECONDS = 30


@dataclass
class Load:
    """A generator under way, and its rows once it has been told to end."""

    child: subprocess.Popen[bytes]
    samples: Path

    def sent(self) -> int:
        return sum(path.read_bytes().count(b"\n") - 1 for path in self.samples.glob("requests-*.csv"))

    def rows(self) -> Iterator[dict[str, str]]:
        for path in self.samples.glob("requests-*.csv"):
            yield from csv.DictReader(path.read_text(encoding="utf-8").splitlines())

    def end(self) -> None:
        self.child.terminate()
        assert self.child.wait(30) == 0


@contextmanager
def load_on(status: dict[str, Any], folder: Path) -> Iterator[Load]:
    """The steady profile's journeys at 20/s, for as long as the test wants."""
    run_dir = Path(status["run_dir"])
    document = yaml.safe_load((ROOT / "loadtests" / "profiles" / "steady.yml").read_text())
    stages = [{"name": "steady", "rate": 20, "seconds": RESTARTS * RESTART_SECONDS, "judge": True}]
    profile = Profile.model_validate({**document, "stages": stages, "limits": {}})
    job = LoadJob(
        profile=profile,
        locustfile=ROOT / "loadtests" / "locustfile.py",
        target=status["entry_url"],
        samples=folder / "samples",
        profile_file=folder / "profile.json",
        log=folder / "locust.out",
        environment=os.environ,
        identities=run_dir / "identities.json",
        working_folder=ROOT,
        discovery=run_dir / "discovery.json",
        entry=next(each["service"] for each in status["services"] if each["url"] == status["entry_url"]),
    )
    job.samples.mkdir()
    write_json(job.profile_file, profile.document())
    with job.log.open("wb") as log:
        child = subprocess.Popen(
            job.command(), env=job.child_environment(), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield Load(child, job.samples)
    finally:
        child.kill()
        child.wait()


def events(status: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    run = json.loads((Path(status["run_dir"]) / "run.json").read_text())
    return [event for event in run["events"] if event["kind"] == kind]


def rough_ends(status: dict[str, Any], *, emptied: bool = True) -> list[dict[str, Any]]:
    """Restarts whose replica was not empty when SIGTERM came, if it was to be, or did not end by itself with code 0."""
    return [
        event
        for event in events(status, "restart")
        if (emptied and not event["emptied"])
        or event["stop"] is None
        or event["stop"]["killed"]
        or event["stop"]["code"] != 0
    ]


@pytest.mark.slow
@pytest.mark.parametrize("on", ["local", "compose"])
@pytest.mark.parametrize("service", SERVICES)
def test_no_request_fails_while_a_service_is_restarted(
    service: str, on: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    if on == "compose":
        images()
    bench = Bench(tmp_path / "runs", ROOT / "seatrial.yml")
    replicas = [f"--replicas={name}={REPLICAS}" for name in SERVICES]
    with bench.detached(f"--on={on}", *replicas) as status, load_on(status, tmp_path) as load:
        until(lambda: load.sent() > 20)
        for _ in range(RESTARTS // REPLICAS):
            done = bench.call("restart", service)
            assert done.returncode == 0, done.stderr
            assert load.child.poll() is None
        sent = load.sent()
        until(lambda: load.sent() > sent + 20)  # what a restart broke shows a moment later
        load.end()
        restarts = [event for event in events(status, "restart") if event["service"] == service]
        assert len(restarts) == RESTARTS // REPLICAS * REPLICAS
        # In containers callers find each other by names, which only the load's doors can be taken out of.
        assert rough_ends(status, emptied=on == "local" or service == "gateway") == []
        assert events(status, "unplanned-exit") == []
    failures = [row for row in load.rows() if row["outcome"] != "ok"]
    for name, count in (("restarts", len(restarts)), ("requests", load.sent()), ("failed", len(failures))):
        record_property(name, count)
    assert Counter((row["step"], row["status"], row["error"]) for row in failures) == {}


# What a busy machine may leave undecided is left out: everything that compares counts, processes and books.
UNTOUCHED = re.compile(r"(reconcile|scrapes|restarts|drain|traces|auth|logs|invariants)[.]")


@pytest.mark.slow
def test_a_trial_goes_on_beside_restarts_and_judges_them_planned(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "runs", ROOT / "seatrial.yml")
    trial = bench.start("trial", "smoke", *(f"--replicas={name}={REPLICAS}" for name in SERVICES))
    try:
        until(lambda: list(bench.runs.glob("2*/samples/requests-*.csv")), patience=120)
        asked = [bench.start("restart", service) for service in SERVICES[:3]]
        assert [child.communicate(timeout=60)[1] for child in asked] == [b""] * 3
        assert [child.returncode for child in asked] == [0, 0, 0]
        assert trial.poll() is None
        trial.wait(120)
    finally:
        trial.kill()
        trial.communicate()
    (run,) = bench.runs.glob("2*")
    verdict = json.loads((run / "verdict.json").read_text())
    assert (verdict["requests"] > 100, verdict["failures"]) == (True, 0)
    judged = {check["name"]: check for check in verdict["checks"] if UNTOUCHED.match(check["name"])}
    assert {name: check["reason"] for name, check in judged.items() if check["verdict"] != "PASS"} == {}
    once = [f"{name}-{number} 1" for name in sorted(SERVICES[:3]) for number in range(1, REPLICAS + 1)]
    assert judged["restarts.unplanned"]["reason"].endswith(f"planned restarts: {', '.join(once)}")
