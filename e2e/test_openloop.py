"""The generator as a process: whatever ends it, what it wrote is what the server received."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from counting_server import CountingServer

LOCUSTFILE = Path(__file__).with_name("site_locustfile.py")
Ending = Callable[[subprocess.Popen[bytes]], None]


@dataclass
class Generated:
    """What a generator left behind."""

    folder: Path

    def rows(self, kind: str) -> list[dict[str, str]]:
        return [
            row
            for path in self.folder.glob(f"{kind}-*.csv")
            for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        ]

    @property
    def requests(self) -> list[dict[str, str]]:
        return self.rows("requests")

    @property
    def journeys(self) -> list[dict[str, str]]:
        return self.rows("journeys")

    @property
    def accounts(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text(encoding="utf-8")) for path in self.folder.glob("generator-*.json")]

    def outcomes(self) -> set[str]:
        return {row["outcome"] for row in self.requests}


def profile(folder: Path, **changes: Any) -> Path:
    """40 journeys per second; long enough for the test to end it."""
    document = {
        "stages": [{"name": "steady", "rate": 40, "seconds": 30, "judge": True}],
        "think_seconds": {"min": 0.05, "max": 0.1},
        "drain_seconds": 5,
        **changes,
    }
    file = folder / "profile.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


@contextmanager
def locust(server: CountingServer, folder: Path, *options: str, **changes: Any) -> Iterator[subprocess.Popen[bytes]]:
    script, host = str(changes.pop("script", LOCUSTFILE)), changes.pop("host", server.url)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST_", "SEATRIAL_"))}
    environment |= {"SEATRIAL_SAMPLES_DIR": str(folder)}
    if changes.pop("shaped", True):
        environment |= {"SEATRIAL_PROFILE": str(profile(folder, **changes))}
    command = [sys.executable, "-m", "locust", "-f", script, "--host", host, "--only-summary", *options]
    with (folder / "locust.out").open("wb") as log:
        child = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield child
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def send(number: signal.Signals) -> Ending:
    return lambda child: child.send_signal(number)


ENDINGS = [
    pytest.param(send(signal.SIGINT), (), id="SIGINT"),
    pytest.param(send(signal.SIGTERM), (), id="SIGTERM"),
    pytest.param(send(signal.SIGINT), ("--processes", "2"), id="workers-told-to-quit-SIGINT"),
    pytest.param(send(signal.SIGTERM), ("--processes", "2"), id="workers-told-to-quit-SIGTERM"),
    pytest.param(send(signal.SIGTERM), ("--stop-timeout", "3"), id="SIGTERM-with-stop-timeout"),
]


@pytest.mark.parametrize("end, options", ENDINGS)
def test_rows_are_what_the_server_received_when_it_is_ended_by(
    end: Ending, options: tuple[str, ...], tmp_path: Path
) -> None:
    with CountingServer(delay=0.3) as server, locust(server, tmp_path, "--headless", *options) as child:
        server.await_received(60)
        end(child)
        child.wait(15)
        generated = Generated(tmp_path)
        assert len(generated.requests) == server.received
    assert generated.outcomes() == {"ok"}
    assert all(account["drained"] for account in generated.accounts)
    assert {row["outcome"] for row in generated.journeys if row["started"]} == {"ok"}


@pytest.mark.parametrize("options", [(), ("--processes", "2")], ids=["one-process", "workers"])
def test_rows_are_what_the_server_received_at_the_end_of_the_profile(options: tuple[str, ...], tmp_path: Path) -> None:
    stages = [{"name": "up", "rate": 30, "seconds": 1}, {"name": "down", "rate": 15, "seconds": 2}]
    with CountingServer(delay=0.2) as server, locust(server, tmp_path, "--headless", *options, stages=stages) as child:
        assert child.wait(30) == 0
        generated = Generated(tmp_path)
        assert len(generated.requests) == server.received
    assert sum(account["planned"] for account in generated.accounts) == len(generated.journeys)
    assert {row["stage"] for row in generated.journeys} == {"up", "down"}


def test_rows_are_what_the_server_received_at_the_end_of_a_run_time(tmp_path: Path) -> None:
    options = ("--headless", "-u", "30", "-r", "30", "-t", "2s")
    with CountingServer(delay=0.2) as server, locust(server, tmp_path, *options, shaped=False) as child:
        assert child.wait(30) == 0
        assert len(Generated(tmp_path).requests) == server.received > 0
    (account,) = Generated(tmp_path).accounts
    assert 1.8 < account["wall_seconds"] < 4  # and not counted from before the imports


def test_rows_are_what_the_server_received_when_the_page_says_stop(tmp_path: Path) -> None:
    port = free_port()
    options = ("--web-host", "127.0.0.1", "--web-port", str(port))
    with CountingServer(delay=0.2) as server, locust(server, tmp_path, *options, shaped=False) as child:
        for run in (1, 2):  # a second run of one process has files of its own
            before = server.received
            swarm(port)
            server.await_received(before + 30)
            urllib.request.urlopen(f"http://127.0.0.1:{port}/stop", b"", timeout=10).read()
            assert len(Generated(tmp_path).requests) == server.received
            assert len(Generated(tmp_path).accounts) == run
        child.terminate()
        child.wait(10)


def swarm(port: int) -> None:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/swarm", b"user_count=40&spawn_rate=40")
    for _ in range(100):
        try:
            assert json.load(urllib.request.urlopen(asked, timeout=5))["success"]
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the page did not come up")


@pytest.mark.parametrize("drop", [2, 5])
def test_nothing_is_sent_again_to_a_server_that_closes_after_reading(drop: int, tmp_path: Path) -> None:
    with CountingServer(drop=drop) as server, locust(server, tmp_path, "--headless") as child:
        server.await_received(100)
        child.terminate()
        child.wait(10)
        generated = Generated(tmp_path)
        assert len(generated.requests) == server.received
    errors = [row["error"] for row in generated.requests if row["outcome"] == "error"]
    assert abs(len(errors) - server.received / drop) <= 1
    assert set(errors) == {"closed before an answer"}


def test_a_connection_that_was_closed_while_idle_is_not_used_again(tmp_path: Path) -> None:
    """Used again, many would fail. One that is on its way while the server closes may: nobody can know."""
    with CountingServer(idle=0.03) as server, locust(server, tmp_path, "--headless") as child:
        server.await_received(100)
        child.terminate()
        child.wait(10)
    rows = Generated(tmp_path).requests
    crossed = [row for row in rows if row["outcome"] != "ok"]
    assert {row["error"] for row in crossed} <= {"closed before an answer"}
    assert (len(rows) - len(crossed), len(crossed) <= 3) == (server.received, True)


def test_what_the_drain_cuts_off_is_written_as_unfinished(tmp_path: Path) -> None:
    with CountingServer(delay=30) as server, locust(server, tmp_path, "--headless", drain_seconds=1) as child:
        server.await_received(40)
        child.terminate()
        child.wait(10)
        generated = Generated(tmp_path)
        assert len(generated.requests) == server.received
    assert generated.outcomes() == {"unfinished"}
    assert {row["outcome"] for row in generated.journeys} == {"unfinished"}
    assert [account["unfinished"] for account in generated.accounts] == [len(generated.requests)]


def test_a_killed_generator_keeps_all_but_its_last_second(tmp_path: Path) -> None:
    with CountingServer() as server, locust(server, tmp_path, "--headless") as child:
        server.await_received(160)
        child.kill()
        child.wait(10)
        generated = Generated(tmp_path)
        assert server.received - len(generated.requests) <= 2 * 40 * 1.5
    assert generated.requests
    assert [account["drained"] for account in generated.accounts] == [False]


def test_arrivals_beyond_the_bound_are_shed_and_never_sent(tmp_path: Path) -> None:
    with (
        CountingServer(delay=30) as server,
        locust(server, tmp_path, "--headless", in_flight=10, drain_seconds=1) as child,
    ):
        server.await_received(10)
        time.sleep(1)
        child.terminate()
        child.wait(10)
        assert server.received == 10
    shed = [row for row in Generated(tmp_path).journeys if row["outcome"] == "shed"]
    assert len(shed) > 10
    assert {row["started"] for row in shed} == {""}


def test_a_stopped_generator_shows_as_lag_and_skips_nothing(tmp_path: Path) -> None:
    stages = [{"name": "steady", "rate": 40, "seconds": 4, "judge": True}]
    with CountingServer() as server, locust(server, tmp_path, "--headless", stages=stages) as child:
        server.await_received(20)
        child.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        child.send_signal(signal.SIGCONT)
        child.wait(15)
    generated = Generated(tmp_path)
    lags = [float(row["started"]) - float(row["scheduled"]) for row in generated.journeys if row["started"]]
    assert 1.2 < max(lags) < 2.5
    assert sum(account["planned"] for account in generated.accounts) == len(generated.journeys) > 110


def test_the_same_seed_draws_the_same_gaps(tmp_path: Path) -> None:
    stages = [{"name": "one", "rate": 1, "seconds": 5}]
    folders = [tmp_path / "first", tmp_path / "second"]
    with CountingServer() as server, ExitStack() as both:
        for folder in folders:
            folder.mkdir()
        for child in [
            both.enter_context(locust(server, folder, "--headless", stages=stages, seed=5)) for folder in folders
        ]:
            child.wait(15)
    first, second = ([float(row["scheduled"]) for row in Generated(folder).journeys] for folder in folders)
    assert gaps(first) == gaps(second) != []


def gaps(instants: list[float]) -> list[float]:
    """Rows are in the order of their ends, and written to the microsecond."""
    return [round(later - earlier, 4) for earlier, later in pairwise(sorted(instants))]


def test_rate_zero_sends_nothing_and_still_gives_account(tmp_path: Path) -> None:
    stages = [{"name": "none", "rate": 0, "seconds": 2, "judge": True}]
    with CountingServer() as server, locust(server, tmp_path, "--headless", stages=stages) as child:
        assert child.wait(15) == 0
        assert server.received == 0
    assert [account["planned"] for account in Generated(tmp_path).accounts] == [0]


@pytest.mark.parametrize(
    "changes, sentence",
    [
        pytest.param({"stages": [{"name": "x"}]}, "is no load profile", id="profile"),
        pytest.param({"weights": {"fly": 1}}, "weights name fly; Site has visit", id="unknown-journey"),
        pytest.param({"weights": {"visit": 0}}, "no journey is left to run", id="no-journey"),
        pytest.param({"host": "nowhere"}, "'nowhere' is no http(s) address", id="address"),
    ],
)
def test_what_is_wrong_ends_it_with_a_sentence(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with CountingServer() as server, locust(server, tmp_path, "--headless", **changes) as child:
        assert child.wait(30) != 0
    said = (tmp_path / "locust.out").read_text(encoding="utf-8")
    assert sentence in said
    assert "Traceback" not in said


def test_the_locustfile_of_the_manual_runs(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[1] / "docs/how-to/write-a-journey.md").read_text(encoding="utf-8")
    script = tmp_path / "site.py"
    script.write_text(manual.split("```python\n# mine.py\n")[1].split("```")[0], encoding="utf-8")
    with (
        CountingServer() as server,
        locust(server, tmp_path, "--headless", "-u", "20", script=script, shaped=False) as child,
    ):
        server.await_received(20)
        child.terminate()
        child.wait(15)
    # It was written for another server: its first answer is judged by the page's own words, and ends the journey.
    told = {(row["step"], row["outcome"], row["error"]) for row in Generated(tmp_path).requests}
    assert told == {("document", "wrong", "lacks paths")}
