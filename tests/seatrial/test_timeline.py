from __future__ import annotations

from pathlib import Path

from seatrial.backends.prometheus import Prometheus, SeriesPoints
from seatrial.checks.inputs import Track
from seatrial.checks.quantities import Resource
from seatrial.project.telemetry import Bounded, Roles, ServerRequests, Telemetry
from seatrial.timeline import Timeline, load_timeline, read_timeline

ROLES = Roles(
    server_requests=ServerRequests(metric="served", method="method", route="route", status="status"),
    busy=Bounded(metric="threads_busy", limit="threads"),
    cpu_seconds="cpu",
    resident_bytes="rss",
    descriptors=Bounded(metric="files", limit="files_most"),
    store_wait="waited",
)

CONTRACT = Telemetry(roles=ROLES)


class Stored(Prometheus):
    """Answers from a table of series by name."""

    def __init__(self, **series: list[tuple[float, float]]) -> None:
        self.series = series

    def stored(self, selector: str, begin: float, end: float) -> list[SeriesPoints]:
        del begin, end
        points = self.series.get(selector)
        return [SeriesPoints({"job": "a", "instance": "a-1"}, points)] if points else []


def tracks(roles: Roles = ROLES, **series: list[tuple[float, float]]) -> list[Track]:
    return list(read_timeline(Stored(**series), Telemetry(roles=roles), ["a"], 0.0, 9.0).tracks)


def test_busy_threads_are_a_share_of_all() -> None:
    (track,) = tracks(threads_busy=[(1.0, 2.0), (2.0, 4.0)], threads=[(1.0, 8.0)])
    assert track == Track("a", "a-1", Resource.THREADS, ((1.0, 0.25), (2.0, 0.5)), 1.0)


def test_threads_without_a_known_number_are_no_share() -> None:
    assert tracks(threads_busy=[(1.0, 2.0)]) == []


def test_open_files_keep_their_limit() -> None:
    (track,) = tracks(files=[(1.0, 20.0)], files_most=[(1.0, 1024.0)])
    assert (track.points, track.limit) == (((1.0, 20.0),), 1024.0)


def test_counters_become_rates_and_a_restart_leaves_a_gap() -> None:
    (track,) = tracks(cpu=[(1.0, 5.0), (2.0, 5.5), (3.0, 0.1), (5.0, 1.1)])
    assert track.points == ((2.0, 0.5), (5.0, 0.5))


def test_waiting_is_a_histograms_sum_or_a_counter() -> None:
    (histogram,) = tracks(waited_sum=[(1.0, 0.0), (2.0, 0.5)])
    (counter,) = tracks(waited=[(1.0, 0.0), (2.0, 0.5)])
    assert histogram == counter == Track("a", "a-1", Resource.STORE_WAIT, ((2.0, 0.5),))


def test_series_of_one_replica_are_summed() -> None:
    class Twice(Stored):
        def stored(self, selector: str, begin: float, end: float) -> list[SeriesPoints]:
            return super().stored(selector, begin, end) * 2

    (track,) = read_timeline(Twice(rss=[(1.0, 7.0)]), CONTRACT, ["a"], 0.0, 9.0).tracks
    assert track.points == ((1.0, 14.0),)


def test_roles_that_a_fleet_lacks_give_no_track() -> None:
    bare = Roles(server_requests=ROLES.server_requests)
    assert tracks(bare, cpu=[(1.0, 1.0), (2.0, 2.0)]) == []


def test_each_service_is_read_by_its_own_roles() -> None:
    own = Telemetry(roles=ROLES, services={"a": Roles(cpu_seconds=None)})
    found = read_timeline(Stored(cpu=[(1.0, 1.0), (2.0, 2.0)], rss=[(1.0, 7.0)]), own, ["a", "b"], 0.0, 9.0)
    assert [(track.service, track.resource) for track in found.tracks] == [("a", Resource.MEMORY)]


def test_it_is_read_as_it_was_saved(tmp_path: Path) -> None:
    timeline = read_timeline(Stored(rss=[(1.0, 7.0)], up=[(1.0, 1.0), (2.0, 0.0)]), CONTRACT, ["a"], 0.0, 9.0)
    timeline.save(tmp_path / "timeline.json")
    assert load_timeline(tmp_path / "timeline.json") == timeline
    assert timeline.up == {"a-1": ((1.0, 1.0), (2.0, 0.0))}


def test_a_run_without_one_has_an_empty_one(tmp_path: Path) -> None:
    assert load_timeline(tmp_path / "timeline.json") == Timeline()
