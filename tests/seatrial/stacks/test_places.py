from pathlib import Path
from typing import Any

import pytest

from seatrial.project.fleet import Fleet
from seatrial.stacks.places import Place, Telling, first_urls, take_places, traffic_targets
from seatrial.stacks.ports import PortLocks

FLEET = Fleet.model_validate(
    {
        "name": "demo",
        "entry": "front",
        "environment": {
            "PORT": "{port}",
            "ADMIN": "{admin_port}",
            "NAME": "{instance}",
            "STORE": "{store}",
            "FAULTS": "{faults}",
            "WHO": "all",
        },
        "services": {
            "front": {"command": ["run"], "port": 29001, "admin_port": 29101},
            "back": {
                "command": ["run"],
                "port": 29002,
                "admin_port": 29102,
                "replicas": 2,
                "store": "sqlite",
                "environment": {"WHO": "{service} at {admin_port}, log {log_file}"},
            },
        },
    }
)


@pytest.fixture
def ports(tmp_path: Path) -> Any:
    locks = PortLocks(tmp_path, "run")
    yield locks
    locks.release()


def places() -> list[Place]:
    return [Place("front", 1, 1001, 1101), Place("back", 1, 1002, 1102), Place("back", 2, 1003, 1103)]


def test_each_replica_has_a_place_with_ports_of_its_own(ports: PortLocks) -> None:
    found = take_places(FLEET, {}, ports, preferred=False)
    assert [place.instance for place in found] == ["front-1", "back-1", "back-2"]
    assert len({port for place in found for port in (place.port, place.admin_port)}) == 6


def test_numbers_of_replicas_can_be_overridden(ports: PortLocks) -> None:
    found = take_places(FLEET, {"front": 2, "back": 1}, ports, preferred=False)
    assert [place.instance for place in found] == ["front-1", "front-2", "back-1"]


def test_first_replicas_get_the_documented_ports_on_request(ports: PortLocks) -> None:
    ports.lock(29002)
    found = take_places(FLEET, {}, ports, preferred=True)
    assert [found[0].port, found[0].admin_port, found[1].admin_port] == [29001, 29101, 29102]
    assert found[1].port != 29002


def test_clients_discover_traffic_addresses() -> None:
    assert traffic_targets(places())[2] == {
        "targets": ["127.0.0.1:1003"],
        "labels": {"job": "back", "instance": "back-2"},
    }


def telling(fleet: Fleet = FLEET, *, faults: bool = False) -> Telling:
    return Telling(fleet, Path("/p"), Path("/runs/r"), first_urls(places()), faults)


def test_braces_are_filled_and_the_services_own_come_last() -> None:
    assert telling(faults=True).environment(places()[2]) == {
        "PORT": "1003",
        "ADMIN": "1103",
        "NAME": "back-2",
        "STORE": "sqlite:////runs/r/stores/back.db",
        "FAULTS": "1",
        "WHO": "back at 1103, log /runs/r/logs/back-2.jsonl",
    }


def test_a_service_without_store_is_given_none() -> None:
    variables = telling().environment(places()[0])
    assert (variables["STORE"], variables["FAULTS"], variables["WHO"]) == ("", "0", "all")
