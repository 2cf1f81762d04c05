import json
from pathlib import Path

import pytest

from seatrial.backends.log_files import files_of, slices_between
from seatrial.backends.log_keys import LogKeys
from seatrial.backends.written import read_written, unshipped, whole_bytes
from seatrial.checks.inputs import RequestKey
from seatrial.checks.pipeline import Refused
from seatrial.piped import Count
from seatrial.project.telemetry import Roles
from seatrial.ship.following import Follower, Position, Source

ROLES = Roles.model_validate(
    {
        "log": {
            "timestamp": "at",
            "event_id": "id",
            "server_request": {"method": "method", "route": "route", "status": "status"},
        }
    }
)
KEYS = {"web": LogKeys.of(ROLES)}
REQUEST = {"method": "GET", "route": "/a", "status": 200}
KEY = RequestKey("GET", "/a", "200")


class Bench:
    def __init__(self, folder: Path) -> None:
        self.log = folder / "web-1.jsonl"
        self.log.touch()
        self.source = Source("web", "web-1", self.log)
        self.positions: list[Position] = []

    def write(self, *ids: str, **fields: object) -> None:
        with self.log.open("a") as file:
            file.writelines(json.dumps({"at": "2026-11-26T00:00:00Z", "id": each, **fields}) + "\n" for each in ids)

    def acknowledge(self) -> None:
        follower = Follower([self.source])
        follower.scan()
        follower.acknowledge(follower.read())
        self.positions = follower.positions()

    def count(self, *, before: tuple[object, ...] = ()) -> Count:
        slices = slices_between("web", before, files_of(self.log))  # type: ignore[arg-type]
        return Count(read_written([self.source], KEYS, self.positions, slices), KEYS)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_each_line_with_its_document_is_well(bench: Bench) -> None:
    bench.write("a", "b", **REQUEST)
    bench.acknowledge()
    count = bench.count()
    for each in ("a", "b"):
        count.add("day", each, REQUEST)
    shipped = count.shipped([])
    assert (shipped.lines, shipped.acknowledged, shipped.documents) == ({"web": 2}, {"web": 2}, 2)
    assert shipped.requests == shipped.written == {"web": {KEY: 2}}
    assert not any((shipped.lost, shipped.unshipped, shipped.doubled, shipped.unknown, shipped.unsound))


def test_a_line_without_a_document_is_lost_when_it_was_acknowledged_and_unshipped_when_not(bench: Bench) -> None:
    bench.write("a")
    bench.acknowledge()
    bench.write("b")
    shipped = bench.count().shipped([])
    assert (shipped.lost, shipped.unshipped) == (["a of web"], ["b of web"])


def test_a_dead_letter_is_neither(bench: Bench) -> None:
    bench.write("a")
    bench.acknowledge()
    shipped = bench.count().shipped([Refused("web", "a", "wrong type")])
    assert (shipped.lost, shipped.unshipped, len(shipped.letters)) == ([], [], 1)


def test_a_document_in_two_indices_and_one_without_a_line(bench: Bench) -> None:
    bench.write("a")
    bench.acknowledge()
    count = bench.count()
    count.add("day-1", "a", {})
    count.add("day-2", "a", {})
    count.add("day-1", "stranger", {})
    shipped = count.shipped([])
    assert shipped.doubled == {"a": ["day-1", "day-2"]}
    assert shipped.unknown == ["stranger in day-1"]
    assert shipped.documents == 3


def test_requests_are_counted_between_the_readings_by_the_documents_own_fields(bench: Bench) -> None:
    bench.write("before", **REQUEST)
    before = files_of(bench.log)
    bench.write("between", **REQUEST)
    bench.acknowledge()
    count = bench.count(before=before)
    count.add("day", "before", REQUEST)
    count.add("day", "between", {**REQUEST, "status": 500})
    shipped = count.shipped([])
    assert shipped.requests == {"web": {RequestKey("GET", "/a", "500"): 1}}
    assert shipped.written == {"web": {KEY: 1}}


def test_lines_without_an_id_are_counted_but_for_those_that_are_letters(bench: Bench) -> None:
    with bench.log.open("a") as file:
        file.write("rubbish\n[]\n\n{}\n")
    assert bench.count().shipped([]).unsound == 3
    assert bench.count().shipped([Refused("web", "", "no JSON", "rubbish")]).unsound == 2


def test_an_id_that_stands_twice_is_one_line(bench: Bench) -> None:
    bench.write("a", "a")
    shipped = bench.count().shipped([])
    assert (shipped.lines, shipped.repeated) == ({"web": 1}, ["a"])


def test_rotated_files_are_read_too(bench: Bench) -> None:
    bench.write("a")
    bench.log.rename(bench.log.with_name("web-1.jsonl.1"))
    bench.write("b")
    assert bench.count().shipped([]).lines == {"web": 2}


def test_what_is_not_shipped_is_whole_lines_beyond_the_positions(bench: Bench) -> None:
    bench.write("a")
    size = bench.log.stat().st_size
    with bench.log.open("a") as file:
        file.write("half")
    assert whole_bytes(bench.log) == size
    assert unshipped([bench.source], []) == size
    bench.acknowledge()
    assert unshipped([bench.source], bench.positions) == 0


def test_another_file_with_the_same_name_is_not_shipped(bench: Bench) -> None:
    bench.write("a")
    bench.acknowledge()
    other = bench.log.with_name("other")
    other.write_bytes(bench.log.read_bytes())
    other.replace(bench.log)
    assert unshipped([bench.source], bench.positions) > 0
