import json
from pathlib import Path
from typing import Any

import pytest

from seatrial.errors import UsageError
from seatrial.project.project import load_project
from seatrial.run_folder import RunFolder
from seatrial.settings import Settings
from seatrial.stacks.local import LocalStack
from seatrial.stacks.places import Place
from seatrial.stacks.protocol import Stack

STUB = Path(__file__).parents[3] / "e2e" / "stub_fleet" / "seatrial.yml"


@pytest.fixture
def stack(tmp_path: Path) -> LocalStack:
    settings = Settings(cache_dir=tmp_path / "cache", runtime_dir=tmp_path / "runtime")
    return LocalStack(load_project(STUB), RunFolder.create(tmp_path / "runs", "up"), settings=settings)


def placed(stack: LocalStack) -> LocalStack:
    """As between the taking of ports and the first start."""
    stack._seats = [Place("front", 1, 1001, 1101), Place("back", 1, 1002, 1102), Place("back", 2, 1003, 1103)]
    return stack


def test_it_is_a_stack(stack: LocalStack) -> None:
    seam: Stack = stack
    assert seam.run_dir == stack.run.path


def test_making_one_touches_nothing(stack: LocalStack, tmp_path: Path) -> None:
    assert {path.name for path in tmp_path.iterdir()} == {"runs"}
    assert not (stack.run_dir / "stack.json").exists()


def test_down_before_up_does_nothing(stack: LocalStack) -> None:
    stack.down()
    assert not (stack.run_dir / "stack.json").exists()


def test_its_state_can_be_written_before_it_has_ports(stack: LocalStack) -> None:
    stack._set_state("stopping")
    document = json.loads((stack.run_dir / "stack.json").read_text())
    assert (document["state"], document["entry_url"], document["services"]) == ("stopping", None, [])


def test_the_entry_is_the_entrys_first_replica(stack: LocalStack) -> None:
    assert placed(stack).entry_url() == "http://127.0.0.1:1001"


def test_replicas_that_have_not_started_are_not_ready(stack: LocalStack) -> None:
    replicas = placed(stack).replicas()
    assert [(each.instance, each.ready, each.main_pid) for each in replicas] == [
        ("front-1", False, None),
        ("back-1", False, None),
        ("back-2", False, None),
    ]
    assert replicas[2].log_file == stack.run_dir / "logs" / "back-2.jsonl"


def test_only_services_with_a_store_have_one(stack: LocalStack) -> None:
    assert stack.stores() == {"back": f"sqlite:///{stack.run_dir}/stores/back.db"}


@pytest.mark.parametrize(
    "extra, key, value",
    [
        ({"seed": 7}, "random_seed", 7),
        ({"samples": Path("/s")}, "samples", "/s"),
        ({}, "samples", None),
        ({"action": "apply"}, "action", "apply"),
    ],
    ids=["seed", "samples", "no samples", "anything else"],
)
def test_a_hook_is_told(stack: LocalStack, extra: dict[str, Any], key: str, value: object) -> None:
    document = placed(stack).hook_document(**extra)
    assert document[key] == value
    assert document["run_dir"] == str(stack.run_dir)
    assert len(document["services"]) == 3


@pytest.mark.parametrize("service, replica", [("nobody", None), ("back", 3)])
def test_only_what_is_there_can_be_restarted(stack: LocalStack, service: str, replica: int | None) -> None:
    with pytest.raises(UsageError, match="Running are: front-1, back-1, back-2"):
        placed(stack).restart(service, replica)


def test_steps_are_told_with_their_seconds(tmp_path: Path) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    run = RunFolder.create(tmp_path, "up")
    stack = LocalStack(load_project(STUB), run, on_event=lambda kind, /, **data: told.append((kind, data)))
    with stack.step("demo"):
        pass
    assert [kind for kind, _ in told] == ["step-started", "step-finished"]
    assert told[1][1]["seconds"] >= 0


def test_a_step_that_fails_is_not_told_as_finished(tmp_path: Path) -> None:
    told: list[str] = []
    run = RunFolder.create(tmp_path, "up")
    stack = LocalStack(load_project(STUB), run, on_event=lambda kind, /, **_: told.append(kind))
    with pytest.raises(UsageError), stack.step("demo"):
        raise UsageError("no")
    assert told == ["step-started"]
