"""What can be asked of fleets that lack one thing or another, and in which words the rest is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seatrial.asked import Asked, asked
from seatrial.project.fleet import Fleet
from seatrial.project.project import Hooks, Project
from seatrial.project.telemetry import Telemetry
from seatrial.terms import FULL

LABELS = ["method", "route", "status"]
ROUTED = {"method": "method", "route": "route", "status": "status"}
EVERYTHING: dict[str, Any] = {
    "metrics": {
        "served": {"type": "counter", "labels": LABELS},
        "called": {"type": "counter", "labels": [*LABELS, "callee"]},
        "start": {"type": "gauge"},
    },
    "roles": {
        "server_requests": {"metric": "served", **ROUTED},
        "client_requests": {"metric": "called", "callee": "callee", **ROUTED},
        "process_start": "start",
        "log": {
            "level": "level",
            "error_levels": ["error"],
            "event_id": "id",
            "trace": "trace",
            "parent": "parent",
            "server_request": ROUTED,
            "client_request": {"callee": "callee", **ROUTED},
        },
    },
}


def fleet(*, metrics: str | None = "/metrics", calls: tuple[str, ...] = ("back",)) -> Fleet:
    services = {"front": {"command": ["x"], "port": 1, "calls": calls}, "back": {"command": ["x"], "port": 2}}
    return Fleet.model_validate({"name": "f", "entry": "front", "admin": {"metrics": metrics}, "services": services})


def without(*roles: str, log: tuple[str, ...] = (), only: str | None = None) -> Telemetry:
    """The contract without these roles, of the whole fleet or of one service."""
    lacking: dict[str, Any] = dict.fromkeys(roles)
    if log:
        whole = EVERYTHING["roles"]["log"]
        lacking["log"] = {name: value for name, value in whole.items() if name not in log}
    if only:
        return Telemetry.model_validate(EVERYTHING | {"services": {only: lacking}})
    return Telemetry.model_validate(EVERYTHING | {"roles": EVERYTHING["roles"] | lacking})


def found(
    telemetry: Telemetry, of: Fleet | None = None, logs: tuple[str, ...] = ("front", "back"), **unable: str
) -> Asked:
    prometheus = Path("/p") if of is None or of.admin.metrics else None
    project = Project(Path("/p/seatrial.yml"), of or fleet(), telemetry, Hooks(), prometheus=prometheus)
    return asked(project, set(logs), unable)


def test_a_fleet_that_has_everything_is_asked_everything() -> None:
    everything = found(without())
    assert (dict(everything.absent), everything.partly) == ({}, ())
    assert (everything.edges, everything.starting) == (None, {"front", "back"})
    assert everything.of("back").requests == everything.of("back").request_lines == FULL


@pytest.mark.parametrize(
    "telemetry, absent",
    [
        pytest.param(without("client_requests"), {"reconcile.edges"}, id="calls not counted"),
        pytest.param(without("log"), {"reconcile.logs", "logs.errors", "traces.complete"}, id="no log"),
        pytest.param(without(log=("trace",)), {"traces.complete"}, id="no trace ids"),
        pytest.param(without(log=("parent",)), {"traces.complete"}, id="no parent ids"),
        pytest.param(without(log=("level", "error_levels")), {"logs.errors"}, id="no level"),
        pytest.param(without("server_requests"), {"reconcile.edges"}, id="only lines tell of requests"),
        pytest.param(
            without("server_requests", "log"),
            {"reconcile.client", "reconcile.edges", "reconcile.logs", "logs.errors", "traces.complete"},
            id="nothing tells of requests",
        ),
    ],
)
def test_what_a_whole_fleet_lacks_is_absent(telemetry: Telemetry, absent: set[str]) -> None:
    assert set(found(telemetry).absent) == absent


@pytest.mark.parametrize(
    "telemetry, partly",
    [
        pytest.param(
            without("server_requests", only="back"),
            {"reconcile.logs, requests of back"},
            id="one counts nothing",
        ),
        pytest.param(
            without("log", only="back"),
            {"reconcile.logs of back", "logs.errors of back", "traces.complete of back"},
            id="one has no log",
        ),
        pytest.param(without(log=("event_id",)), {"reconcile.logs, repeated lines of front, back"}, id="no event ids"),
        pytest.param(without(log=("trace",), only="back"), {"traces.complete of back"}, id="one has no trace ids"),
    ],
)
def test_what_one_service_lacks_is_left_out(telemetry: Telemetry, partly: set[str]) -> None:
    assert {name for name, _ in found(telemetry).partly} == partly


def test_only_edges_whose_both_ends_count_are_judged() -> None:
    assert found(without("client_requests", only="back")).edges == {"back"}
    assert found(without("client_requests", only="front")).absent.keys() == {"reconcile.edges"}


def test_a_fleet_without_edges_has_none_to_ask() -> None:
    assert "no service calls another" in found(without(), fleet(calls=())).absent["reconcile.edges"]


def test_a_log_out_of_reach_is_none() -> None:
    assert {name for name, _ in found(without(), logs=("front",)).partly} >= {"reconcile.logs of back"}


def test_without_metrics_nothing_is_read_nor_scraped() -> None:
    absent = found(without(), fleet(metrics=None)).absent
    assert absent.keys() == {
        "reconcile.edges", "metrics.wellformed", "scrapes.continuous", "reconcile.prometheus",
    }  # fmt: skip


def test_a_contract_that_counts_nothing_gives_prometheus_nothing_to_keep() -> None:
    bare = Telemetry.model_validate({"metrics": {"start": {"type": "gauge"}}, "roles": {"process_start": "start"}})
    assert "declares no metric that counts" in found(bare).absent["reconcile.prometheus"]
    assert found(bare).makes("scrapes.continuous")


@pytest.mark.parametrize(
    "telemetry, absent, partly",
    [
        pytest.param(without(), False, False, id="all tell their start"),
        pytest.param(without("process_start"), True, False, id="none does"),
        pytest.param(without("process_start", only="back"), False, True, id="one does not"),
    ],
)
def test_where_nobody_watches_processes_must_tell(telemetry: Telemetry, *, absent: bool, partly: bool) -> None:
    own = found(telemetry, **{"restarts.unplanned": "nobody watches"})
    assert ("restarts.unplanned" in own.absent) is absent
    assert ("restarts.unplanned of back" in {name for name, _ in own.partly}) is partly


def test_where_processes_are_watched_none_need_tell() -> None:
    assert found(without("process_start")).makes("restarts.unplanned")
