import json
from pathlib import Path

import pytest

from seatrial.load.profile import Profile
from seatrial.load.progress import Follower, Sketch

PROFILE = Profile.model_validate(
    {"stages": [{"name": "up", "rate": 1, "seconds": 2}, {"name": "on", "rate": 1, "seconds": 3}]}
)
REQUESTS = "intended_start,start,duration,outcome\n"
JOURNEYS = "scheduled,started\n"


def append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as grown:
        grown.write(text)


def account(folder: Path, name: str, **figures: float) -> None:
    told = {"started_at": 10, "wall_seconds": 2.5, "planned": 4, "started": 3, "shed": 1, "in_flight": 2, **figures}
    (folder / f"generator-{name}.json").write_text(json.dumps(told), encoding="utf-8")


def test_before_anything_is_written_there_is_nothing(tmp_path: Path) -> None:
    seen = Follower(tmp_path, PROFILE).look()
    assert (seen.elapsed, seen.stage, seen.requests, seen.p95, seen.lag_p99) == (0.0, "up", 0, None, None)


def test_each_look_adds_what_is_new_in_all_files(tmp_path: Path) -> None:
    follower = Follower(tmp_path, PROFILE)
    append(tmp_path / "requests-1.csv", REQUESTS + "10,10,0.1,ok\n")
    append(tmp_path / "requests-2.csv", REQUESTS + "10,10,0.1,wrong\n")
    assert (follower.look().requests, follower.look().failures) == (2, 1)
    append(tmp_path / "requests-2.csv", "10,11,0.1,timeout\n")
    seen = follower.look()
    assert (seen.requests, seen.failures, seen.p95) == (3, 2, 1.1)


def test_a_row_that_is_being_written_waits(tmp_path: Path) -> None:
    follower = Follower(tmp_path, PROFILE)
    append(tmp_path / "requests-1.csv", REQUESTS[:10])
    assert follower.look().requests == 0
    append(tmp_path / "requests-1.csv", REQUESTS[10:] + "10,10,0.")
    assert follower.look().requests == 0
    append(tmp_path / "requests-1.csv", "5,ok\n")
    assert (follower.look().requests, follower.look().p95) == (1, 0.5)


def test_lag_is_of_journeys_that_began(tmp_path: Path) -> None:
    append(tmp_path / "journeys-1.csv", JOURNEYS + "10,10.02\n11,\n")
    assert Follower(tmp_path, PROFILE).look().lag_p99 == pytest.approx(0.02)


def test_accounts_are_summed_over_processes(tmp_path: Path) -> None:
    account(tmp_path, "1")
    account(tmp_path, "2", wall_seconds=2.75)
    seen = Follower(tmp_path, PROFILE).look()
    assert (seen.journeys_started, seen.shed, seen.in_flight, seen.elapsed, seen.stage) == (6, 2, 4, 2.75, "on")


@pytest.mark.parametrize("wall, stage, elapsed", [(1.9, "up", 1.9), (4.9, "on", 4.9), (5.3, "drain", 5.0)])
def test_the_stage_follows_the_time(wall: float, stage: str, elapsed: float, tmp_path: Path) -> None:
    account(tmp_path, "1", wall_seconds=wall)
    seen = Follower(tmp_path, PROFILE).look()
    assert (seen.stage, seen.elapsed) == (stage, elapsed)


def test_an_account_that_cannot_be_read_now_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "generator-1.json").write_text("{", encoding="utf-8")
    assert Follower(tmp_path, PROFILE).look().journeys_started == 0


@pytest.mark.parametrize("share, value", [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)])
def test_a_sketch_gives_nearest_rank_percentiles(share: float, value: float) -> None:
    sketch = Sketch()
    for each in range(1, 101):
        sketch.add(float(each))
    assert sketch.percentile(share) == value


def test_a_sketch_is_bounded_by_rounding() -> None:
    sketch = Sketch()
    for each in range(10_000):
        sketch.add(1 + each / 10_000)
    assert len(sketch._counts) <= 101


def test_the_course_is_told_second_by_second(tmp_path: Path) -> None:
    follower = Follower(tmp_path, PROFILE)
    account(tmp_path, "1", wall_seconds=1.0)
    append(tmp_path / "requests-1.csv", REQUESTS + "10,10,0.1,ok\n10,10.5,0.2,wrong\n11,11,0.1,ok\n")
    append(tmp_path / "journeys-1.csv", "scheduled,started,finished\n10,10,10.1\n11,,\n")
    (first,) = follower.look().course
    assert (first.requests, first.failures, first.ended, first.arrived) == (2, 1, 1, 4.0)
    assert follower.look().course == ()
    account(tmp_path, "1", wall_seconds=2.1, planned=5)
    (second,) = follower.look().course
    assert (second.second, second.requests, second.p95) == (1, 1, pytest.approx(0.1))


def test_what_is_offered_follows_the_profile(tmp_path: Path) -> None:
    rising = Profile.model_validate({"stages": [{"name": "up", "rate": 4, "seconds": 2, "ramp": True}]})
    for wall, offered in ((0.5, 2), (1.5, 4), (2.5, 0)):
        account(tmp_path, "1", wall_seconds=wall)
        assert Follower(tmp_path, rising).look().offered == offered
