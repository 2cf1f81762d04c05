"""The report of a real run in a real browser: it fits, it is quiet, it can be read and used by everybody."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import browser
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
SEATRIAL = Path(sys.executable).parent / "seatrial"
LARGEST = 2_000_000
PHONE, DESK = 375, 1280
EVENTS_HEIGHT, CHART_HEIGHT = 80, 190
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
CHARTS = "[...Bokeh.documents].flatMap((each) => [...each.all_models]).filter((model) => model.type === 'Figure')"
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
HIDDEN = """[...document.querySelectorAll('a, button:not([role=tab]), summary')].filter((each) => each.tabIndex < 0).length"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def report(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a trial whose catalog fails now and then, so that everything that can be shown is there to be shown."""
    del chromium  # without a browser no trial is worth its time
    runs = tmp_path_factory.mktemp("runs").resolve()
    command = [SEATRIAL, "trial", "smoke", "--fault", "errors=0.1@catalog", "--runs", runs]
    for _ in range(3):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
        assert done.returncode == 1, done.stdout + done.stderr
        if json.loads((runs / "latest" / "verdict.json").read_text())["load"]["valid"]:
            break  # else the machine kept the generator from its work, and of requests nothing was judged
    return runs / "latest" / "report.html"


@contextmanager
def opened(
    chromium: Browser, file: Path, *, width: int = DESK, scheme: Any = "light", script: bool = True
) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script, offline=True
    )
    said: list[str] = []
    try:
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri())
        if script:
            page.wait_for_selector("html[data-drawn]")
        yield page
        assert said == []
    finally:
        context.close()


def test_it_is_one_small_file(report: Path) -> None:
    assert report.stat().st_size < LARGEST


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, 768, DESK])
def test_nothing_overflows_and_the_console_is_quiet(chromium: Browser, report: Path, width: int, scheme: str) -> None:
    with opened(chromium, report, width=width, scheme=scheme) as page:
        assert page.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_by_the_rules_of_wcag_aa(chromium: Browser, report: Path, scheme: str) -> None:
    with opened(chromium, report, scheme=scheme) as page:
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        found = Axe().run(page, options=RULES)
        assert {
            each["id"]: [node["html"][:200] for node in each["nodes"][:3]] for each in found.response["violations"]
        } == {}


def test_axe_would_notice(chromium: Browser, report: Path) -> None:
    with opened(chromium, report) as page:
        page.evaluate("document.querySelector('h1').style.color = '#fbe0de'")
        assert "color-contrast" in {each["id"] for each in Axe().run(page, options=RULES).response["violations"]}


def test_the_reason_is_on_the_first_screen(chromium: Browser, report: Path) -> None:
    with opened(chromium, report) as page:
        for text in ("FAIL: ", "More requests failed than allowed", "errors.all", "Not checked"):
            box = page.get_by_text(text).first.bounding_box()
            assert box is not None
            assert box["y"] < 900


def test_without_javascript_the_verdict_and_all_tables_are_there(chromium: Browser, report: Path) -> None:
    wanted = ("More requests failed than allowed", "The charts need JavaScript", "view-product", "the entry counted")
    with opened(chromium, report, script=False) as page:
        seen = page.locator("strong, p, th, td")
        assert [words for words in wanted if not seen.get_by_text(words).first.is_visible()] == []


def test_the_keyboard_reaches_everything_and_zooms_all_charts(chromium: Browser, report: Path) -> None:
    with opened(chromium, report) as page:
        assert page.evaluate(HIDDEN) == 0
        page.get_by_role("button", name="Closer").focus()
        before = page.evaluate(f"{CHARTS}.map((chart) => chart.x_range.end - chart.x_range.start)")
        page.keyboard.press("Enter")
        after = page.evaluate(f"{CHARTS}.map((chart) => chart.x_range.end - chart.x_range.start)")
        halved = [round(late / early, 3) for early, late in zip(before, after, strict=True)]
        assert halved.count(0.5) == len(halved) - 1 >= 9  # the distribution runs over latency, not over time
        page.get_by_role("button", name="Whole run").press("Enter")
        assert page.evaluate(f"{CHARTS}.map((chart) => chart.x_range.end - chart.x_range.start)") == before


def test_dragging_in_one_chart_zooms_all_and_hovering_tells_figures(chromium: Browser, report: Path) -> None:
    with opened(chromium, report) as page:
        page.evaluate("document.getElementById('course-charts').scrollIntoView()")
        box = page.locator("#course-charts").bounding_box()
        assert box is not None
        whole = page.evaluate(f"{CHARTS}[0].x_range.end")
        x, y = box["x"] + box["width"] / 2, box["y"] + EVENTS_HEIGHT + CHART_HEIGHT * 2 / 3
        page.mouse.move(x, y)
        page.wait_for_selector("text=requests due:")
        page.mouse.down()
        page.mouse.move(x + 150, y, steps=5)
        page.mouse.up()
        page.wait_for_function(f"{CHARTS}.filter((chart) => chart.x_range.end < {whole}).length >= 9")


def test_printed_everything_is_unfolded_and_nothing_is_cut_off(chromium: Browser, report: Path) -> None:
    with opened(chromium, report) as page:
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0
        assert len(page.pdf(format="A4")) > 50_000
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert page.locator("details:not([open])").count() > 0


def test_what_failed_is_shown_with_its_log_lines(chromium: Browser, report: Path) -> None:
    with opened(chromium, report) as page:
        failed = page.locator("details", has_text="Failed: ").first
        assert failed.locator(".bar.bad").count() > 0
        lines = failed.locator("summary", has_text="log lines").first
        lines.click()
        assert failed.get_by_text("InjectedError").count() + failed.get_by_text("500").count() > 0
