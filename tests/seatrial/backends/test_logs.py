from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seatrial.backends.logs import LogEvidence, LogSlice, read_logs
from seatrial.checks.inputs import ANY, AnsweredCall, Attempt, AttemptKey, RequestKey, RequestLine, ServiceLog
from seatrial.project.telemetry import ClientRequestLine, Duration, LogRoles, Roles, ServerRequestLine

ROLES = LogRoles(
    timestamp="at",
    level="log.level",
    error_levels=("error", "critical"),
    event="event.action",
    event_id="event.id",
    message="message",
    duration=Duration(field="took", unit="ms"),
    trace="trace.id",
    span="span.id",
    parent="parent.id",
    server_request=ServerRequestLine(event="served", method="method", route="http.route", status="status"),
    client_request=ClientRequestLine(
        event="called", callee="callee", method="method", route="template", status="status", error="error.type"
    ),
)
OK = RequestKey("GET", "/a", "200")


def served(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "log.level": "info",
        "event.action": "served",
        "event.id": f"e{number}",
        "trace.id": f"t{number}",
        "parent.id": f"p{number}",
        "span.id": f"s{number}",
        "method": "GET",
        "http.route": "/a",
        "status": 200,
    } | fields


def called(number: int, **fields: Any) -> dict[str, Any]:
    line = served(number, **{"event.action": "called", "event.id": f"c{number}", "callee": "back", "template": "/b"})
    return {key: value for key, value in (line | fields).items() if value is not None}


def text(*lines: dict[str, Any] | bytes) -> bytes:
    return b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)


def read(folder: Path, **services: bytes) -> LogEvidence:
    slices = []
    for service, data in services.items():
        file = folder / f"{service}.jsonl"
        file.write_bytes(data)
        slices.append(LogSlice(service, file, 0, len(data)))
    return read_logs(
        slices, dict.fromkeys(services, Roles(log=ROLES)), entry="front", sampled=["t1"], failed=["t2"], told=["t1"]
    )


def front(folder: Path, data: bytes) -> ServiceLog:
    return read(folder, front=data).services["front"]


def test_requests_are_counted_by_method_route_and_status(tmp_path: Path) -> None:
    log = front(tmp_path, text(served(1), served(2), served(3, status=500)))
    assert log.requests == {OK: 2, OK._replace(status="500"): 1}
    assert (log.lines, log.malformed, log.repeated, log.errors) == (3, 0, 0, 0)


def test_attempts_are_counted_by_callee_too(tmp_path: Path) -> None:
    data = text(called(1), called(2, status=None, **{"error.type": "Timeout"}), called(3, **{"error.type": "500"}))
    attempts = front(tmp_path, data).attempts
    assert attempts == {
        AttemptKey("back", "GET", "/b", "200", ""): 2,
        AttemptKey("back", "GET", "/b", "", "Timeout"): 1,
    }


@pytest.mark.parametrize(
    "line",
    [b"rubbish", b'{"event.id": "x"', b"[1]", b"5", b"null", b"", b"{}", b'{"event.id": null}', b"\xff\xfe"],
    ids=["words", "cut off", "array", "number", "null", "empty", "no fields", "no id", "no UTF-8"],
)
def test_every_other_line_is_malformed(tmp_path: Path, line: bytes) -> None:
    log = front(tmp_path, text(served(1), line, served(2)))
    assert (log.lines, log.malformed) == (3, 1)
    assert len(log.malformed_examples) == 1
    assert log.requests == {OK: 2}


def test_a_field_of_another_type_makes_no_line_malformed(tmp_path: Path) -> None:
    log = front(tmp_path, text(served(1, status="200"), served(2, message={"nested": True}), served(3, status=200)))
    assert (log.requests, log.malformed) == ({OK: 3}, 0)


def test_a_line_still_being_written_is_none_yet(tmp_path: Path) -> None:
    log = front(tmp_path, text(served(1)) + b'{"event.id": "e2", ')
    assert (log.lines, log.malformed) == (1, 0)


def test_repeated_ids_are_found_across_services(tmp_path: Path) -> None:
    evidence = read(tmp_path, front=text(served(1)), back=text(served(1), served(2)))
    assert evidence.services["front"].repeated == 0
    assert evidence.services["back"].repeated_examples == ("e1",)


def test_error_lines_are_counted_and_shortened(tmp_path: Path) -> None:
    loud = [served(number, **{"log.level": "error", "message": "x" * 999}) for number in range(7)]
    log = front(tmp_path, text(*loud, served(9)))
    assert log.errors == 7
    assert [len(example) for example in log.error_examples] == [200] * 5


