import os
import socket
from pathlib import Path
from typing import Any

import pytest

from seatrial.errors import UsageError
from seatrial.run_folder import write_json
from seatrial.stacks.observation import accepts, answers, choose_stack, observe, refuse_unknown, running_stacks
from seatrial.stacks.processes import started_at

ME = os.getpid()
NOBODY = 2**22 + 1  # above Linux's largest process id


def entry(instance: str, main_pid: int | None) -> dict[str, Any]:
    service, _, number = instance.rpartition("-")
    return {
        "service": service,
        "instance": instance,
        "replica": int(number),
        "url": "http://127.0.0.1:1",
        "admin_url": f"http://admin/{instance}",
        "ready_url": f"http://admin/{instance}/ready",
        "external": False,
        "main_pid": main_pid,
        "worker_pid": main_pid,
        "ready": False,
        "log_file": "a.jsonl",
    }


def stack(run: str, owner: int = ME, **changes: Any) -> dict[str, Any]:
    return {
        "run": run,
        "run_dir": f"/runs/{run}",
        "kind": "up",
        "state": "ready",
        "owner_pid": owner,
        "owner_started": started_at(ME),
        "entry_url": "http://127.0.0.1:1",
        "services": [entry("a-1", ME), entry("b-1", NOBODY), entry("c-1", None)],
        "prometheus": None,
        **changes,
    }


def test_ready_is_who_lives_and_answers() -> None:
    asked: list[str] = []
    found = observe(stack("r"), lambda url: not asked.append(url))
    assert [each["ready"] for each in found["services"]] == [True, False, False]
    assert asked == ["http://admin/a-1/ready"]


def test_what_somebody_else_runs_is_ready_when_it_answers() -> None:
    there = stack("r", services=[entry("a-1", None) | {"external": True}])
    assert [observe(there, lambda _, says=says: says)["services"][0]["ready"] for says in (True, False)] == [
        True,
        False,
    ]


def test_without_a_path_to_ask_it_is_ready_when_its_port_accepts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        own = entry("a-1", ME) | {"ready_url": None, "url": url}
        assert observe(stack("r", services=[own]), lambda _: False)["services"][0]["ready"]


def test_who_lives_but_does_not_answer_is_not_ready() -> None:
    assert [each["ready"] for each in observe(stack("r"), lambda _: False)["services"]] == [False, False, False]


def test_the_worker_of_a_dead_main_is_unknown() -> None:
    assert observe(stack("r"), lambda _: True)["services"][1]["worker_pid"] is None


def test_memory_counts_each_process_once() -> None:
    one = observe(stack("r", services=[entry("a-1", ME)]), lambda _: True)["resident_bytes"]
    both = observe(stack("r", prometheus={"url": "http://p", "pid": ME}), lambda _: True)["resident_bytes"]
    assert one > 1_000_000
    assert both == pytest.approx(one, rel=0.1)


@pytest.mark.parametrize(
    "owner, started, running",
    [(ME, started_at(ME), True), (NOBODY, started_at(ME), False), (ME, started_at(ME) - 60, False)],
    ids=["the owner lives", "the owner is gone", "another process has its number"],
)
def test_a_stack_runs_while_its_owner_lives(*, owner: int, started: float, running: bool) -> None:
    document = stack("r", owner=owner, owner_started=started)
    assert observe(document, lambda _: False)["running"] is running


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for run, owner in (("20260101-000000-0001", NOBODY), ("20260101-000000-0002", ME)):
        (tmp_path / run).mkdir()
        write_json(tmp_path / run / "stack.json", stack(run, owner))
    (tmp_path / "20260101-000000-0003").mkdir()
    return tmp_path


def test_only_stacks_with_a_living_owner_are_running(runs: Path) -> None:
    assert [each["run"] for each in running_stacks(runs)] == ["20260101-000000-0002"]


def test_the_only_running_stack_needs_no_name(runs: Path) -> None:
    assert choose_stack(runs, None)["run"] == "20260101-000000-0002"


def test_an_ended_run_can_be_named(runs: Path) -> None:
    assert choose_stack(runs, "20260101-000000-0001")["run"] == "20260101-000000-0001"


@pytest.mark.parametrize("run", ["20260101-000000-0003", "20260101-000000-9999"], ids=["no stack", "no run"])
def test_an_unknown_run_is_refused_with_the_candidates(runs: Path, run: str) -> None:
    with pytest.raises(UsageError, match=r"Name one of: 20260101-000000-0002 \(ready\)"):
        choose_stack(runs, run)


def test_several_running_stacks_have_to_be_named(runs: Path) -> None:
    write_json(runs / "20260101-000000-0003" / "stack.json", stack("20260101-000000-0003"))
    with pytest.raises(UsageError, match="several stacks are running"):
        choose_stack(runs, None)


def test_without_a_stack_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="seatrial up"):
        choose_stack(tmp_path, None)


@pytest.mark.parametrize(
    "service, replica, meant", [("a", None, ["a-1"]), ("a", 1, ["a-1"])], ids=["all replicas", "one replica"]
)
def test_instances_are_named_by_service_and_number(service: str, replica: int | None, meant: list[str]) -> None:
    assert refuse_unknown(stack("r"), service, replica) == meant


@pytest.mark.parametrize("service, replica", [("z", None), ("a", 2)], ids=["no service", "no replica"])
def test_an_unknown_instance_is_refused_with_the_known(service: str, replica: int | None) -> None:
    with pytest.raises(UsageError, match="Running are: a-1, b-1, c-1"):
        refuse_unknown(stack("r"), service, replica)


def test_a_port_accepts_while_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert accepts(url)
    assert not accepts(url)


def test_a_closed_port_does_not_answer() -> None:
    assert not answers("http://127.0.0.1:1/ready")
