import json
from typing import Any

import pytest

from seatrial.init.log_fields import Known, LogShape, read_shape

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
KNOWN = Known(TRACE, SPAN, "GET", 200)
ECS = {
    "@timestamp": "2026-11-25T10:00:00.1Z",
    "log.level": "info",
    "message": "GET /items",
    "event.action": "request",
    "event.id": "e1",
    "trace.id": TRACE,
    "span.id": "00f067aa0ba902b7",
    "parent.id": SPAN,
    "http.request.method": "GET",
    "http.route": "/items",
    "http.response.status_code": 200,
}
OWN = {"ts": 1.7e9, "lvl": "INFO", "msg": "served", "rid": TRACE, "verb": "GET", "rule": "/items", "code": "200"}


def shape(*lines: dict[str, Any], known: tuple[Known, ...] = ()) -> LogShape:
    found = read_shape("\n".join(map(json.dumps, lines)), known)
    assert isinstance(found, LogShape)
    return found


def test_ecs_fields_are_known_by_name() -> None:
    found = shape(ECS, {**ECS, "event.id": "e2", "event.action": "start", "http.response.status_code": None})
    assert found.fields == {
        "timestamp": "@timestamp",
        "level": "log.level",
        "message": "message",
        "trace": "trace.id",
        "span": "span.id",
        "parent": "parent.id",
        "event_id": "event.id",
        "method": "http.request.method",
        "route": "http.route",
        "status": "http.response.status_code",
        "event": "event.action",
    }
    assert found.request_event == "request"


def test_own_names_are_found_by_what_was_sent() -> None:
    found = shape(OWN, known=(KNOWN,))
    assert {role: found.fields[role] for role in ("timestamp", "level", "trace", "method", "route", "status")} == {
        "timestamp": "ts",
        "level": "lvl",
        "trace": "rid",
        "method": "verb",
        "route": "rule",
        "status": "code",
    }


def test_a_field_that_does_not_repeat_the_trace_is_no_trace() -> None:
    found = shape({**OWN, "trace_id": "f" * 32}, known=(KNOWN,))
    assert found.fields["trace"] == "rid"


@pytest.mark.parametrize(
    "levels, errors",
    [
        (["INFO"], ("ERROR", "CRITICAL", "FATAL")),
        (["info", "error"], ("error", "critical", "fatal")),
        (["Info"], ("Error", "Critical", "Fatal")),
    ],
)
def test_error_levels_are_written_as_the_service_writes(levels: list[str], errors: tuple[str, ...]) -> None:
    assert shape(*({"level": level} for level in levels)).error_levels == errors


@pytest.mark.parametrize(
    "line, role",
    [
        ({"level": "purple"}, "level"),
        ({"time": "noon"}, "timestamp"),
        ({"status": "done"}, "status"),
        ({"method": "transfer"}, "method"),
        ({"trace_id": "-"}, "trace"),
    ],
)
def test_a_name_alone_is_not_enough(line: dict[str, Any], role: str) -> None:
    assert role not in shape(line).fields


def test_an_id_that_repeats_is_none() -> None:
    assert "event_id" not in shape({"id": "1"}, {"id": "1"}).fields


def test_an_id_that_some_lines_lack_is_none() -> None:
    assert "event_id" not in shape({"id": "1"}, {"msg": "x"}).fields


def test_a_field_that_shows_the_route_says_how_it_names_each_template() -> None:
    known = Known(TRACE, SPAN, "GET", 200, "/items/{item_id}", "/items/7")
    found = shape({**OWN, "rule": "/items/<item_id>"}, known=(known,))
    assert found.named == (("/items/{item_id}", "/items/7", "/items/<item_id>"),)


def test_an_event_that_other_lines_share_marks_no_request() -> None:
    found = shape({"event": "x", "status": 200}, {"event": "x"})
    assert (found.request_event, "event" in found.fields) == ("", False)


def test_nested_fields_are_told_and_not_read() -> None:
    assert any("http is nested" in each for each in shape({"http": {"method": "GET"}, "level": "info"}).said)


@pytest.mark.parametrize(
    "text, reason",
    [("", "it is empty"), ('started\n{"level": "info"}', "1 of 2 lines are no JSON objects, as 'started'")],
)
def test_a_log_that_cannot_be_used_says_why(text: str, reason: str) -> None:
    assert reason in str(read_shape(text))


def test_without_a_trace_a_line_is_known_by_route_and_status() -> None:
    known = Known(TRACE, SPAN, "GET", 200, "/items/{id}", "/items/7")
    line = {"asked": "GET", "view": "/items/<int:pk>", "answer": 200, "took": 200}
    found = shape(line, {"view": "boot"}, known=(known,))
    assert {role: found.fields.get(role) for role in ("trace", "parent", "method", "route", "status")} == {
        "trace": None,
        "parent": None,
        "method": "asked",
        "route": "view",
        "status": "answer",
    }


@pytest.mark.parametrize(
    "line, duration",
    [
        ({"event.duration": 5}, ("event.duration", "ns")),
        ({"millis": 0.5}, ("millis", "ms")),
        ({"duration_seconds": 1}, ("duration_seconds", "s")),
        ({"duration": 5}, None),
        ({"ms": "soon"}, None),
    ],
)
def test_a_duration_has_the_unit_that_its_name_says(line: dict[str, Any], duration: tuple[str, str] | None) -> None:
    assert shape(line).duration == duration


def test_levels_in_numbers_are_left_to_who_knows_them() -> None:
    found = shape({"lvl": 30})
    assert "level" not in found.fields
    assert found.said == ("lvl holds numbers; write level and error_levels if you know them",)
