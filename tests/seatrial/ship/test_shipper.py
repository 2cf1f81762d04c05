"""The order of reading, sending and saving, against a server that is made up: the real one is in e2e."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from seatrial.errors import StackError
from seatrial.project.telemetry import LogRoles
from seatrial.ship.bulk import Answer
from seatrial.ship.following import Follower, Source
from seatrial.ship.gauges import Gauges
from seatrial.ship.letters import LetterBox, read_letters
from seatrial.ship.lines import Document, Sorter, refused
from seatrial.ship.names import IndexNames
from seatrial.ship.positions import load_positions
from seatrial.ship.shipper import Shipper

ROLES = {"web": LogRoles(timestamp="@timestamp", event_id="event.id")}


class Server:
    """Keeps documents by index and id; takes nothing for the first `busy` requests, and refuses `bad` ids."""

    def __init__(self, *, busy: int = 0, bad: Sequence[str] = ()) -> None:
        self.busy, self.bad = busy, bad
        self.documents: dict[tuple[str, str], bytes] = {}
        self.order: list[str] = []

    def send(self, documents: Sequence[Document]) -> Answer:
        answer = Answer()
        if self.busy:
            self.busy -= 1
            return Answer(again=list(documents), reason="status 429: full")
        for document in documents:
            key = (document.index, document.id)
            if document.id in self.bad:
                answer.letters.append(refused(document, "wrong type"))
            elif key in self.documents:
                answer.duplicates += 1
            else:
                self.documents[key] = document.body
                self.order.append(document.id)
                answer.created += 1
        return answer

    def ids(self) -> list[str]:
        return [id_ for index, id_ in self.documents if "dead" not in index]


class Bench:
    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        self.log = folder / "web-1.jsonl"
        self.said: list[str] = []
        self.shipper = self.start()

    def start(self) -> Shipper:
        names, positions = IndexNames.of("shop"), self.folder / "positions.json"
        follower = Follower([Source("web", "web-1", self.log)], load_positions(positions))
        box = LetterBox(self.folder / "dead-letters.jsonl", names.letters)
        made = Shipper(follower, Sorter(names, ROLES), self.server, box, positions, self.said.append)
        made._wait = 0.001
        self.shipper = made
        return made

    def write(self, *ids: str) -> None:
        with self.log.open("a") as file:
            for each in ids:
                file.write(json.dumps({"@timestamp": "2026-11-26T00:00:00Z", "event.id": each}) + "\n")

    def turns(self) -> None:
        while self.shipper.turn():
            pass


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Server())


def value(gauges: Gauges, name: str) -> float:
    found = gauges.registry.get_sample_value(f"seatrial_ship_{name}")
    assert found is not None
    return found


def test_each_line_is_a_document(bench: Bench) -> None:
    bench.write("a", "b")
    bench.turns()
    assert bench.server.ids() == ["a", "b"]
    assert value(bench.shipper.gauges, "lines_acknowledged_total") == 2
    assert value(bench.shipper.gauges, "queue_bytes") == 0


def test_killed_before_it_saved_it_sends_again_and_nothing_doubles(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write("a", "b")
    monkeypatch.setattr("seatrial.ship.shipper.save_positions", lambda *_: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        bench.shipper.turn()
    monkeypatch.undo()
    assert load_positions(bench.folder / "positions.json") == []
    bench.start()
    bench.write("c")
    bench.turns()
    assert bench.server.ids() == ["a", "b", "c"]
    assert value(bench.shipper.gauges, "lines_duplicate_total") == 2


def test_what_is_put_off_is_sent_again_before_anything_later(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Server(busy=3))
    bench.write("a", "b")
    bench.turns()
    bench.write("c")
    bench.turns()
    assert bench.server.order == ["a", "b", "c"]
    assert bench.said == ["put off: status 429: full", "goes on"]
    assert value(bench.shipper.gauges, "lines_sent_again_total") == 6
    assert value(bench.shipper.gauges, "blocked") == 0


def test_a_stop_while_nothing_is_taken_saves_no_position(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Server(busy=1_000_000))
    bench.write("a")
    bench.shipper.stop.set()
    assert bench.shipper.turn() is False
    assert load_positions(tmp_path / "positions.json") == []
    assert value(bench.shipper.gauges, "blocked") == 1


def test_a_refused_line_is_a_letter_in_file_and_index_and_the_others_arrive(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Server(bad=["b"]))
    bench.write("a", "b", "c")
    with bench.log.open("a") as file:
        file.write("rubbish\n")
    bench.turns()
    assert bench.server.ids() == ["a", "c"]
    letters = list(read_letters(tmp_path / "dead-letters.jsonl"))
    assert [(each["event.id"], each["error.message"].split(":")[0]) for each in letters] == [
        (None, "no JSON"),
        ("b", "wrong type"),
    ]
    assert len([index for index, _ in bench.server.documents if index == "seatrial-shop-dead-letters"]) == 2


def test_a_letter_that_is_met_again_is_one_letter(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Server(bad=["a"]))
    bench.write("a")
    bench.turns()
    (tmp_path / "positions.json").unlink()
    bench.start()
    bench.turns()
    assert len(list(read_letters(tmp_path / "dead-letters.jsonl"))) == 1


def test_letters_after_one_that_was_cut_off_are_read(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Server(bad=["a", "b"]))
    bench.write("a")
    bench.turns()
    file = tmp_path / "dead-letters.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    bench.write("b")
    bench.turns()
    assert [each["event.id"] for each in read_letters(file)] == ["b"]


def test_a_full_disk_acknowledges_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write("a")

    def full(*_: object) -> None:
        bench.shipper.stop.set()
        raise OSError(28, "No space left on device", str(bench.folder / "positions.json"))

    monkeypatch.setattr("seatrial.ship.shipper.save_positions", full)
    bench.shipper.run()
    assert bench.said == [f"put off: No space left on device: {bench.folder / 'positions.json'}"]
    monkeypatch.undo()
    bench.start()
    bench.turns()
    assert bench.server.ids() == ["a"]


def test_damaged_positions_are_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "positions.json").write_text('{"files": [{')
    with pytest.raises(StackError, match=r"is damaged: .* Remove it"):
        load_positions(tmp_path / "positions.json")
