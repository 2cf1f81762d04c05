"""A fleet that Seatrial has never seen: started by it, or by somebody else; well, or with one service slowed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from stack_runs import until

from seatrial.init.dashboards import KEYS
from seatrial.stacks.observation import accepts

FOREIGN = Path(__file__).parent / "foreign"
SEATRIAL = Path(sys.executable).parent / "seatrial"
PORTS = {"web": 18610, "rates": 18611}
SLOW = {"RATES_DELAY_SECONDS": "0.6"}
EXIT = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 2}
LACKING = {
    "reconcile.edges",
    "traces.complete",
    "reconcile.logs, repeated lines of web, rates",
    "invariants",
}


class Outcome(NamedTuple):
    verdict: dict[str, Any]
    code: int
    output: str

    @property
    def checks(self) -> dict[str, str]:
        return {check["name"]: check["verdict"] for check in self.verdict["checks"]}

    @property
    def not_checked(self) -> dict[str, str]:
        return {each["name"]: each["reason"] for each in self.verdict["not_checked"]}

    def others(self, *names: str) -> dict[str, str]:
        """The checks that did not pass, but for these."""
        return {name: found for name, found in self.checks.items() if found != "PASS" and name not in names}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The foreign fleet's folder, with ports of this test's own to run at."""
    folder = shutil.copytree(
        FOREIGN, tmp_path / "foreign", ignore=shutil.ignore_patterns("logs", "runs", "__pycache__")
    )
    text = (folder / "fleet.yml").read_text()
    for port in PORTS.values():
        text = text.replace(str(port), str(free_port()))
    (folder / "fleet.yml").write_text(text)
    (folder / "logs").mkdir()
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def trial(project: Path, *options: str, environment: Mapping[str, str] | None = None) -> Outcome:
    runs = project / "runs"
    for attempt in ("first", "second"):
        done = subprocess.run(
            [SEATRIAL, "--project", project / "seatrial.yml", "trial", "quick", "--runs", runs / attempt, *options],
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        found = list((runs / attempt).glob("2*/verdict.json"))
        assert found, done.stdout + done.stderr
        outcome = Outcome(json.loads(found[0].read_text()), done.returncode, done.stdout)
        if outcome.checks["load.valid"] == "PASS":  # else the machine kept the generator from its work: ask once more
            break
    return outcome


@contextmanager
def somebody_runs(project: Path, environment: Mapping[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The services, started by hand as the README says, and stopped by hand."""
    urls = {name: url_of(project, name) for name in PORTS}
    variables = {"RATES_URL": urls["rates"], "RATES_LOG": str(project / "logs" / "rates.jsonl")}
    processes = []
    try:
        for name, url in urls.items():
            with (project / "logs" / "web.jsonl").open("ab") as lines, (project / "logs" / "err").open("ab") as rest:
                address = url.removeprefix("http://")
                command = [sys.executable, "-m", "gunicorn", "--bind", address, "--threads", "32", "--keep-alive", "30"]
                child = subprocess.Popen(
                    [*command, "--no-control-socket", f"{name}:app"],
                    cwd=project,
                    env={**os.environ, **variables, **environment},
                    stdout=lines if name == "web" else rest,
                    stderr=rest,
                )
            processes.append(child)
        until(lambda: all(accepts(url) for url in urls.values()))
        yield processes
    finally:
        for child in processes:
            child.terminate()
        for child in processes:
            child.wait(20)


def url_of(project: Path, service: str) -> str:
    line = next(line for line in (project / "fleet.yml").read_text().splitlines() if f"logs/{service}.jsonl" in line)
    return line.split('"')[1]


def with_dashboards(project: Path) -> Path:
    """The project after `seatrial init --dashboards`, what that says, and `seatrial render`."""
    call = [SEATRIAL, "--project", project / "seatrial.yml"]
    subprocess.run([*call, "init", "--dashboards"], capture_output=True, check=True)
    with (project / "seatrial.yml").open("a") as file:
        file.write(KEYS)
    subprocess.run([*call, "render"], capture_output=True, check=True)
    return project


def test_it_passes_when_seatrial_starts_it_and_every_panel_of_its_own_dashboards_shows_something(project: Path) -> None:
    outcome = trial(with_dashboards(project))
    panels = outcome.verdict["panels"]
    assert panels["answered"] > 50
    assert (panels["empty"], panels["refused"], panels["not_asked"]) == ([], {}, {})
    assert "quotes: Fleet overview" in next((project / "runs").glob("*/2*/report.html")).read_text()
    assert (outcome.others(), outcome.code) == ({}, EXIT["PASS"]), outcome.output
    assert outcome.not_checked.keys() >= LACKING
    assert {"reconcile.client", "reconcile.logs", "reconcile.prometheus", "drain.clean"} <= outcome.checks.keys()
    counted = outcome.verdict["reconciliation"]
    assert counted["sent"] == counted["gateway"] == counted["prometheus"] == counted["logs"] > 0


@pytest.mark.slow
def test_it_fails_when_a_service_that_seatrial_starts_is_slow(project: Path) -> None:
    outcome = trial(project, environment=SLOW)
    assert (outcome.others("latency.quote.p90"), outcome.code) == ({}, EXIT["FAIL"]), outcome.output
    assert outcome.checks["latency.quote.p90"] == "FAIL"


def test_it_passes_where_somebody_else_runs_it_and_runs_on(project: Path) -> None:
    with somebody_runs(project, {}) as processes:
        outcome = trial(project, "--on", "external")
        assert [child.poll() for child in processes] == [None, None]
    assert (outcome.others(), outcome.code) == ({}, EXIT["PASS"]), outcome.output
    assert outcome.not_checked.keys() >= LACKING | {"drain.clean"}
    assert outcome.checks["restarts.unplanned"] == "PASS"
    counted = outcome.verdict["reconciliation"]
    assert counted["sent"] == counted["gateway"] == counted["prometheus"] == counted["logs"] > 0


def test_it_fails_where_somebody_else_runs_one_slowly(project: Path) -> None:
    with somebody_runs(project, SLOW):
        outcome = trial(project, "--on", "external")
    assert (outcome.others("latency.quote.p90"), outcome.code) == ({}, EXIT["FAIL"]), outcome.output
    assert outcome.checks["latency.quote.p90"] == "FAIL"


def test_services_that_do_not_run_are_told_by_their_address(project: Path) -> None:
    done = subprocess.run(
        [SEATRIAL, "--project", project / "seatrial.yml", "trial", "quick", "--on", "external", "--runs", project],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert f"web-1 at {url_of(project, 'web')}" in done.stderr
