from __future__ import annotations

import json
from typing import Any

import pytest

from seatrial.live.server import FILES, LOOKING_SECONDS, Site

HOST, PORT = "127.0.0.1:8123", 8123


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def site(phase: str = "running", clock: Clock | None = None) -> Site:
    return Site(lambda: {"fleet": "shop"}, lambda after: {"after": after, "phase": phase}, clock or Clock())


@pytest.mark.parametrize("path", FILES)
def test_every_file_of_the_page_is_there_and_refers_to_nothing_elsewhere(path: str) -> None:
    answer = site().answer(path, HOST, PORT)
    assert answer.status == 200
    body = answer.body.decode().replace("http://www.w3.org/2000/svg", "")
    assert "http:" not in body
    assert "https:" not in body


@pytest.mark.parametrize(
    "target, after", [("/live.json", 0), ("/live.json?after=17", 17), ("/live.json?after=&x=1", 0)]
)
def test_the_state_comes_after_a_number(target: str, after: int) -> None:
    answer = site().answer(target, HOST, PORT)
    assert (answer.status, json.loads(answer.body)["after"]) == (200, after)


@pytest.mark.parametrize(
    "target, status",
    [
        ("/nothing", 404),
        ("/live.css/", 404),
        ("/../server.py", 404),
        ("/page/index.html", 404),
        ("/%2e%2e/errors.py", 404),
        ("/live.json?after=x", 400),
        ("/live.json?after=-1", 400),
        ("/live.json?after=%D9%A1", 400),
        ("/live.json?after=" + "9" * 500, 400),
        ("//elsewhere/live.json", 400),
        ("http://elsewhere/", 400),
        ("*", 400),
        ("/\x00", 404),
        ("//[", 400),
        ("/live.json?after[]=%", 200),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(target: str, status: int) -> None:
    answer = site().answer(target, HOST, PORT)
    assert answer.status == status
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize("host", ["", "evil.example", "evil.example:8123", "127.0.0.1", "127.0.0.1:80", "[::1]:8123"])
@pytest.mark.parametrize("target", ["/", "/live.json", "/fleet.json"])
def test_another_host_is_misdirected(target: str, host: str) -> None:
    answer = site().answer(target, host, PORT)
    assert answer.status == 421
    assert b"fleet" not in answer.body


def test_localhost_is_this_host() -> None:
    assert site().answer("/", f"localhost:{PORT}", PORT).status == 200


def test_only_who_asks_for_the_state_looks() -> None:
    clock = Clock()
    made = site(clock=clock)
    made.answer("/", HOST, PORT)
    assert not made.looked_at
    made.answer("/live.json", HOST, PORT)
    assert made.looked_at
    clock.now += LOOKING_SECONDS
    assert not made.looked_at


@pytest.mark.parametrize("target, host", [("/live.json?after=x", HOST), ("/live.json", "evil.example")])
def test_who_is_refused_does_not_count_as_looking(target: str, host: str) -> None:
    made = site()
    made.answer(target, host, PORT)
    assert not made.looked_at


@pytest.mark.parametrize("phase, told", [("running", False), ("ended", True)])
def test_it_is_known_when_the_end_was_fetched(phase: str, *, told: bool) -> None:
    made = site(phase)
    made.answer("/live.json", HOST, PORT)
    assert made.told_end.is_set() == told


def test_what_never_changes_is_made_once() -> None:
    made: list[dict[str, Any]] = []

    def fleet() -> dict[str, Any]:
        made.append({"fleet": "shop"})
        return made[-1]

    asked = Site(fleet, lambda _: {})
    assert [asked.answer("/fleet.json", HOST, PORT).status for _ in range(3)] == [200] * 3
    assert len(made) == 1
