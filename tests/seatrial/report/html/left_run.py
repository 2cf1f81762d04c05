"""The folder of a small run, as a trial leaves it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seatrial.load.samples import to_parquet

BEGAN = 1_000_000.0
HOSTILE = '<script>alert("x")</script>'
REQUESTS = (
    "stage,journey,step,method,route,intended_start,start,duration,status,outcome,bytes,trace_id,span_id,key,ref,error"
)


def check(name: str, verdict: str = "PASS", **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("value", "low", "high", "limit", "samples"))
    return {"name": name, "verdict": verdict, **empty, "unit": "", "reason": "all is well", **more}


def verdict(**more: Any) -> dict[str, Any]:
    return {
        "schema": 1, "run": "20261123-024501-a1b2", "verdict": "PASS", "profile": "tiny", "seed": 7, "started": BEGAN,
        "finished": BEGAN + 30, "populated": {}, "offered": {"journeys": 60, "rate": 5.0},
        "load": {"valid": True, "lag_p50_seconds": 0.001, "lag_p99_seconds": 0.002, "shed": 0, "cpu": 0.1},
        "latency_seconds": {"p50": 0.01, "p95": 0.02, "p99": None, "p999": None}, "requests": 60, "failures": 0,
        "checks": [check("load.valid"), check("latency.all.p95", value=0.02, low=0.01, high=0.03, limit=0.1, unit="s")],
        "not_checked": [{"name": "slopes", "reason": "the profile sets none"}],
        "reconciliation": {"sent": 60, "gateway": 60, "prometheus": None, "logs": 60, "differences": []},
        "invariants": [], "nearest": None, "measuring": [{"name": "generator", "cpu": 0.1, "rss_bytes": 7e7}],
        "services": [{"name": "front", "busy": 0.2, "cpu": 0.3, "rss_bytes": 9e7, "descriptors": 30, "store_wait": None}],
        "timings": {"up_seconds": 5.0, "load_seconds": 12.0, "judge_seconds": 1.0, "total_seconds": 20.0}, **more,
    }  # fmt: skip


def story(**more: Any) -> dict[str, Any]:
    return {
        "why": "slow", "latency": 0.11, "stage": "steady", "journey": "j", "step": "buy", "method": "POST",
        "route": "/orders", "intended_start": BEGAN, "start": BEGAN + 0.01, "duration": 0.1, "status": 201,
        "outcome": "ok", "bytes": 1, "trace_id": "t1", "span_id": "root", "key": "", "ref": "", "error": "", "lines": [],
        **more,
    }  # fmt: skip


def line(span: str, parent: str, at: float, seconds: float | None, **more: Any) -> dict[str, Any]:
    return {
        "trace": "t1", "service": "front", "at": BEGAN + at, "seconds": seconds, "kind": "served", "level": "info",
        "message": f"did {span}", "status": "200", "callee": "", "error": "", "span": span, "parent": parent, **more,
    }  # fmt: skip


def write_run(folder: Path, *, rows: int = 60, **documents: Any) -> Path:
    """`documents` replace the files of their names."""
    (folder / "samples").mkdir(parents=True)
    (folder / "metrics").mkdir()
    stages = [{"name": "steady", "rate": 5, "seconds": 12, "judge": True}]
    profile = {"name": "tiny", "seed": 7, "stages": stages, "limits": {"all": {"p95": 0.1}}}
    tracks = [
        {"service": "front", "instance": "front-1", "resource": "cpu", "points": [[BEGAN + 1, 0.3]], "limit": None}
    ]
    events = [
        {"at": BEGAN + 3, "kind": "restart", "instance": "front-1", "down_seconds": 1.0},
        {"at": BEGAN + 2, "kind": "fault", "action": "apply", "faults": [{"name": "slow", "service": "front"}]},
    ]
    written = {
        "verdict.json": verdict(), "profile.json": profile, "run.json": {"fleet": HOSTILE, "events": events},
        "traces.json": {"requests": [story(lines=[line("a", "root", 0.1, 0.05, message=HOSTILE)])]},
        "metrics/timeline.json": {"tracks": tracks, "up": {"front-1": [[BEGAN + 1, 1], [BEGAN + 2, 0]]}},
        "samples/generator-1.json": {"started_at": BEGAN}, **documents,
    }  # fmt: skip
    for name, document in written.items():
        if document is not None:
            (folder / name).write_text(json.dumps(document))
    _samples(folder / "samples", rows)
    return folder


def _samples(folder: Path, rows: int) -> None:
    times = [BEGAN + 12 * number / rows for number in range(rows)]
    requests = [
        f"steady,j,buy,POST,/orders,{at},{at},0.0{n % 9 + 1},201,ok,1,t{n},s{n},,," for n, at in enumerate(times)
    ]
    journeys = [f"steady,j,{at},{at + 0.001},{at + 0.1},ok" for at in times]
    (folder / "requests-1.csv").write_text("\n".join([REQUESTS, *requests]) + "\n")
    (folder / "journeys-1.csv").write_text(
        "\n".join(["stage,journey,scheduled,started,finished,outcome", *journeys]) + "\n"
    )
    to_parquet(folder)
