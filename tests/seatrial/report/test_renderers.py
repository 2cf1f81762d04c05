from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from seatrial.checks.figures import figure
from seatrial.checks.finding import Finding, Verdict
from seatrial.load.course import LoadSecond
from seatrial.report import wording
from seatrial.report.events import (
    Event,
    FindingReached,
    FleetSeen,
    LoadProgress,
    Note,
    ProcessLost,
    Renderer,
    ReplicaReady,
    ReplicaRestarted,
    RunStarted,
    ServiceSeen,
    StackReady,
    StepFinished,
    StepStarted,
    VerdictReached,
)
from seatrial.report.json_lines import JsonLinesRenderer
from seatrial.report.plain import PlainRenderer
from seatrial.report.renderers import choose_renderer
from seatrial.report.terminal import TerminalRenderer


def check(name: str, verdict: str = "PASS", unit: str = "s", reason: str = "") -> dict[str, Any]:
    numbers = (
        {"value": 0.04, "low": 0.03, "high": 0.05, "limit": 0.1}
        if unit
        else dict.fromkeys(("value", "low", "high", "limit"))
    )
    return {"name": name, "verdict": verdict, **numbers, "unit": unit, "samples": 4500, "reason": reason}


def document(verdict: str = "PASS", *checks: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": "r1",
        "verdict": verdict,
        "profile": "trial",
        "seed": 7,
        "populated": {"customers": 200, "password_hash": "argon2id"},
        "offered": {"journeys": 2000, "rate": 40.0},
        "load": {"valid": True, "lag_p50_seconds": 0.001, "lag_p99_seconds": 0.002, "shed": 0, "cpu": 0.2},
        "latency_seconds": {"p50": 0.01, "p95": 0.04, "p99": 1.5, "p999": None},
        "requests": 9412,
        "failures": 0,
        "checks": list(checks)
        or [check("latency.all.p95"), check("reconcile.client", unit="", reason="no difference")],
        "not_checked": [{"name": "latency.a", "reason": "no limit"}, {"name": "latency.b", "reason": "no limit"}],
        "services": [{"name": "front", "busy": 0.25, "cpu": 0.5, "rss_bytes": 1.0}],
        "nearest": {"instance": "front-1", "reason": "front-1: CPU 0.50 cores of 1.00 cores on average"},
        "measuring": [
            {"name": "generator", "cpu": 0.1, "rss_bytes": 9e7},
            {"name": "Prometheus", "cpu": None, "rss_bytes": None},
        ],
    }


def verdict(made: dict[str, Any]) -> VerdictReached:
    return VerdictReached(Verdict(made["verdict"]), made, {"verdict": "runs/r1/verdict.json"})


COURSE: list[Event] = [
    RunStarted("r1", "trial", 7, "runs/r1"),
    StepStarted("start the fleet"),
    StepFinished("start the fleet", 4.1, "5 services"),
    StepStarted("drive"),
    LoadProgress(1, 55, "ramp", 10, 30, 0, 0, 3),
    LoadProgress(2, 55, "ramp", 20, 90, 1, 2, 4, 0.05, offered=10, course=(LoadSecond(1, 10, 10.0, 9, 60, 1),)),
    FleetSeen(2.0, 5.0, (ServiceSeen("front", 2, 1, 2, 59.5, 0.4, 0.01, 0.031, 0.05, 0.85, 0.72, 84e6),), ()),
    ReplicaRestarted("front-1", 2.5),
    ProcessLost("front-2 worker", 71, None),
    StepFinished("drive", 55.0, ok=False),
    Note("cpu from the readings", warning=True),
    FindingReached(Finding("load.valid", Verdict.PASS, "fine")),
    verdict(document()),
]


STACK = {
    "run": "r1",
    "kind": "up",
    "state": "ready",
    "running": True,
    "entry_url": "http://u",
    "resident_bytes": 5_000_000,
    "services": [
        {
            "instance": "front-1",
            "ready": True,
            "url": "http://u",
            "admin_url": "http://x:81",
            "main_pid": 1,
            "worker_pid": 2,
        }
    ],
    "prometheus": {"url": "http://p", "pid": 3},
}


def shown(renderer: Renderer, stream: io.StringIO, *events: Event) -> str:
    with renderer:
        for event in events:
            renderer.show(event)
    return stream.getvalue()


def plain(*events: Event) -> str:
    stream = io.StringIO()
    return shown(PlainRenderer(stream), stream, *events)


def terminal(*events: Event, width: int = 110, interactive: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, highlight=False, force_terminal=interactive)
    return shown(TerminalRenderer(console, clock=lambda: 1.0), stream, *events)


RENDERERS = {"plain": plain, "terminal": terminal}


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize(
    "made, last",
    [
        (document(), "PASS: all 2 checks passed"),
        (document("FAIL", check("a", "FAIL"), check("b")), "FAIL: 1 of 2 checks failed: a"),
        (
            document("INCONCLUSIVE", *(check(name, "INCONCLUSIVE") for name in "abcde")),
            "INCONCLUSIVE: 5 of 5 checks could not be decided: a, b, c and 2 more",
        ),
    ],
    ids=["pass", "fail", "inconclusive"],
)
def test_the_verdict_is_the_last_line(name: str, made: dict[str, Any], last: str) -> None:
    lines = RENDERERS[name](verdict(made)).rstrip("\n").splitlines()
    assert last in lines[-1]


@pytest.mark.parametrize("name", RENDERERS)
def test_a_course_is_told_with_times_and_what_was_not_checked(name: str) -> None:
    text = RENDERERS[name](*COURSE)
    for words in ("start the fleet", "4.1 s", "5 services", "cpu from the readings", "latency.a, latency.b (no limit)"):
        assert words in text


