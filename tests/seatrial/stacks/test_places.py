from pathlib import Path
from typing import Any

import pytest

from seatrial.errors import StackError
from seatrial.project.fleet import Fleet
from seatrial.stacks.places import Place, Telling, first_urls, take_places
from seatrial.stacks.ports import PortLocks
from seatrial.stacks.seats import traffic_targets

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
            "front": {"command": ["run"], "port": 31001, "admin_port": 31101},
            "back": {
                "command": ["run"],
                "port": 31002,
                "admin_port": 31102,
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
    ports.lock(31002)
    found = take_places(FLEET, {}, ports, preferred=True)
    assert [found[0].port, found[0].admin_port, found[1].admin_port] == [31001, 31101, 31102]
    assert found[1].port != 31002


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


LOOSE = Fleet.model_validate(
    {
        "name": "demo",
        "entry": "front",
        "services": {
            "front": {
                "command": ["serve", "--bind", "{host}:{port}", "--back={urls[back]}"],
                "log": "stdout",
            },
            "back": {"command": ["serve"], "port": 29003, "log": "logs/{instance}.jsonl"},
        },
    }
)


def test_one_port_serves_both_where_there_is_no_admin_port(ports: PortLocks) -> None:
    found = take_places(LOOSE, {}, ports, preferred=False)
    assert [place.port for place in found] == [place.admin_port for place in found]
    assert found[0].port != 29003 == found[1].port


def test_a_fixed_port_that_is_taken_is_no_other(ports: PortLocks) -> None:
    ports.lock(29003)
    with pytest.raises(StackError, match=r"back always listens on port 29003.*write {port}"):
        take_places(LOOSE, {}, ports, preferred=False)


def test_a_command_is_told_its_port_and_where_others_are() -> None:
    assert telling(LOOSE).command(places()[0]) == ["serve", "--bind", "127.0.0.1:1001", "--back=http://127.0.0.1:1002"]


@pytest.mark.parametrize(
    "fleet, place, file, stream",
    [
        pytest.param(LOOSE, 0, Path("/runs/r/logs/front-1.jsonl"), "stdout", id="a stream's is the run's"),
        pytest.param(LOOSE, 1, Path("/p/logs/back-1.jsonl"), None, id="a file beside seatrial.yml"),
        pytest.param(FLEET, 1, Path("/runs/r/logs/back-1.jsonl"), None, id="the file that it is told"),
        pytest.param(FLEET, 0, None, None, id="none"),
    ],
)
def test_where_log_lines_are(fleet: Fleet, place: int, file: Path | None, stream: str | None) -> None:
    own = telling(fleet)
    assert (own.log_file(places()[place]), own.stream(places()[place])) == (file, stream)
