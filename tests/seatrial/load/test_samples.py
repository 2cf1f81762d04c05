import json
from pathlib import Path
from typing import Any

import pytest

from seatrial.checks.inputs import RequestKey
from seatrial.load.errors import NoSamples
from seatrial.load.profile import Profile
from seatrial.load.samples import JOURNEYS, REQUESTS, Samples, read_samples, to_parquet

PROFILE = Profile.model_validate(
    {"stages": [{"name": "ramp", "rate": 1, "seconds": 2}, {"name": "steady", "rate": 1, "seconds": 3, "judge": True}]}
)
ROW: dict[str, Any] = {
    "stage": "steady", "journey": "look", "step": "page", "method": "GET", "route": "/p", "intended_start": 1002.5,
    "start": 1002.6, "duration": 0.1, "status": 200, "outcome": "ok", "bytes": 9, "trace_id": "t", "span_id": "s",
    "key": "", "ref": "", "error": "",
}  # fmt: skip
ARRIVAL: dict[str, Any] = {
    "stage": "steady", "journey": "look", "scheduled": 1002.5, "started": 1002.51, "finished": 1003, "outcome": "ok"
}  # fmt: skip
ACCOUNT: dict[str, Any] = {
    "pid": 1, "worker": 0, "started_at": 1000.0, "wall_seconds": 5.0, "cpu_seconds": 1.0, "planned": 4, "started": 3,
    "shed": 1, "unfinished": 0, "in_flight_max": 5, "in_flight_bound": 10, "drained": True, "journey_errors": [],
    "expected_services": {"page": ["web"]},
}  # fmt: skip


def csv(columns: dict[str, str], rows: list[dict[str, Any]]) -> str:
    lines = [
        ",".join(columns),
        *(",".join(f'"{row[name]}"' if row[name] != "" else "" for name in columns) for row in rows),
    ]
    return "\n".join(lines) + "\n"


def leave(
    folder: Path,
    requests: list[dict[str, Any]],
    journeys: list[dict[str, Any]] | None = None,
    pid: int = 1,
    **account: Any,
) -> None:
    (folder / f"requests-{pid}.csv").write_text(csv(REQUESTS, [ROW | row for row in requests]), encoding="utf-8")
    arrivals = [ARRIVAL | row for row in journeys or []]
    (folder / f"journeys-{pid}.csv").write_text(csv(JOURNEYS, arrivals), encoding="utf-8")
    (folder / f"generator-{pid}.json").write_text(json.dumps(ACCOUNT | {"pid": pid} | account), encoding="utf-8")


def gather(folder: Path) -> Samples:
    to_parquet(folder)
    return read_samples(folder, PROFILE)


def test_rows_of_all_processes_come_in_the_order_of_their_intended_start(tmp_path: Path) -> None:
    leave(tmp_path, [{"step": "third", "intended_start": 1003}, {"step": "first", "intended_start": 1001}])
    leave(tmp_path, [{"step": "second", "intended_start": 1002}], pid=2)
    assert gather(tmp_path).requests["step"].tolist() == ["first", "second", "third"]


def test_judged_samples_are_of_judged_stages_and_count_windows_from_their_begin(tmp_path: Path) -> None:
    rows = [{"stage": "ramp"}, {}, {"intended_start": 1004.9, "start": 1005.9, "outcome": "timeout"}]
    leave(tmp_path, rows)
    judged = gather(tmp_path).judged()
    assert judged.latency_seconds.tolist() == pytest.approx([0.2, 1.1])
    assert judged.window.tolist() == [0, 2]
    assert judged.ok.tolist() == [True, False]


def test_judged_samples_of_a_step(tmp_path: Path) -> None:
    leave(tmp_path, [{}, {"step": "item"}, {"step": "item"}])
    samples = gather(tmp_path)
    assert samples.steps() == ["item", "page"]
    assert samples.judged("item").latency_seconds.size == 2


def test_client_rows_leave_out_what_was_never_sent(tmp_path: Path) -> None:
    rows = [
        {},
        {"status": "", "outcome": "error", "error": "not sent: connection refused"},
        {"status": "", "outcome": "timeout", "error": "no whole answer in 5 s", "trace_id": "u"},
    ]
    leave(tmp_path, rows)
    sent = gather(tmp_path).client_rows()
    assert [(row.trace, row.key, row.outcome, row.step) for row in sent] == [
        ("t", RequestKey("GET", "/p", "200"), "ok", "page"),
        ("u", RequestKey("GET", "/p", ""), "timeout", "page"),
    ]


def test_counts_are_per_method_route_and_status_over_all_stages(tmp_path: Path) -> None:
    leave(tmp_path, [{"stage": "ramp"}, {}, {"status": 404}])
    counted = gather(tmp_path).counts()
    assert counted == {RequestKey("GET", "/p", "200"): 2, RequestKey("GET", "/p", "404"): 1}


