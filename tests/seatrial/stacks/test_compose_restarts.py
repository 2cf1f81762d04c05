"""What a stack of containers does while it stands: restarts, stops and hooks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from compose_scene import (
    ADDRESSES,
    Docks,
    compose_words,
    discovered,
    document,
    scraped,
    standing,
    stops,
)
from sham_docker import died

from seatrial.errors import HookError, StackError, UsageError
from seatrial.stacks import compose as module
from seatrial.stacks import draining, started
from seatrial.stacks.boxes import Box
from seatrial.stacks.compose import SETTLE_SECONDS, ComposeStack
from seatrial.stacks.restarting import Restarted
from seatrial.stacks.turns import Turns, to_the_end

# Restarts and stops


def test_a_replica_is_restarted_and_found_at_its_next_address(docks: Docks, stack: ComposeStack) -> None:
    stops(docks, stack)
    first = stack._seats[2].child
    stack.restart("api", 2)
    box = stack._seats[2]
    assert (box.instance, box.address, box.ready, box.listed) == ("api-2", "172.18.9.2", True, True)
    assert (box.child is first, box.child.asked_to_stop) == (False, False)
    assert discovered(stack)["api-2"] == "172.18.9.2:8000"
    assert "172.18.9.2:8100" in scraped(stack, "api")
    assert document(stack)["services"][2]["url"] == "http://172.18.9.2:8000"
    (event,) = stack.run.record["events"]
    assert (event["kind"], event["instance"], event["stop"]["code"]) == ("restart", "api-2", 0)
    assert (event["stop"]["killed"], event["emptied"]) == (False, False)
    (left,) = (stack.run.metrics / "left").iterdir()
    assert left.read_text() == "# of http://172.18.0.4:8100/metrics\n"
    assert [call[-1] for call in docks.docker.asked("stop")] == [first.key]


def test_a_planned_end_that_is_heard_of_late_is_none_of_the_unplanned(docks: Docks, stack: ComposeStack) -> None:
    stops(docks, stack)
    stack.restart("api", 2)
    with (stack.run.logs / "docker-events.jsonl").open("a") as events:
        events.write(died("api", 2, stack._seats[2].started - 0.2, code=0))
    assert stack.unplanned_exits() == []


def test_the_load_is_told_of_a_door_that_has_siblings_only(docks: Docks, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, set[str]]] = []
    monkeypatch.setattr(draining, "REST_SECONDS", 0.0)
    monkeypatch.setitem(ADDRESSES, ("web", 2), "172.18.0.7")
    with standing(docks) as stack:
        stops(docks, stack)
        monkeypatch.setattr(stack, "keep_counts", lambda box: seen.append((box.instance, {*discovered(stack)})))
        stack.restart("web", 1)
        stack.restart("api", 1)
        everybody = {"web-1", "web-2", "api-1", "api-2", "api-3"}
        assert seen == [("web-1", everybody - {"web-1"}), ("api-1", everybody)]
        assert {*discovered(stack)} == everybody


def test_a_lonely_door_is_found_at_its_next_address_too(docks: Docks, stack: ComposeStack) -> None:
    stops(docks, stack)
    stack.restart("web")
    assert discovered(stack)["web-1"] == "172.18.9.1:8000"
    assert stack.entry_url() == "http://172.18.9.1:8000"


def test_who_had_died_is_started_again(docks: Docks, stack: ComposeStack) -> None:
    stops(docks, stack)
    with (stack.run.logs / "docker-events.jsonl").open("a") as events:
        events.write(died("api", 1, 1795703600.0))
    stack.restart("api", 1)
    assert (stack._seats[1].lost, stack._seats[1].ready, docks.docker.asked("stop")) == (False, True, [])
    assert [event["kind"] for event in stack.run.record["events"]] == ["unplanned-exit", "restart"]
    assert stack.run.record["events"][1]["stop"] is None


def test_who_does_not_stay_up_is_told(docks: Docks, stack: ComposeStack) -> None:
    stops(docks, stack, code=5)
    docks.docker.says("start")
    docks.docker.says("logs", "bad luck\n")
    with pytest.raises(StackError, match=r"api-1 ended with exit code 5 while it started:\n    bad luck"):
        stack.restart("api", 1)


@pytest.mark.parametrize("service, replica", [("nobody", None), ("api", 4), ("web", 0)])
def test_only_what_is_there_can_be_restarted(stack: ComposeStack, service: str, replica: int | None) -> None:
    with pytest.raises(UsageError, match="Running are: web-1, api-1, api-2, api-3"):
        stack.restart(service, replica)


@dataclass
class Clock:
    now: float = 100.0

    def monotonic(self) -> float:
        return self.now

    def pass_by(self, _seconds: float) -> None:
        self.now += 0.1


def noting(clock: Clock, noted: list[tuple[str, float]]) -> Callable[..., Turns[Restarted]]:
    def restarted(_site: object, box: Box, *, alone: bool) -> Turns[Restarted]:
        assert alone
        noted.append((f"{box.instance} begins", clock.now))
        yield
        noted.append((f"{box.instance} ends", clock.now))
        return Restarted(0.1, 0.1, None, emptied=False)

    return restarted


def test_callers_have_time_to_come_back_between_two_restarts(
    stack: ComposeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, noted = Clock(), list[tuple[str, float]]()
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(started, "restarted", noting(clock, noted))
    to_the_end(stack.restarting("api"), clock.pass_by)
    assert [name for name, _ in noted] == [f"api-{n} {what}" for n in (1, 2, 3) for what in ("begins", "ends")]
    times = [at for _, at in noted]
    pauses = [begins - ends for ends, begins in zip(times[1:-1:2], times[2::2], strict=True)]
    assert [SETTLE_SECONDS <= pause < SETTLE_SECONDS + 0.25 for pause in pauses] == [True, True]
    assert times[0] == 100.0
    assert clock.now == pytest.approx(times[-1])


def test_callers_are_stopped_before_those_they_call(docks: Docks, stack: ComposeStack) -> None:
    stops(docks, stack, code=143)
    records = stack.drain()
    first, *others = [record.instance for record in records]
    assert (first, sorted(others)) == ("web-1", ["api-1", "api-2", "api-3"])
    assert {(record.code, record.killed) for record in records} == {(143, False)}
    assert [event["kind"] for event in stack.run.record["events"]] == ["stop"] * 4
    assert document(stack)["state"] == "draining"
    assert stack.unplanned_exits() == []


# Hooks


def hook(stack: ComposeStack, **changes: Any) -> dict[str, Any]:
    return stack.call_hook("populate", ["python", "-m", "fill"], seed=7, **changes)


def answering(docks: Docks, script: str) -> None:
    docks.docker.does("compose", f'case $* in *" run "*) {script};; esac')


def test_a_hook_runs_in_a_container_and_is_told_its_paths(docks: Docks, stack: ComposeStack) -> None:
    answering(docks, 'cat >"$here/document"; echo \'{"made": 3}\'')
    samples = stack.run.samples / "a"
    assert hook(stack, samples=samples) == {"made": 3}
    name = f"{stack._containers.name}-hook-populate-1"
    run = ["run", "--rm", "--no-deps", "--no-TTY", "--name", name, "hooks", "python", "-m", "fill"]
    assert compose_words(docks)[-1] == run
    told = json.loads((docks.docker.folder / "document").read_text())
    assert (told["run_dir"], told["samples"], told["random_seed"]) == ("/in/run", "/in/run/samples/a", 7)
    assert told["services"][0]["log_file"] == "/in/run/logs/host-web-1.jsonl"
    assert told["services"][0]["url"] == "http://172.18.0.2:8000"
    assert told["stores"] == {"api": "sqlite:////in/stores/api.db?a=b"}
    assert docks.docker.asked("rm") == []


def test_each_hook_has_a_container_of_its_own(docks: Docks, stack: ComposeStack) -> None:
    answering(docks, "echo '{}'")
    for _ in range(2):
        hook(stack)
    names = [call[call.index("--name") + 1] for call in compose_words(docks) if "run" in call]
    assert [name.rpartition("-")[2] for name in names] == ["1", "2"]


@pytest.mark.parametrize("removal", [0, 1], ids=["removed", "cannot be removed"])
@pytest.mark.parametrize(
    "script, seconds, words",
    [
        ("exec sleep 60", 0.2, "gave no answer within"),
        ("exit 4", 60.0, "ended with exit code 4"),
        ("echo x", 60.0, "which is no JSON"),
    ],
)
def test_the_container_of_a_hook_that_fails_is_removed(
    docks: Docks, stack: ComposeStack, script: str, seconds: float, words: str, removal: int
) -> None:
    answering(docks, script)
    docks.docker.says("rm", errors="the daemon is busy", code=removal)
    with pytest.raises(HookError, match=words):
        hook(stack, timeout=seconds)
    assert docks.docker.asked("rm") == [["rm", "--force", f"{stack._containers.name}-hook-populate-1"]]


@pytest.mark.parametrize("absent", ["hooks", "run"])
def test_a_hook_without_a_container_is_told_what_is_missing(docks: Docks, absent: str) -> None:
    stack = docks.stack(**{absent: None})
    with pytest.raises(HookError, match=r"Add compose\.hooks and compose\.run\."):
        hook(stack)
