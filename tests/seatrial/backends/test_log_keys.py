"""The same lines give the same counts, whether DuckDB or Python reads them."""

import json
from collections import Counter
from pathlib import Path

import pytest

from seatrial.backends.log_keys import LogKeys
from seatrial.backends.logs import LogSlice, read_logs
from seatrial.project.telemetry import Roles

FULL = {
    "event": "event",
    "event_id": "id",
    "server_request": {"event": "served", "method": "method", "route": "route", "status": "status"},
    "client_request": {"event": "called", "callee": "callee", "status": "status", "method": "method", "route": "route"},
}
UNMARKED = {
    "event_id": "id",
    "server_request": {"route": "route", "status": "status"},
    "client_request": {"callee": "callee", "status": "status"},
}
LINES = [
    {"id": "1", "event": "served", "method": "GET", "route": "/a", "status": 200},
    {"id": "2", "event": "served", "method": "GET", "route": "/a/<int:id>", "status": "404"},
    {"id": "3", "event": "served", "method": "GET", "route": "/probe", "status": 200},
    {"id": "4", "event": "served", "method": None, "route": "/a"},
    {"id": "5", "event": "called", "callee": "b", "method": "GET", "route": "/b", "status": 200},
    {"id": "6", "event": "other", "message": "hello"},
    {"id": "7", "method": "POST", "route": "/a", "status": 201},
    {"id": "8", "route": "/a"},
]


@pytest.mark.parametrize("log", [FULL, UNMARKED, {"event_id": "id"}], ids=["marked", "unmarked", "no requests"])
def test_both_readers_count_alike(tmp_path: Path, log: dict[str, object]) -> None:
    roles = Roles.model_validate({"log": log, "ignored_routes": ["/probe"]})
    file = tmp_path / "a.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    read = read_logs([LogSlice("a", file, 0, file.stat().st_size)], {"a": roles}, entry="a")
    keys = LogKeys.of(roles)
    assert read.services["a"].requests == Counter(key for line in LINES if (key := keys.request(line)) is not None)


def test_what_is_looked_at_is_what_is_fetched() -> None:
    keys = LogKeys.of(Roles.model_validate({"log": FULL}))
    assert set(keys.fields()) == {"event", "method", "route", "status", "callee"}