@pytest.mark.parametrize("name", RENDERERS)
def test_red_checks_say_why_and_one_reason_stands_once(name: str) -> None:
    loud = [check(each, "INCONCLUSIVE", reason="the load is not valid") for each in ("a.x", "b.y")]
    stated = check("reconcile.client", "FAIL", unit="", reason="1 lost")
    text = RENDERERS[name](verdict(document("FAIL", *loud, stated)))
    assert text.count("the load is not valid") == 1
    assert "a.x, b.y: the load" in text
    assert "1 lost" in text


def test_not_checked_stands_on_the_first_screen() -> None:
    many = [check(f"latency.step{number}.p95") for number in range(40)]
    lines = terminal(verdict(document("PASS", *many))).splitlines()
    assert next(number for number, line in enumerate(lines) if "not checked" in line) < 20


def test_plain_lines_are_ascii_and_free_of_escapes() -> None:
    text = plain(*COURSE, Note("naïve ✓"))
    assert text.isascii()
    assert "\x1b" not in text


def test_plain_progress_comes_every_ten_seconds() -> None:
    progress = [LoadProgress(second, 55, "steady", 0, 0, 0, 0, 0) for second in range(25)]
    assert plain(*progress).count("steady") == 3


def test_the_terminal_shows_a_live_line_while_loading() -> None:
    text = terminal(*COURSE[:6], interactive=True)
    for words in ("2/55 s ramp", "53 s left", "10 journeys/s offered", "60 req/s", "1 failed", "2 shed", "4 in flight"):
        assert words in text


def test_the_terminal_shows_the_fleet_while_loading() -> None:
    text = terminal(*COURSE[:7], COURSE[5], interactive=True)
    for words in ("front", "1/2", "59.5", "0.4", "31 ms", "85%", "0.72", "84 MB"):
        assert words in text


def test_the_fleet_stays_below_while_the_stack_stands() -> None:
    text = terminal(StackReady(STACK), COURSE[6], interactive=True)
    assert "up for 0:00:00" in text
    assert text.rindex("59.5") > text.rindex("seatrial status r1")


def test_what_prometheus_does_not_show_is_said() -> None:
    blind = FleetSeen(1.0, 0.0, (ServiceSeen("front", 1, 1),), (), "Prometheus at http://p does not answer: X")
    text = terminal(COURSE[3], COURSE[4], blind, COURSE[5], interactive=True)
    assert "Prometheus at http://p does not answer" in text
    assert "1/1" in text


@pytest.mark.parametrize("name", ["plain", "terminal"])
def test_what_happens_to_processes_is_told(name: str) -> None:
    text = RENDERERS[name](ReplicaReady("front-1", 0.5), *COURSE[7:9])
    for words in (
        "front-1 is ready (0.5 s)",
        "front-1 was restarted, as planned",
        "front-2 worker (pid 71) ended by itself",
    ):
        assert words in text


@pytest.mark.parametrize("name", ["plain", "terminal"])
def test_a_stack_that_is_up_says_where_it_is_and_what_next(name: str) -> None:
    text = RENDERERS[name](StackReady(STACK))
    for words in ("front-1", "http://u", "http://p", "seatrial restart SERVICE --run r1", "seatrial down r1"):
        assert words in text


def test_markup_in_what_others_wrote_is_text() -> None:
    assert "[bold]oops[/x]" in terminal(StepFinished("step [a]", 1.0, "[bold]oops[/x]"), Note("[/]"))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_terminal_may_have_any_width(width: int) -> None:
    assert "PASS" in terminal(*COURSE, width=width)


def test_json_lines_are_one_object_each() -> None:
    stream = io.StringIO()
    lines = shown(JsonLinesRenderer(stream), stream, *COURSE).splitlines()
    assert [json.loads(line)["event"] for line in lines] == [type(event).__name__ for event in COURSE]


class Stream(io.StringIO):
    def __init__(self, *, tty: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self._tty, self._encoding = tty, encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a read-only attribute in typeshed's eyes
        return self._encoding

    def isatty(self) -> bool:
        return self._tty


@pytest.mark.parametrize(
    "stream, json_lines, color, expected",
    [
        (Stream(tty=True), False, None, TerminalRenderer),
        (Stream(tty=False), False, None, PlainRenderer),
        (Stream(tty=True), False, False, PlainRenderer),
        (Stream(tty=False), False, True, TerminalRenderer),
        (Stream(tty=True, encoding="latin-1"), False, None, PlainRenderer),
        (Stream(tty=True), True, None, JsonLinesRenderer),
    ],
    ids=["terminal", "pipe", "no colour wanted", "colour wanted", "no UTF-8", "JSON wanted"],
)
def test_the_stream_decides_how_it_looks(
    *,
    stream: Stream,
    json_lines: bool,
    color: bool | None,
    expected: type[Renderer],
) -> None:
    assert type(choose_renderer(stream, json_lines=json_lines, color=color)) is expected


@pytest.mark.parametrize(
    "value, unit, text",
    [(0.0413, "s", "41.3 ms"), (1.834, "s", "1.83 s"), (0.002, "ratio", "0.20 %"), (171.23, "1/s", "171.2/s"),
     (9412, "", "9 412"), (2.5, "", "2.5"), (84e6, "bytes", "84 MB"), (None, "s", ""), (float("inf"), "s", "")],
)  # fmt: skip
def test_figures(value: float | None, unit: str, text: str) -> None:
    assert figure(value, unit) == text


def test_a_verdict_over_nothing_says_so() -> None:
    assert (
        wording.headline(document() | {"verdict": "INCONCLUSIVE", "checks": []}) == "INCONCLUSIVE: nothing was checked"
    )