def test_lag_is_of_journeys_that_began_in_judged_stages(tmp_path: Path) -> None:
    shed = {"started": "", "finished": "", "outcome": "shed"}
    leave(tmp_path, [{}], [{}, {"stage": "ramp", "started": 1009}, shed])
    samples = gather(tmp_path)
    assert samples.lag_seconds().tolist() == pytest.approx([0.01])
    assert samples.lag_seconds(["ramp"]).tolist() == pytest.approx([6.5])


def test_the_generators_account_is_summed_over_processes(tmp_path: Path) -> None:
    leave(tmp_path, [{}], [{}])
    leave(tmp_path, [{}], [{}], pid=2, in_flight_max=9, wall_seconds=6.0)
    generator = gather(tmp_path).generator()
    assert (generator.planned, generator.started, generator.shed, generator.cpu_seconds) == (8, 6, 2, 2.0)
    assert (generator.in_flight_max, generator.in_flight_bound, generator.wall_seconds) == (9, 10, 6.0)
    assert generator.lag_seconds.size == 2


def test_it_is_drained_when_every_process_is(tmp_path: Path) -> None:
    leave(tmp_path, [{}])
    assert gather(tmp_path).drained()
    leave(tmp_path, [{}], pid=2, drained=False)
    assert not gather(tmp_path).drained()


def test_what_the_journeys_say_of_themselves(tmp_path: Path) -> None:
    leave(tmp_path, [{}], journey_errors=["look: KeyError('x')"])
    samples = gather(tmp_path)
    assert samples.expected_services() == {"page": ("web",)}
    assert samples.journey_errors() == ["look: KeyError('x')"]


def test_right_statuses_are_gathered_as_text(tmp_path: Path) -> None:
    leave(tmp_path, [{}], right_statuses={"page": [200, 304]})
    leave(tmp_path, [{}], pid=2, right_statuses={"stale": [401]})
    assert gather(tmp_path).right_statuses() == {"page": {"200", "304"}, "stale": {"401"}}


def test_an_account_that_does_not_tell_right_statuses_is_read(tmp_path: Path) -> None:
    leave(tmp_path, [{}])
    assert gather(tmp_path).right_statuses() == {}


@pytest.mark.parametrize("drawn, astray", [(5, ""), (16, ""), (17, "17 arrivals were drawn"), (0, "")])
def test_arrivals_are_compared_with_the_profile(drawn: int, astray: str, tmp_path: Path) -> None:
    leave(tmp_path, [{}], planned=drawn)
    assert gather(tmp_path).arrivals_astray()[: len(astray) or None] == astray


def test_a_load_without_a_single_request_is_read_as_empty(tmp_path: Path) -> None:
    leave(tmp_path, [])
    samples = gather(tmp_path)
    assert samples.steps() == samples.client_rows() == []
    assert samples.judged().latency_seconds.size == samples.generator().lag_seconds.size == 0


def test_no_file_is_no_load(tmp_path: Path) -> None:
    with pytest.raises(NoSamples, match="the load generator wrote nothing"):
        to_parquet(tmp_path)


def test_a_row_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    leave(tmp_path, [{"duration": "soon"}])
    with pytest.raises(NoSamples, match="cannot be read"):
        to_parquet(tmp_path)
    assert not (tmp_path / "requests.parquet").exists()


@pytest.mark.parametrize("missing", ["generator-1.json", "requests.parquet"])
def test_missing_files_are_named(missing: str, tmp_path: Path) -> None:
    leave(tmp_path, [{}])
    to_parquet(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(NoSamples, match=missing.replace("1", "[*1]")):
        read_samples(tmp_path, PROFILE)


def test_of_failures_one_of_each_kind_comes_before_more_of_the_same(tmp_path: Path) -> None:
    same = {"outcome": "timeout", "status": "", "error": "late"}
    rows = [same | {"trace_id": "a"}, same | {"trace_id": "b"}, {"trace_id": "c", "outcome": "wrong", "status": 500}]
    leave(tmp_path, rows)
    assert [row["trace_id"] for row in gather(tmp_path).notable(2)] == ["a", "c", "b"]


def test_the_slowest_come_first_and_none_is_told_twice(tmp_path: Path) -> None:
    rows = [{"trace_id": name, "duration": seconds} for name, seconds in (("a", 0.1), ("b", 0.9), ("c", 0.5))]
    leave(tmp_path, [*rows, {"trace_id": "d", "duration": 2, "outcome": "wrong"}])
    found = gather(tmp_path).notable(2)
    assert [(row["why"], row["trace_id"]) for row in found] == [("failed", "d"), ("slow", "b"), ("slow", "c")]
    assert found[1]["latency"] == pytest.approx(1.0)


@pytest.mark.parametrize("told, total", [((5, 7), 12.0), ((5, None), None)], ids=["all", "not all"])
def test_memory_is_known_when_every_process_tells(
    tmp_path: Path, told: tuple[int | None, ...], total: float | None
) -> None:
    for pid, each in enumerate(told, start=1):
        leave(tmp_path, [{}], pid=pid, **({} if each is None else {"rss_bytes": each}))
    assert gather(tmp_path).resident_bytes() == total
