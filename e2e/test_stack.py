"""The stack on a fleet that needs nothing: up, status, restart, down; and what stays behind, which is nothing."""

from __future__ import annotations

import json
import random
import shutil
import signal
import time
import urllib.request
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from stack_runs import STUB, Bench, await_ready, carriers, kill, run_ids, until

RANDOM = random.Random(20261123)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "runs")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, dict[str, Any]]]:
    """A stack for the tests that only look; the others start their own."""
    folder = tmp_path_factory.mktemp("standing")
    bench = Bench(folder / "runs")
    with bench.detached("--seed=7", "--faults") as status:
        yield bench, status


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        text: str = answer.read().decode()
    return text


def instance(status: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in status["services"] if entry["instance"] == name)


def test_up_makes_everything_ready(standing: tuple[Bench, dict[str, Any]]) -> None:
    _, status = standing
    assert [(each["instance"], each["ready"]) for each in status["services"]] == [("front-1", True), ("back-1", True)]
    assert json.loads(fetch(status["entry_url"])) == {"service": "front", "faults": "1"}
    assert "Ready" in fetch(status["prometheus"]["url"] + "/-/ready")
    assert status["resident_bytes"] > 1_000_000


def test_status_tells_the_main_from_the_worker(standing: tuple[Bench, dict[str, Any]]) -> None:
    front, back = (instance(standing[1], name) for name in ("front-1", "back-1"))
    assert front["main_pid"] == front["worker_pid"]
    assert back["main_pid"] != back["worker_pid"]


def test_hooks_are_told_of_the_stack(standing: tuple[Bench, dict[str, Any]]) -> None:
    run_dir = Path(standing[1]["run_dir"])
    seen = json.loads((run_dir / "populate.seen.json").read_text())
    assert seen["random_seed"] == 7
    assert seen["stores"] == {"back": f"sqlite:///{run_dir}/stores/back.db"}
    assert [each["ready"] for each in seen["services"]] == [True, True]
    before = json.loads((run_dir / "migrate.seen.json").read_text())
    assert [each["main_pid"] for each in before["services"]] == [None, None]


@pytest.mark.parametrize(
    "arguments, words",
    [
        pytest.param(("restart", "nobody"), "there is no nobody in run", id="unknown service"),
        pytest.param(("restart", "back", "--replica", "9"), "there is no back-9", id="unknown replica"),
        pytest.param(("status", "20000101-000000-0000"), "no run 20000101-000000-0000", id="unknown run"),
        pytest.param(("up", "--replicas", "nobody=2"), "there is no service 'nobody'", id="replicas of nobody"),
    ],
)
def test_what_is_not_there_is_wrong_usage(
    standing: tuple[Bench, dict[str, Any]], arguments: tuple[str, ...], words: str
) -> None:
    done = standing[0].call(*arguments)
    assert done.returncode == 64
    assert words in done.stderr


def test_prometheus_finds_every_replica(bench: Bench) -> None:
    with bench.detached("--replicas=back=2") as status:
        url = status["prometheus"]["url"] + "/api/v1/query?query=up"

        def scraped() -> list[tuple[str, str]]:
            series = json.loads(fetch(url))["data"]["result"]
            return sorted(
                (each["metric"]["job"], each["metric"]["instance"]) for each in series if each["value"][1] == "1"
            )

        until(lambda: scraped() == [("back", "back-1"), ("back", "back-2"), ("front", "front-1")])


def test_faults_are_off_unless_asked_for(bench: Bench) -> None:
    with bench.detached() as status:
        assert json.loads(fetch(status["entry_url"]))["faults"] == "0"
    assert bench.leftovers() == []


def test_a_restart_is_planned_and_told(bench: Bench) -> None:
    with bench.detached() as status:
        assert bench.call("restart", "back").returncode == 0
        after = bench.status()
        old, new = instance(status, "back-1"), instance(after, "back-1")
        assert new["ready"]
        assert new["url"] == old["url"]
        assert {new["main_pid"], new["worker_pid"]}.isdisjoint({old["main_pid"], old["worker_pid"]})
        events = json.loads((Path(status["run_dir"]) / "run.json").read_text())["events"]
        assert [each["kind"] for each in events] == ["ready", "restart"]


