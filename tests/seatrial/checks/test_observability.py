"""reconcile.prometheus, metrics.wellformed, scrapes.continuous, restarts.unplanned, logs.errors, invariants.*."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.backends.exposition import Samples, Series
from seatrial.checks.finding import Verdict
from seatrial.checks.inputs import ServiceLog
from seatrial.checks.invariants import invariants
from seatrial.checks.log_errors import log_errors
from seatrial.checks.metrics import Endpoint, metrics_wellformed
from seatrial.checks.reconcile_prometheus import Stored, reconcile_prometheus
from seatrial.checks.restarts import restarts_unplanned
from seatrial.checks.scrapes import Outage, Scrapes, scrapes_continuous

P, F, U = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
FIVE: Samples = {Series("c_total", ()): 5.0}
SIX: Samples = {Series("c_total", ()): 6.0}
NEVER = {instance: [(100.0 + second, 1.0) for second in range(61)] for instance in ("a-1", "b-1")}


@pytest.mark.parametrize(
    "raw, stored, expected",
    [
        ({"a-1": FIVE}, Stored({"a-1": FIVE}), P),
        ({"a-1": FIVE}, Stored({"a-1": SIX}), F),
        ({"a-1": FIVE}, Stored({"a-1": {}}), F),
        ({"a-1": FIVE}, Stored({"a-1": {**FIVE, Series("d_total", ()): 1.0}}), F),
        ({"a-1": FIVE, "b-1": FIVE}, Stored({"a-1": FIVE}, unscraped=("b-1",)), U),
        ({"a-1": FIVE, "b-1": FIVE}, Stored({"a-1": SIX}, unscraped=("b-1",)), F),
        ({}, Stored({"a-1": FIVE}), U),
        ({}, Stored(), U),
        ({"a-1": FIVE}, Stored(obstacle="gone"), U),
    ],
    ids=["equal", "other value", "not stored", "stored only", "unscraped", "both", "unread", "nothing", "gone"],
)
def test_stored_values(raw: dict[str, Samples], stored: Stored, expected: Verdict) -> None:
    assert reconcile_prometheus(raw, stored, obstacle="").verdict is expected


@pytest.mark.parametrize(
    "endpoints, expected",
    [
        ([Endpoint("a-1", True, "")], P),
        ([Endpoint("a-1", True, ""), Endpoint("b-1", True, "it begins '<html>'")], F),
        ([Endpoint("a-1", False, "refused"), Endpoint("b-1", True, "rubbish")], F),
        ([Endpoint("a-1", False, "refused")], U),
        ([], U),
    ],
    ids=["good", "rubbish", "rubbish outranks silence", "silence", "nobody asked"],
)
def test_wellformed(endpoints: list[Endpoint], expected: Verdict) -> None:
    assert metrics_wellformed(endpoints).verdict is expected


def scrapes(**up: list[tuple[float, float]]) -> Scrapes:
    return Scrapes(100.0, 160.0, 1.0, NEVER | {name.replace("_", "-"): points for name, points in up.items()})


ALL_UP = NEVER["a-1"]


@pytest.mark.parametrize(
    "kept, expected, words",
    [
        (scrapes(), P, "no hole"),
        (scrapes(a_1=[*ALL_UP[:10], (110.0, 0.0), *ALL_UP[11:]]), F, "a-1: 1 of 61 scrapes failed, the first 10 s"),
        (scrapes(a_1=[*ALL_UP[:10], *ALL_UP[12:]]), P, ""),
        (scrapes(a_1=[*ALL_UP[:10], *ALL_UP[20:]]), U, "a-1: no scrape for 11.0 s, 9 s"),
        (scrapes(a_1=ALL_UP[:30]), U, "a-1: no scrape for 31.0 s"),
        (scrapes(a_1=ALL_UP[30:]), U, "a-1: no scrape for 30.0 s, 0 s"),
        (scrapes(a_1=[]), U, "a-1 was never scraped"),
        (Scrapes(100.0, 160.0, 1.0, obstacle="gone"), U, "gone"),
    ],
    ids=["whole", "failed", "two late", "hole", "ended early", "began late", "never", "Prometheus gone"],
)
def test_scrapes(kept: Scrapes, expected: Verdict, words: str) -> None:
    found = scrapes_continuous(["a-1", "b-1"], kept)
    assert found.verdict is expected
    assert words in found.reason


@pytest.mark.parametrize("instance, expected", [("a-1", P), ("b-1", F)], ids=["its own", "another's"])
def test_a_planned_restart_may_fail_scrapes(instance: str, expected: Verdict) -> None:
    kept = scrapes(a_1=[*ALL_UP[:10], (110.0, 0.0), (111.0, 0.0), *ALL_UP[16:]])
    assert scrapes_continuous(["a-1", "b-1"], kept, [Outage(instance, 109.0, 116.0)]).verdict is expected


@pytest.mark.parametrize(
    "before, after, planned, exits, expected",
    [
        ({"a-1": 1.0}, {"a-1": 1.0}, [], [], P),
        ({"a-1": 1.0}, {"a-1": 2.0}, [], [], F),
        ({"a-1": 1.0}, {"a-1": 2.0}, ["a-1"], [], P),
        ({"a-1": 1.0}, {}, [], ["a-1 (pid 7) ended by itself"], F),
        ({"a-1": 1.0}, {"a-1": 2.0}, ["a-1"], ["a-1 (pid 7) ended by itself"], F),
        ({"a-1": 1.0}, {}, [], [], U),
        ({}, {"a-1": 1.0}, [], [], U),
    ],
    ids=[
        "same process",
        "another process",
        "planned",
        "seen to end",
        "ended by itself, then restarted by plan",
        "gone at the end",
        "unknown at first",
    ],
)
def test_restarts(
    before: dict[str, float], after: dict[str, float], planned: list[str], exits: list[str], expected: Verdict
) -> None:
    found = restarts_unplanned(before, after, expected=["a-1"], planned=planned, exits=exits)
    assert found.verdict is expected


@pytest.mark.parametrize(
    "exits, words",
    [
        ([], "2 replicas, each one process throughout but for what was planned; planned restarts: a-1 2, b-1 1"),
        (["a-1 (pid 7) ended by itself"], "a-1 (pid 7) ended by itself; planned restarts: a-1 2, b-1 1"),
    ],
    ids=["planned only", "both"],
)
def test_planned_restarts_are_counted(exits: list[str], words: str) -> None:
    before, after = {"a-1": 1.0, "b-1": 1.0}, {"a-1": 2.0, "b-1": 2.0}
    planned = ["b-1", "a-1", "a-1"]
    found = restarts_unplanned(before, after, expected=["a-1", "b-1"], planned=planned, exits=exits)
    assert found.reason == words


def test_restarts_of_nothing_are_inconclusive() -> None:
    assert restarts_unplanned({}, {}, expected=[], planned=[], exits=[]).verdict is U


@pytest.mark.parametrize(
    "logs, obstacle, expected, words",
    [
        ({"a": ServiceLog(lines=9)}, "", P, "9 lines"),
        ({"a": ServiceLog(lines=9, errors=2, error_examples=("boom",))}, "", F, "a 2; as 'a: boom'"),
        ({"a": ServiceLog()}, "", U, "no service wrote"),
        (None, "the logs cannot be read", U, "cannot be read"),
    ],
    ids=["clean", "errors", "silence", "gone"],
)
def test_log_errors(logs: dict[str, ServiceLog] | None, obstacle: str, expected: Verdict, words: str) -> None:
    found = log_errors(logs, obstacle=obstacle)
    assert found.verdict is expected
    assert words in found.reason


@pytest.mark.parametrize(
    "document, obstacle, expected",
    [
        ({"findings": [{"name": "sums", "verdict": "PASS", "reason": "0 off"}]}, "", {"invariants.sums": P}),
        ({"findings": [{"name": "sums", "verdict": "FAIL"}]}, "", {"invariants.sums": F}),
        ({"findings": [{"name": "sums", "verdict": "maybe"}]}, "", {"invariants.sums": U}),
        ({"findings": [{"verdict": "PASS"}]}, "", {"invariants.hook": U}),
        ({"findings": []}, "", {"invariants.hook": U}),
        ({"other": 1}, "", {"invariants.hook": U}),
        (None, "exit code 3", {"invariants.hook": U}),
    ],
    ids=["pass", "fail", "unknown verdict", "nameless", "no findings", "other document", "hook failed"],
)
def test_invariants(document: dict[str, Any] | None, obstacle: str, expected: dict[str, Verdict]) -> None:
    assert {each.name: each.verdict for each in invariants(document, obstacle=obstacle)} == expected


def test_an_invariants_numbers_and_examples_are_kept() -> None:
    entry = {"name": "sums", "verdict": "FAIL", "reason": "2 off", "value": 2, "limit": 0, "examples": ["o1"]}
    (found,) = invariants({"findings": [entry]}, obstacle="")
    assert (found.value, found.limit, found.evidence) == (2.0, 0.0, {"examples": ["o1"]})
