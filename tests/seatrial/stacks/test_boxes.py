"""Replicas keep their names while containers come and go, and each that died by itself is told once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sham_docker import PROJECT, container, died, key_of

from seatrial.errors import StackError
from seatrial.project.compose import Compose
from seatrial.project.fleet import Fleet
from seatrial.stacks.boxes import Box, Deaths, boxes_of
from seatrial.stacks.docker import Container, ContainerChild, _read
from seatrial.stacks.protocol import UnplannedExit
from seatrial.stacks.seats import traffic_targets

FLEET = Fleet.model_validate(
    {"name": "f", "entry": "web", "services": {name: {"command": ["x"]} for name in ("web", "orders")}}
)
START = "2026-11-26T14:30:58.468996123Z"
STARTED = 1795703458.468996


def compose(**changes: Any) -> Compose:
    return Compose.model_validate({"files": ["c.yml"], "network": "fleet", "port": 8000, "admin_port": 8100} | changes)


def seen(service: str, number: int = 1, **facts: Any) -> Container:
    return _read(container(service, number, **facts), PROJECT)


def child_of(instance: str, found: Container) -> ContainerChild:
    return ContainerChild(instance, found.key, PROJECT, {})


def boxes(*found: Container, **changes: Any) -> list[Box]:
    return boxes_of(FLEET, compose(**changes), found, child_of)


def two() -> list[Box]:
    return boxes(seen("orders", address="172.18.0.5"), seen("web", address="172.18.0.6"))


def test_replicas_are_in_the_fleets_order_by_number() -> None:
    found = boxes(seen("orders", 1), seen("orders", 2), seen("web", 1))
    assert [each.instance for each in found] == ["web-1", "orders-1", "orders-2"]
    assert [each.child.name for each in found] == ["web-1", "orders-1", "orders-2"]
    assert [each.child.key for each in found] == [key_of("web", 1), key_of("orders", 1), key_of("orders", 2)]


def test_a_replica_is_where_its_container_is() -> None:
    box = two()[1]
    assert (box.url, box.admin_url) == ("http://172.18.0.5:8000", "http://172.18.0.5:8100")
    assert (box.hostname, box.pid, box.started) == ("host-orders-1", 4101, pytest.approx(STARTED, abs=1e-6))
    assert (box.ready, box.lost, box.listed) == (False, False, True)


def test_without_an_admin_port_the_one_port_is_for_all() -> None:
    assert boxes(seen("web"), seen("orders"), admin_port=None)[0].admin_url == "http://172.18.0.5:8000"


def test_it_keeps_its_name_at_another_address() -> None:
    box = two()[1]
    box.found(seen("orders", address="172.18.0.9", started="2026-11-26T14:31:00Z"), "fleet")
    assert (box.instance, box.url, box.admin_url) == ("orders-1", "http://172.18.0.9:8000", "http://172.18.0.9:8100")
    assert box.started == 1795703460.0


def test_what_is_no_replica_is_left_out() -> None:
    once = seen("web", 7, labels={"com.docker.compose.service": "web", "com.docker.compose.oneoff": "True"})
    found = boxes(seen("database"), once, seen("web"), seen("orders"))
    assert [each.instance for each in found] == ["web-1", "orders-1"]


@pytest.mark.parametrize(
    "found, missing", [((seen("web"),), "orders"), ((seen("database"),), "web, orders"), ((), "web, orders")]
)
def test_services_without_a_container_are_named(found: tuple[Container, ...], missing: str) -> None:
    with pytest.raises(StackError, match=rf"^no container of {missing}: the compose file has no service of that name"):
        boxes(*found)


def test_a_network_without_its_address_is_named() -> None:
    with pytest.raises(StackError, match=rf"^{PROJECT}-orders-1 has no address in the network door\. Correct compose"):
        boxes(seen("orders"), seen("web", networks={f"{PROJECT}_door": "172.19.0.2"}), network="door")


def test_the_load_is_told_of_who_is_listed() -> None:
    found = two()
    found[0].listed = False
    assert traffic_targets(found) == [
        {"targets": ["172.18.0.5:8000"], "labels": {"job": "orders", "instance": "orders-1"}}
    ]


# Deaths


@dataclass
class Scene:
    file: Path
    boxes: list[Box] = field(default_factory=two)
    told: list[UnplannedExit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.deaths = Deaths(self.file, self.told.append)

    @property
    def box(self) -> Box:
        return self.boxes[1]

    def look(self, *lines: str) -> list[UnplannedExit]:
        with self.file.open("a") as file:
            file.writelines(lines)
        self.deaths.look(self.boxes)
        return self.told


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "docker-events.jsonl")


def test_before_anything_is_written_nobody_has_died(scene: Scene) -> None:
    scene.deaths.look(scene.boxes)
    assert scene.deaths.exits == []


def test_who_died_by_itself_is_told_once_with_its_code(scene: Scene) -> None:
    scene.box.ready = True
    for _ in range(2):
        scene.look(died("orders", 1, STARTED + 2.5, code=137))
    (found,) = scene.told
    assert (found.name, found.pid, found.returncode) == ("orders-1", 4101, 137)
    assert found.at == pytest.approx(STARTED + 2.5, abs=1e-3)
    assert scene.deaths.exits == scene.told
    assert (scene.box.lost, scene.box.ready, scene.box.child.returncode) == (True, False, 137)
    assert not scene.boxes[0].lost


def test_the_rest_of_a_line_is_waited_for(scene: Scene) -> None:
    line = died("orders", 1, STARTED + 1)
    assert scene.look(line[:40]) == []
    assert scene.look(line[40:-1]) == []
    assert [each.name for each in scene.look("\n", died("web", 1, STARTED + 2)[:7])] == ["orders-1"]
    assert [each.name for each in scene.look(died("web", 1, STARTED + 2)[7:])] == ["orders-1", "web-1"]


def test_who_was_asked_to_stop_did_not_die(scene: Scene) -> None:
    scene.box.child.asked_to_stop = True
    assert scene.look(died("orders", 1, STARTED + 1, code=0)) == []
    assert not scene.box.lost


def test_a_planned_end_that_is_heard_of_after_the_next_start_is_no_death(scene: Scene) -> None:
    scene.box.found(seen("orders", address="172.18.0.9", started="2026-11-26T14:31:00.5Z"), "fleet")
    assert scene.look(died("orders", 1, STARTED + 1, code=0)) == []
    assert [each.returncode for each in scene.look(died("orders", 1, STARTED + 3, code=1))] == [1]


def test_who_was_started_again_can_die_again(scene: Scene) -> None:
    scene.look(died("orders", 1, STARTED + 1))
    scene.box.lost = False
    scene.box.child = child_of("orders-1", seen("orders"))
    scene.box.found(seen("orders", started="2026-11-26T14:31:00Z"), "fleet")
    assert len(scene.look(died("orders", 1, STARTED + 5))) == 2


def test_strangers_may_die(scene: Scene) -> None:
    assert scene.look(died("migrate", 1, STARTED + 1, code=0)) == []


def test_an_end_without_a_code_is_told_all_the_same(scene: Scene) -> None:
    event = json.loads(died("orders", 1, STARTED + 1))
    del event["Actor"]["Attributes"]["exitCode"]
    assert [each.returncode for each in scene.look(json.dumps(event) + "\n")] == [-1]
