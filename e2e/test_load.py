"""The parent's side: the generator as its child, followed, ended and read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from counting_server import CountingServer

from seatrial.errors import Interrupted
from seatrial.load.errors import GeneratorFailed
from seatrial.load.profile import Profile
from seatrial.load.progress import Progress
from seatrial.load.runner import LoadJob, drive
from seatrial.load.samples import read_samples, to_parquet
from seatrial.run_folder import write_json

LOCUSTFILE = Path(__file__).with_name("site_locustfile.py")
PROFILE = Profile.model_validate(
    {
        "stages": [{"name": "up", "rate": 20, "seconds": 1}, {"name": "on", "rate": 30, "seconds": 2, "judge": True}],
        "think_seconds": {"min": 0.01, "max": 0.05},
        "drain_seconds": 3,
    }
)


def job(server: CountingServer, folder: Path, locustfile: Path = LOCUSTFILE) -> LoadJob:
    (folder / "samples").mkdir()
    return LoadJob(
        profile=PROFILE,
        locustfile=locustfile,
        target=server.url,
        samples=folder / "samples",
        profile_file=folder / "profile.json",
        log=folder / "locust.out",
        environment=os.environ,
    )


def test_a_load_is_driven_followed_and_read(tmp_path: Path) -> None:
    seen: list[Progress] = []
    with CountingServer() as server:
        seconds = drive(job(server, tmp_path), seen.append)
        to_parquet(tmp_path / "samples")
        samples = read_samples(tmp_path / "samples", PROFILE)
        assert len(samples.client_rows()) == server.received == seen[-1].requests
    assert 3 <= seconds < 15
    assert seen[-1].stage == "drain"
    assert set(samples.judged("page").window.tolist()) == {0, 1}
    assert samples.drained()
    assert samples.arrivals_astray() == ""


def discovered(folder: Path, *servers: CountingServer) -> Path:
    """As the stack writes it."""
    groups = [{"targets": [server.url.removeprefix("http://")], "labels": {"job": "site"}} for server in servers]
    write_json(folder / "discovery.json", groups)
    return folder / "discovery.json"


def test_every_target_is_reached_for_as_long_as_it_is_there(tmp_path: Path) -> None:
    with CountingServer() as stays, CountingServer() as goes:
        counts: list[int] = []

        def take_away(progress: Progress) -> None:
            if progress.requests > 20 and not counts:
                discovered(tmp_path, stays)
                time.sleep(0.3)  # what had been sent arrives; the generator goes on in its own process
                counts.append(goes.received)

        asked = replace(job(stays, tmp_path), discovery=discovered(tmp_path, stays, goes), entry="site")
        drive(asked, take_away)
        to_parquet(tmp_path / "samples")
        samples = read_samples(tmp_path / "samples", PROFILE)
        assert counts == [goes.received] > [0]
        assert stays.received > goes.received
        assert len(samples.client_rows()) == stays.received + goes.received
    assert {row.outcome for row in samples.client_rows()} == {"ok"}


def test_an_interrupted_load_drains_and_leaves_no_process(tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.requests:
            raise Interrupted("SIGTERM")

    with CountingServer(delay=0.1) as server:
        with pytest.raises(Interrupted):
            drive(job(server, tmp_path), interrupt)
        to_parquet(tmp_path / "samples")
        samples = read_samples(tmp_path / "samples", PROFILE)
        assert len(samples.client_rows()) == server.received
    assert samples.drained()
    assert not psutil.pid_exists(samples.accounts[0]["pid"])


def test_a_locustfile_that_cannot_be_run_is_told_with_its_last_lines(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise RuntimeError('the disk is full')\n", encoding="utf-8")
    with CountingServer() as server, pytest.raises(GeneratorFailed, match="the disk is full"):
        drive(job(server, tmp_path, broken))


def test_the_command_drives_any_target_without_a_project(tmp_path: Path) -> None:
    profile = tmp_path / "mine.yml"
    profile.write_text(json.dumps(PROFILE.document()), encoding="utf-8")
    with CountingServer() as server:
        command = [sys.executable, "-m", "seatrial.cli", "load", str(profile), "--target", server.url]
        done = subprocess.run(
            [*command, "--locustfile", str(LOCUSTFILE), "--seed", "9", "--json", "-"],
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        document = json.loads(done.stdout)
        assert document["steps"]["page"]["requests"] == server.received
    assert document["seed"] == 9
    assert (tmp_path / "runs" / document["run"] / "samples" / "requests.parquet").is_file()