def test_the_entrys_lines_are_kept_for_pairing(tmp_path: Path) -> None:
    evidence = read(tmp_path, front=text(served(1)), back=text(served(2)))
    assert evidence.entry_lines == [RequestLine("t1", "p1", OK)]


def test_unanswered_calls_are_paired_with_what_the_callee_served(tmp_path: Path) -> None:
    lost = called(1, status=None, **{"span.id": "x"})
    evidence = read(tmp_path, front=text(lost), back=text(served(2, **{"parent.id": "x", "trace.id": "t1"})))
    assert evidence.edges.unanswered == [Attempt("x", "back", "GET", "/b")]
    assert evidence.edges.served == {"x": RequestLine("t1", "x", OK)}


def test_a_span_served_twice_is_repeated(tmp_path: Path) -> None:
    twice = served(3, **{"parent.id": "p2"})
    evidence = read(tmp_path, front=text(served(1)), back=text(served(2), twice))
    assert {service: len(lines) for service, lines in evidence.edges.repeated.items()} == {"back": 1}


def test_a_request_whose_sender_tells_nothing_is_untold(tmp_path: Path) -> None:
    lines = [served(number, **{"parent.id": span}) for number, span in enumerate(("told", "untold"), start=5)]
    evidence = read(tmp_path, front=text(called(1, **{"span.id": "told"})), back=text(*lines))
    assert {service: sum(keys.values()) for service, keys in evidence.edges.untold.items()} == {"back": 1}


def test_who_served_is_told_of_sampled_traces_only(tmp_path: Path) -> None:
    again = served(1, **{"event.id": "again"})
    traces = read(tmp_path, front=text(served(1), served(2), served(3), again), back=text(served(1))).traces
    assert traces.served == {"t1": {"front", "back"}}


@pytest.mark.parametrize(
    "answer, unmet",
    [
        (served(1, **{"parent.id": "x1"}), []),
        (served(1, **{"parent.id": "other"}), ["x1"]),
        (served(2, **{"parent.id": "x1"}), ["x1"]),
        (called(1, **{"parent.id": "x1"}), ["x1"]),
    ],
    ids=["its line", "under another span", "in another trace", "no request line"],
)
def test_an_answered_call_is_met_by_its_callees_line(tmp_path: Path, answer: dict[str, Any], unmet: list[str]) -> None:
    call = called(1, **{"span.id": "x1", "event.id": "call"})
    answer |= {"callee": "elsewhere"}
    traces = read(tmp_path, front=text(call), back=text(answer)).traces
    assert traces.calls == 1
    assert [found.span for found in traces.unmet] == unmet


@pytest.mark.parametrize(
    "call, calls",
    [
        (called(1), 1),
        (called(2), 1),
        (called(3), 0),
        (called(1, status=None), 0),
        (called(1, callee="elsewhere"), 0),
    ],
    ids=["sampled", "failed", "not chosen", "without an answer", "out of the fleet"],
)
def test_answered_calls_of_chosen_traces_within_the_fleet_count(
    tmp_path: Path, call: dict[str, Any], calls: int
) -> None:
    traces = read(tmp_path, front=text(call), back=b"").traces
    assert (traces.calls, len(traces.unmet)) == (calls, calls)


def test_an_unmet_call_tells_who_asked_whom(tmp_path: Path) -> None:
    traces = read(tmp_path, front=text(called(2)), back=b"").traces
    assert traces.unmet == [AnsweredCall("t2", "s2", "front", "back", "200")]


def test_a_silent_service_has_an_empty_log(tmp_path: Path) -> None:
    assert read(tmp_path, front=b"").services == {"front": ServiceLog()}


@pytest.mark.parametrize("shift", [0, 3], ids=["at a line", "within a line"])
def test_only_whole_lines_after_the_offset_count(tmp_path: Path, shift: int) -> None:
    file, early, late = tmp_path / "x.jsonl", text(served(1)), text(served(2))
    file.write_bytes(early + late)
    part = LogSlice("front", file, len(early) - shift, len(early + late))
    assert part.lines() == late


def test_what_comes_after_the_end_is_not_read(tmp_path: Path) -> None:
    file, early = tmp_path / "x.jsonl", text(served(1))
    file.write_bytes(early + text(served(2)))
    assert LogSlice("front", file, 0, len(early)).lines() == early


