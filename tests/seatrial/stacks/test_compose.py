"""A stack of containers from its start to its end; a program stands for Docker, and what replicas would answer is given."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from compose_scene import (
    FLEET,
    Docks,
    compose_words,
    discovered,
    document,
    end_events,
    scraped,
    standing,
    stops,
)
from sham_docker import container, died, key_of

from seatrial.errors import StackError, UsageError
from seatrial.project.project import Hooks, Project
from seatrial.project.telemetry import Telemetry
from seatrial.run_folder import RunFolder
from seatrial.stacks import compose as module
from seatrial.stacks.compose import UP_SECONDS, ComposeStack
from seatrial.stacks.processes import is_running
from seatrial.stacks.protocol import Stack

# Up


def test_it_is_a_stack(docks: Docks) -> None:
    seam: Stack = docks.stack()
    assert seam.run_dir.is_dir()
    assert {path.name for path in docks.folder.iterdir()} == {"runs", "c.yml", "sham"}


def test_down_before_up_does_nothing(docks: Docks) -> None:
    stack = docks.stack()
    stack.down()
    assert not (stack.run_dir / "stack.json").exists()
    assert docks.docker.verbs() == []


def test_a_project_without_the_key_is_refused(docks: Docks) -> None:
    run = RunFolder.create(docks.folder / "runs", "up")
    with pytest.raises(UsageError, match="--on compose needs a compose file"):
        ComposeStack(Project(docks.folder / "seatrial.yml", FLEET, Telemetry(), Hooks()), run)


def test_without_docker_nothing_is_begun(docks: Docks) -> None:
    stack = docks.stack()
    docks.docker.says("version", errors="Cannot connect", code=1)
    with pytest.raises(StackError, match="Cannot connect"):
        stack.up()
    stack.down()
    assert (docks.released, list(stack.run_dir.glob("*.json"))) == (0, [stack.run_dir / "run.json"])


def test_its_services_are_started_as_often_as_asked(docks: Docks, stack: ComposeStack) -> None:
    assert compose_words(docks) == [["up", "--detach", "--no-build", "--scale", "api=3", "web", "api"]]
    assert json.loads((stack.run_dir / "compose.json").read_text())["name"] == stack._containers.name
    assert document(stack)["state"] == "ready"
    steps = [(kind, data["step"]) for kind, data in docks.told if "step" in data]
    assert steps == [(f"step-{end}", name) for name in ("prometheus", "containers", "services") for end in ("started", "finished")]  # fmt: skip
    assert [data["name"] for kind, data in docks.told if kind == "ready"] == ["web-1", "api-1", "api-2", "api-3"]


def test_docker_is_asked_to_tell_of_deaths(docks: Docks, stack: ComposeStack) -> None:
    label = f"label=com.docker.compose.project={stack._containers.name}"
    assert docks.docker.asked("events") == [
        ["events", "--filter", label, "--filter", "event=die", "--format", "{{json .}}"]
    ]


def test_all_are_told_where_its_replicas_are(stack: ComposeStack) -> None:
    assert stack.entry_url() == "http://172.18.0.2:8000"
    assert discovered(stack) == {
        "web-1": "172.18.0.2:8000",
        "api-1": "172.18.0.3:8000",
        "api-2": "172.18.0.4:8000",
        "api-3": "172.18.0.5:8000",
    }
    assert scraped(stack, "api") == ["172.18.0.3:8100", "172.18.0.4:8100", "172.18.0.5:8100"]
    web = document(stack)["services"][0]
    assert (web["instance"], web["external"], web["main_pid"], web["ready"]) == ("web-1", True, None, True)
    assert (web["metrics_url"], web["ready_url"]) == ("http://172.18.0.2:8100/metrics", "http://172.18.0.2:8100/ready")
    assert web["log_file"] == str(stack.run.logs / "host-web-1.jsonl")
    assert stack.replicas()[0].log_file == stack.run.logs / "host-web-1.jsonl"
    assert stack.replicas()[0].container == key_of("web", 1)
    assert stack.stores() == {"api": "sqlite:////in/stores/api.db?a=b"}
    assert document(stack)["stores"] == ["sqlite"]


def test_the_shipper_finds_the_files_of_all(docks: Docks, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads stack.json when it starts, which is before all is ready."""
    seen: list[str] = []
    monkeypatch.setattr(
        ComposeStack,
        "_await_pipeline",
        lambda stack: seen.extend(Path(each["log_file"]).name for each in document(stack)["services"]),
    )
    with standing(docks):
        assert seen == [f"host-{name}.jsonl" for name in ("web-1", "api-1", "api-2", "api-3")]


