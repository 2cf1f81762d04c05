"""Collecting from a run's folder, as a load and a stack leave it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seatrial.checks.finding import Verdict
from seatrial.checks.inputs import RequestKey, Stop
from seatrial.evidence import Evidence, HookAnswer, collect, counts_left, unquiet
from seatrial.happened import planned_stops
from seatrial.judge import judge
from seatrial.load.samples import to_parquet
from seatrial.project.fleet import Admin, Fleet, Service
from seatrial.project.project import Hooks, Project
from seatrial.project.telemetry import Metric, Roles, ServerRequests, Telemetry
from seatrial.readings import Reading, TargetReading
from seatrial.stacks.protocol import UnplannedExit

PROJECT = Project(
    file=Path("/p/seatrial.yml"),
    fleet=Fleet(
        name="f",
        entry="a",
        admin=Admin(metrics="/metrics"),
        services={"a": Service(command=("x",), port=1, admin_port=2)},
    ),
    telemetry=Telemetry(
        metrics={"served": Metric(type="histogram")},
        roles=Roles(
            server_requests=ServerRequests(metric="served", method="method", route="route", status="status"),
            process_start="start",
        ),
    ),
    hooks=Hooks(),
)
PROFILE = {
    "name": "tiny",
    "seed": 7,
    "stages": [{"name": "warm", "rate": 1, "seconds": 2}, {"name": "steady", "rate": 5, "seconds": 10, "judge": True}],
    "limits": {"all": {"p50": 1.0}},
}
REQUESTS = (
    "stage,journey,step,method,route,intended_start,start,duration,status,outcome,bytes,trace_id,span_id,key,ref,error"
)
ROW = "{stage},j,buy,GET,/a,{at},{at},0.01,{status},{outcome},1,t{n},s{n},,,{error}"
ACCOUNT: dict[str, Any] = {
    "pid": 1, "started_at": 1000.0, "planned": 52, "started": 52, "shed": 0, "unfinished": 0, "in_flight_max": 1,
    "in_flight_bound": 9, "cpu_seconds": 1.0, "wall_seconds": 12.0, "drained": True, "journey_errors": [],
    "expected_services": {"buy": ["a"]}, "right_statuses": {"buy": [200]},
}  # fmt: skip


def rows() -> list[str]:
    warm = [ROW.format(stage="warm", at=1000 + n, status=200, outcome="ok", n=n, error="") for n in range(2)]
    steady = [
        ROW.format(stage="steady", at=1002.1 + n / 5, status=200, outcome="ok", n=10 + n, error="") for n in range(50)
    ]
    return [*warm, *steady]


def reading(at: float, count: int) -> Reading:
    body = f'start 1\nserved_count{{method="GET",route="/a",status="200"}} {count}\n'
    return Reading(at, (TargetReading("a", "a-1", 200, body, "", "none.jsonl"),))


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    (tmp_path / "samples").mkdir()
    (tmp_path / "metrics").mkdir()
    (tmp_path / "profile.json").write_text(json.dumps(PROFILE))
    (tmp_path / "samples" / "requests-1.csv").write_text("\n".join([REQUESTS, *rows()]) + "\n")
    journeys = [f"steady,j,{1002 + n / 5},{1002.001 + n / 5},{1002.1 + n / 5},ok" for n in range(50)]
    (tmp_path / "samples" / "journeys-1.csv").write_text(
        "\n".join(["stage,journey,scheduled,started,finished,outcome", *journeys]) + "\n"
    )
    (tmp_path / "samples" / "generator-1.json").write_text(json.dumps(ACCOUNT))
    to_parquet(tmp_path / "samples")
    reading(990.0, 3).save(tmp_path / "metrics" / "before.json")
    reading(1020.0, 55).save(tmp_path / "metrics" / "after.json")
    return tmp_path


def collected(run_dir: Path, project: Project = PROJECT, exits: tuple[UnplannedExit, ...] = ()) -> Evidence:
    return collect(run_dir, project, prometheus=None, invariants=HookAnswer(), exits=exits)


def test_a_whole_run_is_collected_and_passes(run_dir: Path) -> None:
    evidence = collected(run_dir)
    assert evidence.counts["a"].requests == {RequestKey("GET", "/a", "200"): 52}
    assert (evidence.requests, evidence.failures, evidence.offered_rate) == (52, 0, 5.0)
    assert evidence.judged.steps["buy"].window.tolist()[:6] == [0, 0, 0, 0, 0, 1]
    assert judge(evidence).verdict is Verdict.PASS


def test_what_is_expected_of_the_steps_is_collected(run_dir: Path) -> None:
    evidence = collected(run_dir)
    assert (evidence.expected, evidence.right) == ({"buy": ("a",)}, {"buy": {"200"}})
    assert len(evidence.chosen.sampled) == 52
    assert evidence.stops is None


def test_the_seconds_of_judged_load_count_from_its_beginning(run_dir: Path) -> None:
    assert list(collected(run_dir).judged.seconds) == list(range(10))


def test_a_killed_generator_is_a_fault_of_the_load(run_dir: Path) -> None:
    (run_dir / "samples" / "generator-1.json").write_text(json.dumps(ACCOUNT | {"drained": False}))
    evidence = collected(run_dir)
    assert evidence.generator
    assert evidence.generator.faults == ("a load process ended without closing its files",)


def test_arrivals_that_the_profile_never_asked_for_are_a_fault_of_the_load(run_dir: Path) -> None:
    (run_dir / "samples" / "generator-1.json").write_text(json.dumps(ACCOUNT | {"planned": 99, "started": 99}))
    assert judge(collected(run_dir)).verdict is Verdict.INCONCLUSIVE


def test_no_samples_are_evidence_too(run_dir: Path) -> None:
    (run_dir / "samples" / "generator-1.json").unlink()
    evidence = collected(run_dir)
    assert (evidence.generator, list(evidence.rows)) == (None, [])
    assert judge(evidence).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("name", ["before", "after"])
def test_a_missing_reading_leaves_counts_undecided(run_dir: Path, name: str) -> None:
    (run_dir / "metrics" / f"{name}.json").unlink()
    found = {each.name: each.verdict for each in judge(collected(run_dir)).findings}
    assert found["reconcile.client"] is found["restarts.unplanned"] is Verdict.INCONCLUSIVE
    assert found["latency.all.p50"] is Verdict.PASS


def test_a_lost_prometheus_is_an_obstacle(run_dir: Path) -> None:
    folder = run_dir / "prometheus"
    folder.mkdir()
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1s}")
    evidence = collected(run_dir, replace(PROJECT, prometheus=folder))
    found = {each.name: each.verdict for each in judge(evidence).findings}
    assert found["reconcile.prometheus"] is found["scrapes.continuous"] is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "name, told", [("a-1", 1), ("a-1 worker", 1), ("prometheus", 0)], ids=["replica", "its worker", "not the fleet"]
)
def test_exits_of_the_fleet_are_told_in_words(run_dir: Path, name: str, told: int) -> None:
    exits = collected(run_dir, exits=(UnplannedExit(name, 7, -9, 1010.0),)).exits
    assert list(exits) == [f"{name} (pid 7) ended by itself with code -9"] * told


def test_planned_restarts_become_outages(run_dir: Path) -> None:
    event = {"kind": "restart", "instance": "a-1", "at": 1010.0, "seconds": 9.0, "down_seconds": 2.0, "stop": None}
    (run_dir / "run.json").write_text(json.dumps({"events": [event, {"kind": "fault", "at": 1.0}]}))
    (outage,) = collected(run_dir).outages
    assert (outage.instance, outage.begin, outage.end) == ("a-1", 1007.0, 1011.0)


def test_planned_stops_are_of_restarts_and_of_the_drain() -> None:
    stop = {"instance": "a-1", "code": 0, "seconds": 0.5, "killed": False}
    events = [
        {"kind": "restart", "stop": stop},
        {"kind": "restart", "stop": None},
        {"kind": "ready"},
        {"kind": "stop", **stop, "code": -9, "killed": True},
    ]
    assert planned_stops({"events": events}) == [
        Stop("a-1", 0, 0.5, killed=False, planned="restart"),
        Stop("a-1", -9, 0.5, killed=True, planned="drain"),
    ]


def test_counts_that_were_left_are_read_in_their_order(tmp_path: Path) -> None:
    for name, text in (("2.a-1.prom", "n 2\n"), ("1.a-1.prom", "n 1\n"), ("3.a-2.prom", "n 3\n"), ("4.a-2.prom", "<")):
        (tmp_path / name).write_text(text)
    found = {name: [sum(each.values()) for each in samples] for name, samples in counts_left(tmp_path).items()}
    assert found == {"a-1": [1, 2], "a-2": [3]}


@pytest.mark.parametrize(
    "before, after, words",
    [
        (reading(1.0, 1), reading(2.0, 2), ""),
        (None, reading(2.0, 2), "no reading before"),
        (reading(1.0, 1), None, "no reading after"),
        (
            reading(1.0, 1),
            replace(reading(2.0, 2), moved=("a-1: active is 1",)),
            "not quiet after the load: a-1: active",
        ),
    ],
    ids=["quiet", "none before", "none after", "moved"],
)
def test_unquiet_says_why(before: Reading | None, after: Reading | None, words: str) -> None:
    found = unquiet(before, after)
    assert words in found
    assert bool(found) is bool(words)