def test_a_file_that_shrank_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b"{}\n")
    with pytest.raises(ValueError, match="shorter than 100 bytes"):
        LogSlice("front", tmp_path / "x.jsonl", 0, 100).lines()


STAMP = "2026-11-23T02:45:01.500Z"


def test_all_lines_of_a_told_trace_are_given_and_no_others(tmp_path: Path) -> None:
    line = {"at": STAMP, "took": 250, "message": "did it"}
    other = {
        "at": STAMP,
        "event.id": "n1",
        "event.action": "thought",
        "trace.id": "t1",
        "message": "hm",
        "log.level": "warning",
    }
    told = read(tmp_path, front=text(served(1, **line), other, served(2, **line)), back=text(called(1, **line))).told
    assert [(each.service, each.kind, each.seconds, each.level, each.message) for each in told] == [
        ("front", "served", 0.25, "info", "did it"),
        ("front", "", None, "warning", "hm"),
        ("back", "called", 0.25, "info", "did it"),
    ]
    assert {each.at for each in told} == {1795401901.5}


@pytest.mark.parametrize("at", [None, "yesterday"], ids=["absent", "no timestamp"])
def test_a_line_without_a_time_cannot_be_told(tmp_path: Path, at: str | None) -> None:
    assert read(tmp_path, front=text(served(1, at=at))).told == []


def test_a_time_may_be_a_number(tmp_path: Path) -> None:
    (line,) = read(tmp_path, front=text(served(1, at=1795401901.5))).told
    assert line.at == 1795401901.5


def test_a_duration_that_is_none_is_not_known(tmp_path: Path) -> None:
    (line,) = read(tmp_path, front=text(served(1, at=STAMP, took="long"))).told
    assert line.seconds is None


def plain(folder: Path, data: bytes, **roles: Any) -> ServiceLog:
    """The log of a service whose lines have fewer roles."""
    file = folder / "a.jsonl"
    file.write_bytes(data)
    own = Roles.model_validate({"log": {"server_request": {"route": "page", "status": "code"}}, **roles})
    return read_logs([LogSlice("a", file, 0, len(data))], {"a": own}, entry="a").services["a"]


PAGE = {"page": "/items/<int:item>", "code": 200}


def test_without_an_event_a_line_is_a_request_if_it_has_the_fields(tmp_path: Path) -> None:
    log = plain(tmp_path, text(PAGE, {"page": "/b"}, {"code": 200}, {"text": "hello"}, {**PAGE, "code": 404}))
    route = "/items/{item}"
    assert log.requests == {RequestKey(ANY, route, "200"): 1, RequestKey(ANY, route, "404"): 1}
    assert (log.lines, log.malformed) == (5, 0)


def test_lines_of_ignored_routes_are_no_requests_but_lines(tmp_path: Path) -> None:
    log = plain(tmp_path, text(PAGE, {**PAGE, "page": "/metrics"}), ignored_routes=["/metrics"])
    assert (log.requests.total(), log.lines, log.malformed) == (1, 2, 0)


@pytest.mark.parametrize("line", [b"not json", b"[1]", b'"text"', b"5"])
def test_without_event_ids_a_line_is_malformed_if_it_is_no_object(tmp_path: Path, line: bytes) -> None:
    log = plain(tmp_path, text(PAGE, line))
    assert (log.lines, log.malformed, log.requests.total()) == (2, 1, 1)


def test_lines_of_which_nothing_has_a_role_are_lines(tmp_path: Path) -> None:
    log = plain(tmp_path, text({"a": 1}, b"x"), log={})
    assert (log.lines, log.malformed, log.errors, log.requests) == (2, 1, 0, {})


def test_levels_may_be_numbers(tmp_path: Path) -> None:
    log = plain(tmp_path, text({"lvl": 30}, {"lvl": 50}), log={"level": "lvl", "error_levels": ["40", "50"]})
    assert log.errors == 1


def test_services_may_name_their_fields_differently(tmp_path: Path) -> None:
    slices, roles = [], {}
    for service, route in (("a", "page"), ("b", "handler")):
        file = tmp_path / f"{service}.jsonl"
        file.write_bytes(text({route: "/x", "code": 200}))
        slices.append(LogSlice(service, file, 0, file.stat().st_size))
        roles[service] = Roles.model_validate({"log": {"server_request": {"route": route, "status": "code"}}})
    found = read_logs(slices, roles, entry="a").services
    assert found["a"].requests == found["b"].requests == {RequestKey(ANY, "/x", "200"): 1}