def test_what_the_project_does_not_say_is_out_of_reach(docks: Docks) -> None:
    with standing(docks, logs=None, store_variable=None) as stack:
        assert document(stack)["services"][0]["log_file"] is None
        assert stack.stores() == {}


def test_down_leaves_the_rest_to_the_guardian(docks: Docks, stack: ComposeStack) -> None:
    for _ in range(2):
        stack.down()
    assert (document(stack)["state"], docks.released) == ("stopped", 1)
    assert not {"rm", "stop", "kill"} & set(docks.docker.verbs())
    assert stack.unable == {}


def up_fails(stack: ComposeStack) -> str:
    with pytest.raises(StackError) as told:
        stack.up()
    stack.down()
    end_events(stack)
    return str(told.value)


def test_what_compose_and_the_unwell_said_is_told(docks: Docks) -> None:
    stack = docks.stack()
    docks.docker.does("compose", 'case $* in *" up "*) echo "dependency failed to start"; exit 1;; esac')
    done = container("migrate", 1, running=False)
    docks.has(stack, container("store", 1, health="unhealthy"), done, running=False, code=3)
    docks.docker.does("logs", 'echo "last words of $4"')
    told = up_fails(stack)
    assert "compose ends:\n    dependency failed to start" in told
    for service in ("store", "web"):
        assert f"-{service}-1 ends:\n    last words of {key_of(service, 1)}" in told
    assert "docker compose build" in told
    assert len(docks.docker.asked("logs")) == 2


def test_a_compose_that_does_not_end_is_ended_and_told(docks: Docks, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, slept = docks.docker.folder / "begun", [0.0]

    def sleep(seconds: float) -> None:  # once compose has said something, a nap is as long as anybody waits
        time.sleep(seconds)
        slept.append(UP_SECONDS * begun.exists())

    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: sum(slept)))
    stack = docks.stack()
    docks.has(stack)
    script = 'echo "pulling"; echo $$ >"$here/pid"; : >"$here/begun"; exec sleep 60'
    docks.docker.does("compose", f'case $* in *" up "*) {script};; esac')
    assert "the containers do not start. compose ends:\n    pulling" in up_fails(stack)
    assert not is_running(int((docks.docker.folder / "pid").read_text()))


def test_a_service_without_a_container_is_told(docks: Docks) -> None:
    stack = docks.stack()
    docks.docker.has(container("api", 1))
    assert "no container of web" in up_fails(stack)


def test_who_ended_at_once_does_not_pass_for_misplaced(docks: Docks) -> None:
    stack = docks.stack()
    docks.has(stack, running=False, code=2)
    docks.docker.says("logs", "no such module\n")
    assert "web-1 ended with exit code 2 while it started:\n    no such module" in up_fails(stack)


def test_who_ends_before_it_is_ready_is_told(docks: Docks) -> None:
    stack = docks.stack()
    docks.has(stack)
    docks.docker.says("logs", "out of memory\n")
    (stack.run.logs / "docker-events.jsonl").write_text(died("api", 2, 2e9, code=137))
    assert "api-2 ended with exit code 137 while it started:\n    out of memory" in up_fails(stack)
    assert (stack.run.logs / "api-2.out").read_text() == "out of memory\n"


# Deaths


def test_who_dies_by_itself_is_told_once(docks: Docks, stack: ComposeStack) -> None:
    stops(docks, stack)
    with (stack.run.logs / "docker-events.jsonl").open("a") as events:
        events.write(died("api", 1, 2e9, code=139))
    for _ in range(2):
        assert [(each.name, each.returncode) for each in stack.unplanned_exits()] == [("api-1", 139)]
    assert [data["name"] for kind, data in docks.told if kind == "unplanned-exit"] == ["api-1"]
    assert [event["kind"] for event in stack.run.record["events"]] == ["unplanned-exit"]
    first, *others = stack.drain()
    assert (first.instance, {record.instance for record in others}) == ("web-1", {"api-2", "api-3"})


def test_when_nobody_watches_deaths_it_says_so(stack: ComposeStack) -> None:
    assert stack.unable == {}
    end_events(stack)
    assert set(stack.unable) == {"restarts.unplanned"}
