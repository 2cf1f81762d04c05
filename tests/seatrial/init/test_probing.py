from collections.abc import Sequence
from pathlib import Path

import pytest
from fake_service import URL, FakeService, json_line

from seatrial.init.conclusions import Contract, conclude
from seatrial.init.probing import Probe, Probed
from seatrial.init.route import Route, Sample

ROUTES = (Route("/items"), Route("/items/{item_id}", (Sample({"item_id": "7"}),)))
RULES = {"/items": "/items", "/items/7": "/items/<int:item_id>"}


def probe(service: FakeService, routes: Sequence[Route] = ROUTES) -> Probed:
    logs = {"app.log": service.log} if service.log else {}
    return Probe("web", URL, service, [f"{URL}/metrics"], logs, sleep=lambda _: None).go(routes)


def contract(service: FakeService, routes: Sequence[Route] = ROUTES) -> Contract:
    return conclude(probe(service, routes))


def said(found: Contract, *, taken: bool) -> list[str]:
    return [each.what for each in found.remarks if each.taken is taken]


def test_each_route_is_asked_once_and_what_rose_is_noted() -> None:
    service = FakeService(RULES)
    found = probe(service)
    assert [(move.template, move.status, move.gained["hits_total"]) for move in found.moves] == [
        ("/items", 200, {(("verb", "GET"), ("rule", "/items"), ("code", "200")): 1.0}),
        ("/items/{item_id}", 200, {(("verb", "GET"), ("rule", "/items/<int:item_id>"), ("code", "200")): 1.0}),
    ]
    assert [path for path in service.asked if path != "/metrics"] == ["/items", "/items/7"]


def test_what_moves_by_reading_is_noise() -> None:
    assert probe(FakeService(RULES)).noise == {("hits_total", (("verb", "GET"), ("rule", "/metrics"), ("code", "200")))}


def test_a_service_that_does_not_answer_is_seen_not_to() -> None:
    silent = FakeService({}, url="http://127.0.0.1:1")
    assert [each.status for each in probe(silent).asked] == [None, None]


def test_metrics_that_are_rubbish_are_none() -> None:
    assert probe(FakeService(RULES, documents={"/metrics": "<html>hello</html>"})).metrics_url is None


def test_the_roles_of_a_service_with_names_of_its_own() -> None:
    assert contract(FakeService(RULES)).roles == {
        "server_requests": {"metric": "hits_total", "method": "verb", "route": "rule", "status": "code"},
        "process_start": "process_start_time_seconds",
        "ignored_routes": ["/metrics"],
    }


def test_a_service_that_does_not_count_its_readings_ignores_nothing() -> None:
    assert "ignored_routes" not in contract(FakeService(RULES, counts_itself=False)).roles


@pytest.mark.parametrize("rule", ["/items/7", "shop.item"], ids=["path", "view"])
def test_a_label_that_shows_no_route_is_not_compared(rule: str) -> None:
    found = contract(FakeService({**RULES, "/items/7": rule}))
    assert found.roles["server_requests"] == {"metric": "hits_total", "method": "verb", "status": "code"}
    assert f"the label rule: for /items/{{item_id}} it is {rule!r}, which is no route" in said(found, taken=False)


def test_an_answer_that_was_an_error_says_nothing_of_names() -> None:
    found = contract(FakeService({"/items": "/items"}))
    assert found.roles["server_requests"]["route"] == "rule"


def test_without_metrics_there_are_no_roles() -> None:
    found = contract(FakeService(RULES, metric=None))
    assert (found.roles, said(found, taken=False)) == ({}, ["metrics: none were found"])


def test_a_log_is_read_by_what_the_requests_left_in_it(tmp_path: Path) -> None:
    found = contract(FakeService(RULES, log=tmp_path / "app.log"))
    assert found.roles["log"] == {
        "level": "lvl",
        "event": "msg",
        "message": "msg",
        "trace": "trace",
        "parent": "caller",
        "error_levels": ["ERROR", "CRITICAL", "FATAL"],
        "server_request": {"event": "request", "method": "verb", "route": "rule", "status": "code"},
    }
    assert (found.log, found.logs_requests) == ("app.log", True)
    assert found.fields["code"] == "short"


def test_a_log_whose_readings_cannot_be_told_is_not_taken(tmp_path: Path) -> None:
    def line(_rule: str, _method: str, status: int, parent: str) -> str:
        return json_line("", "GET", status, parent).replace('"rule": "", ', "")

    found = contract(FakeService(RULES, log=tmp_path / "app.log", line=line))
    assert "log" not in found.roles
    assert any("it tells of each reading of the metrics" in each for each in said(found, taken=False))


def test_a_log_of_prose_is_not_taken(tmp_path: Path) -> None:
    found = contract(FakeService(RULES, log=tmp_path / "app.log", line=lambda *_: "served"))
    assert "log" not in found.roles
    assert any("no JSON objects, as 'served'" in each for each in said(found, taken=False))


def test_a_log_that_shows_paths_is_taken_without_them(tmp_path: Path) -> None:
    def line(rule: str, method: str, status: int, parent: str) -> str:
        return json_line(rule.replace("<int:item_id>", "7"), method, status, parent)

    found = contract(FakeService(RULES, log=tmp_path / "app.log", line=line, counts_itself=False))
    assert found.roles["log"]["server_request"] == {"event": "request", "method": "verb", "status": "code"}


def test_a_log_that_names_routes_unlike_the_metrics_is_taken_without_them(tmp_path: Path) -> None:
    def line(rule: str, method: str, status: int, parent: str) -> str:
        return json_line(rule.replace("item_id", "pk"), method, status, parent)

    found = contract(FakeService(RULES, log=tmp_path / "app.log", line=line, counts_itself=False))
    assert "route" not in found.roles["log"]["server_request"]
