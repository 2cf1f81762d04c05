import json
from collections.abc import Sequence
from pathlib import Path

from seatrial.backends.errors import BackendError
from seatrial.checks.pipeline import Probe
from seatrial.lagging import MOST_OPEN, LagWatch, load_probes, save_probes
from seatrial.project.telemetry import LogRoles
from seatrial.ship.following import Source

ROLES = {"web": LogRoles(timestamp="at", event_id="id")}


class Index:
    """Finds what was put into it."""

    def __init__(self) -> None:
        self.there: set[str] = set()
        self.down = False

    def present(self, ids: Sequence[str], field: str) -> set[str]:
        assert field == "id"
        if self.down:
            raise BackendError("gone")
        return self.there & set(ids)


class Bench:
    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.log, self.index = folder / "web-1.jsonl", Index()
        self.log.touch()
        self.watch = LagWatch(self.index, [Source("web", "web-1", self.log)], ROLES, clock=lambda: self.now)
        self.watch.start()
        self.watch._ended.set()

    def write(self, *ids: str, at: str = "1970-01-01T00:16:40Z") -> None:
        with self.log.open("a") as file:
            file.writelines(json.dumps({"at": at, "id": each}) + "\n" for each in ids)

    def look(self, now: float) -> None:
        self.now = now
        self.watch.look()

    def probes(self) -> list[Probe]:
        return self.watch.stop(patience=0)


def test_a_line_is_asked_for_until_it_is_found(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.write("a", at="1970-01-01T00:16:40.200Z")
    bench.look(1000.25)
    bench.look(1000.5)
    bench.index.there.add("a")
    bench.look(1000.75)
    assert bench.probes() == [Probe("web", 1000.2, 1000.75)]


def test_a_line_that_is_never_found_is_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.write("a")
    bench.look(1000.25)
    bench.now = 1030.0
    assert bench.probes() == [Probe("web", 1000.0, None, 1030.0)]


def test_what_was_there_before_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "web-1.jsonl").write_text('{"id": "old"}\n')
    bench = Bench(tmp_path)
    bench.look(1000.25)
    assert bench.probes() == []


def test_a_clock_that_is_wrong_makes_no_lag(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.write("a", at="1970-01-01T02:00:00Z")
    bench.index.there.add("a")
    bench.look(1000.25)
    assert bench.probes() == [Probe("web", 1000.0, 1000.25)]


def test_of_many_lines_the_first_and_the_last_are_asked_for(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.write(*"abcde")
    bench.index.there = set("abcde")
    bench.look(1000.25)
    assert len(bench.probes()) == 2


def test_a_server_that_is_away_is_asked_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.write("a")
    bench.index.down = True
    bench.look(1000.25)
    assert bench.watch.obstacle == "gone"
    bench.index.down, bench.index.there = False, {"a"}
    bench.look(1030.0)
    assert (bench.watch.obstacle, [probe.found for probe in bench.probes()]) == ("", [1030.0])


def test_no_more_is_taken_than_can_be_asked_for(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for number in range(MOST_OPEN):
        bench.write(str(number))
        bench.look(1000.0 + number)
    bench.write("more")
    bench.look(9000.0)
    assert len(bench.probes()) == MOST_OPEN


def test_probes_survive_the_file(tmp_path: Path) -> None:
    probes = [Probe("web", 1.5, 2.5), Probe("web", 2.0, None, 9.0)]
    save_probes(tmp_path / "lag.json", probes)
    assert load_probes(tmp_path / "lag.json") == probes
    assert load_probes(tmp_path / "none.json") == []
