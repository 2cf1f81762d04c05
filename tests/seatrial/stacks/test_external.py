"""The stack of services that somebody else runs, as far as it needs no process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seatrial.errors import UsageError
from seatrial.project.fleet import Fleet
from seatrial.project.project import Hooks, Project
from seatrial.project.telemetry import Telemetry
from seatrial.run_folder import RunFolder
from seatrial.settings import Settings
from seatrial.stacks.external import ExternalStack
from seatrial.stacks.protocol import Stack

FRONT = [{"url": "https://shop.test/v2/", "log": "logs/front.jsonl"}]
BACK = [{"url": "http://10.0.0.1:81", "admin_url": "http://10.0.0.1:91"}, {"url": "http://10.0.0.2:81", "log": "/l"}]


def fleet(front: list[dict[str, Any]] = FRONT, back: list[dict[str, Any]] = BACK) -> Fleet:
    services = {"front": {"external": front, "calls": ["back"]}, "back": {"external": back, "admin": {"ready": "/up"}}}
    admin = {"metrics": "/metrics"}
    return Fleet.model_validate({"name": "f", "entry": "front", "admin": admin, "services": services})


def stack(folder: Path, of: Fleet | None = None) -> ExternalStack:
    project = Project(Path("/p/seatrial.yml"), of or fleet(), Telemetry(), Hooks())
    settings = Settings(cache_dir=folder / "cache", runtime_dir=folder / "runtime")
    return ExternalStack(project, RunFolder.create(folder / "runs", "trial"), settings=settings)


def test_it_is_a_stack(tmp_path: Path) -> None:
    seam: Stack = stack(tmp_path)
    assert seam.run_dir.is_dir()


def test_every_replica_has_its_own_addresses(tmp_path: Path) -> None:
    front, first, second = stack(tmp_path).entries()
    assert (front["url"], front["metrics_url"]) == ("https://shop.test/v2", "https://shop.test/v2/metrics")
    assert (front["ready_url"], front["log_file"]) == (None, "/p/logs/front.jsonl")
    assert (first["instance"], first["admin_url"], first["ready_url"]) == (
        "back-1", "http://10.0.0.1:91", "http://10.0.0.1:91/up",
    )  # fmt: skip
    assert (first["metrics_url"], first["log_file"], second["log_file"]) == (None, None, "/l")


def test_a_single_door_is_asked_by_its_url_alone(tmp_path: Path) -> None:
    single = stack(tmp_path)
    assert (single.entry_url(), single.discovery_file) == ("https://shop.test/v2", None)


def test_several_doors_are_discovered(tmp_path: Path) -> None:
    several = stack(tmp_path, fleet(front=BACK, back=FRONT))
    assert several.entry_url() == "http://10.0.0.1:81"
    assert several.discovery_file == several.run_dir / "discovery.json"
    assert [group["targets"] for group in several._traffic_targets()] == [
        ["10.0.0.1:81"], ["10.0.0.2:81"], ["shop.test"],
    ]  # fmt: skip


def test_prometheus_is_told_where_metrics_are(tmp_path: Path) -> None:
    own = stack(tmp_path)
    own._write_targets()
    folder = own.run.metrics / "prometheus" / "targets"
    assert json.loads((folder / "back.json").read_text()) == []
    assert json.loads((folder / "front.json").read_text()) == [
        {
            "targets": ["shop.test"],
            "labels": {
                "job": "front", "instance": "front-1", "__scheme__": "https", "__metrics_path__": "/v2/metrics",
            },
        }
    ]  # fmt: skip


def test_what_it_cannot_do_it_says(tmp_path: Path) -> None:
    own = stack(tmp_path)
    assert set(own.unable) == {"drain.clean", "restarts.unplanned"}
    assert own.stores() == {}
    own.drain()
    with pytest.raises(UsageError, match="front was started by somebody else"):
        own.restart("front")


def test_a_restart_is_refused_in_its_first_turn_only(tmp_path: Path) -> None:
    turns = stack(tmp_path).restarting("front")
    with pytest.raises(UsageError):
        next(turns)


def test_it_needs_to_know_where_each_service_runs(tmp_path: Path) -> None:
    started = Fleet.model_validate({"name": "f", "entry": "a", "services": {"a": {"command": ["x"], "port": 1}}})
    with pytest.raises(UsageError, match="where a runs already"):
        stack(tmp_path, started)


def test_down_before_up_does_nothing(tmp_path: Path) -> None:
    own = stack(tmp_path)
    own.down()
    assert not (own.run_dir / "stack.json").exists()