def events(status: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    run = json.loads((Path(status["run_dir"]) / "run.json").read_text())
    return [event for event in run["events"] if event["kind"] == kind]


def listed(status: dict[str, Any]) -> set[str]:
    groups = json.loads((Path(status["run_dir"]) / "discovery.json").read_text())
    return {group["labels"]["instance"] for group in groups}


def test_a_replica_with_a_sibling_is_not_discovered_while_it_restarts(bench: Bench) -> None:
    with bench.detached("--replicas=back=2") as status:
        seen: list[set[str]] = []
        asked = bench.start("restart", "back")
        until(lambda: seen.append(listed(status)) or asked.poll() is not None)
        assert asked.communicate() == (None, b"")
        everybody = {"front-1", "back-1", "back-2"}
        assert [everybody - names for names, _ in groupby(seen) if names != everybody] == [{"back-1"}, {"back-2"}]
        assert listed(status) == everybody
        ends = [(event["instance"], event["emptied"], event["stop"]["killed"]) for event in events(status, "restart")]
        assert ends == [("back-1", True, False), ("back-2", True, False)]
        assert events(status, "unplanned-exit") == []


def test_a_replica_without_a_sibling_stays_where_callers_look(bench: Bench) -> None:
    with bench.detached() as status:
        assert bench.call("restart", "back").returncode == 0
        assert listed(status) == {"front-1", "back-1"}
        (event,) = events(status, "restart")
        assert (event["emptied"], event["stop"]["killed"]) == (False, False)


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_replica_that_was_killed_is_told_once_and_restarts_at_once(bench: Bench, replicas: int) -> None:
    with bench.detached(f"--replicas=back={replicas}") as status:
        for _ in range(3):
            kill(instance(bench.status(), "back-1")["worker_pid"])
            assert bench.call("restart", "back", "--replica", "1").returncode == 0
        assert len(events(status, "unplanned-exit")) == 3
        assert [event["stop"] for event in events(status, "restart")] == [None] * 3
        assert instance(bench.status(), "back-1")["ready"]


def test_services_restart_side_by_side(bench: Bench) -> None:
    with bench.detached() as status:
        asked = [bench.start("restart", service) for service in ("front", "back")]
        assert [child.wait(20) for child in asked] == [0, 0]
        for child in asked:
            child.communicate()
        assert {event["instance"] for event in events(status, "restart")} == {"front-1", "back-1"}


def test_log_files_only_grow_over_restarts(bench: Bench) -> None:
    with bench.detached() as status:
        file = Path(instance(status, "front-1")["log_file"])
        sizes = list[int]()
        for _ in range(3):
            fetch(status["entry_url"])
            until(
                lambda: file.exists() and file.stat().st_size > (sizes[-1] if sizes else 0)
            )  # a line is written beside the answer
            sizes.append(file.stat().st_size)
            assert bench.call("restart", "front").returncode == 0
        assert sizes[0] < sizes[1] < sizes[2]


def test_the_stack_restarts_nothing_by_itself(bench: Bench) -> None:
    with bench.detached() as status:
        kill(instance(status, "back-1")["worker_pid"])
        run_json = Path(status["run_dir"]) / "run.json"
        until(lambda: "unplanned-exit" in run_json.read_text())
        assert not instance(bench.status(), "back-1")["ready"]


def test_two_stacks_at_once_do_not_disturb_each_other(bench: Bench, tmp_path: Path) -> None:
    other = Bench(tmp_path / "other-runs")
    with bench.detached() as one, other.detached() as two:
        assert {each["url"] for each in one["services"]}.isdisjoint({each["url"] for each in two["services"]})
        assert one["prometheus"]["url"] != two["prometheus"]["url"]
        assert bench.call("down").returncode == 0
        assert [each["ready"] for each in other.status()["services"]] == [True, True]
    assert bench.leftovers() + other.leftovers() == []


def test_two_stacks_of_one_project_have_to_be_named(bench: Bench) -> None:
    with bench.detached() as one, bench.detached() as two:
        done = bench.call("down")
        assert done.returncode == 64
        assert one["run"] in done.stderr
        assert two["run"] in done.stderr
        assert bench.call("down", one["run"]).returncode == 0
        assert bench.status()["run"] == two["run"]


def test_a_child_that_dies_at_start_is_told_with_its_log(tmp_path: Path) -> None:
    project = shutil.copytree(STUB, tmp_path / "project")
    fleet = (project / "fleet.yml").read_text().replace('STUB_FORKS: "1"', 'STUB_DIES: "1"')
    (project / "fleet.yml").write_text(fleet)
    bench = Bench(tmp_path / "runs", project / "seatrial.yml")
    done = bench.call("up")
    assert done.returncode == 3
    assert "back-1 ended with exit code 1" in done.stderr
    assert "the stub was told to die" in done.stderr
    assert bench.leftovers() == []


def test_down_ends_a_stack_whose_owner_does_not_listen(bench: Bench) -> None:
    with bench.detached() as status:
        kill(status["owner_pid"])
        until(lambda: not carriers(status["run"]))
        done = bench.call("down", status["run"])
        assert done.returncode == 0
        assert "was not running" in done.stdout


def suspend(run_id: str) -> None:
    """Let the fleet hear no SIGTERM, so that stopping it takes long."""
    for process in carriers(run_id):
        if "service.py" in process.info["cmdline"]:
            process.suspend()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
def test_an_owner_that_is_ended_leaves_nothing(bench: Bench, ending: signal.Signals) -> None:
    with bench.foreground() as owner:
        await_ready(bench.runs)
        assert bench.held()
        owner.send_signal(ending)
        assert owner.wait(10) == (-9 if ending == signal.SIGKILL else 130)
    until(lambda: bench.leftovers() == [])


def test_a_second_signal_while_stopping_leaves_nothing(bench: Bench) -> None:
    with bench.foreground() as owner:
        suspend(await_ready(bench.runs))
        owner.send_signal(signal.SIGINT)
        until(lambda: '"stopping"' in next(bench.runs.glob("2*/stack.json")).read_text(), patience=5)
        owner.send_signal(signal.SIGINT)
        assert owner.wait(10) == 130
    until(lambda: bench.leftovers() == [])


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
@pytest.mark.parametrize("delay", [round(RANDOM.uniform(0.25, 1.0), 3) for _ in range(4)])
def test_an_owner_that_is_ended_at_any_moment_leaves_nothing(
    bench: Bench, ending: signal.Signals, delay: float
) -> None:
    with bench.foreground() as owner:
        time.sleep(delay)
        owner.send_signal(ending)
        assert owner.wait(10) == (-9 if ending == signal.SIGKILL else 130)
    until(lambda: bench.leftovers() == [])
    assert len(run_ids(bench.runs)) <= 1


def test_an_interrupted_stack_is_down_within_a_cancelled_jobs_grace(bench: Bench) -> None:
    with bench.foreground() as owner:
        suspend(await_ready(bench.runs))
        started = time.monotonic()
        owner.send_signal(signal.SIGINT)
        assert owner.wait(10) == 130
        assert time.monotonic() - started < 7.5
    assert bench.leftovers() == []
