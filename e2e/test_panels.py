"""Every panel of every dashboard on a fleet that runs: what it asks is answered, and what it shows is drawn, here as in Grafana."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from browser import browser
from checkout import Checkout
from playwright.sync_api import Browser, Page, expect
from servers import elasticsearch_or_skip
from shop_stack import ShopStack, shop_stack
from stack_runs import Bench, until

from seatrial.panels.model import Dashboard, read_dashboards

ROOT = Path(__file__).parents[1]
DASHBOARDS = read_dashboards(ROOT / "observability" / "grafana" / "dashboards")
QUERIES = sum(len(panel.targets) for dashboard in DASHBOARDS for panel in dashboard.panels)
# What fills the panels that are empty while all is well.
DRILLS = sorted({panel.drill for each in DASHBOARDS for panel in each.panels if panel.drill})
PATIENCE = 30_000
SCREENS = {"light": {"width": 1280, "height": 900}, "dark": {"width": 375, "height": 812}}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def shop(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopStack]:
    """With its log pipeline, and under a load while it is looked at."""
    del chromium
    elasticsearch_or_skip()
    with shop_stack(tmp_path_factory.mktemp("panels"), "--faults", "--with", "elasticsearch") as stack:
        yield stack


def bench(shop: ShopStack, project: Path = ROOT / "seatrial.yml") -> Bench:
    return Bench(shop.run_dir.parent, project)


def proven(shop: ShopStack, project: Path = ROOT / "seatrial.yml") -> tuple[dict[str, Any], int, str]:
    file = shop.run_dir / "asked.json"
    done = bench(shop, project).call("render", "--live", "--json", str(file))
    assert file.exists(), done.stderr
    return json.loads(file.read_text()), done.returncode, done.stdout


@pytest.fixture(scope="module")
def healthy(shop: ShopStack) -> tuple[dict[str, Any], int, str]:
    """Asked after a light load, before anything is done to the fleet."""
    done = bench(shop).call("load", str(ROOT / "e2e" / "profiles" / "panels.yml"))
    assert done.returncode == 0, done.stderr
    return proven(shop)


@pytest.fixture(scope="module")
def drilled(shop: ShopStack, healthy: Any) -> tuple[dict[str, Any], int, str]:
    """Asked when that was done which fills what is empty while all is well."""
    del healthy
    command = bench(shop).command("drill", *DRILLS)
    done = subprocess.run(
        command, env=bench(shop).variables(), capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return proven(shop)


def test_every_query_of_a_healthy_fleet_is_answered_or_said_to_be_empty(healthy: tuple[Any, int, str]) -> None:
    document, code, said = healthy
    assert (document["empty"], document["refused"], document["not_asked"]) == ([], {}, {}), said
    assert document["asked"] == QUERIES
    assert code == 0


def test_what_is_empty_while_all_is_well_names_its_drill(healthy: tuple[Any, int, str]) -> None:
    document, _, said = healthy
    assert document["empty_when_healthy"]
    for name, drill in document["empty_when_healthy"].items():
        assert drill in DRILLS
        assert f"{name.partition(' / ')[2]}: empty while all is well, `seatrial drill {drill}` fills it" in said


def test_after_these_drills_every_query_is_answered(drilled: tuple[Any, int, str]) -> None:
    document, code, said = drilled
    assert (document["answered"], document["empty_when_healthy"], code) == (QUERIES, {}, 0), said


def test_a_panel_that_lies_is_seen(shop: ShopStack, drilled: Any, tmp_path: Path) -> None:
    del drilled
    Checkout.copy(tmp_path)
    file = tmp_path / "observability" / "grafana" / "dashboards" / "2-service.json"
    text = file.read_text()
    renamed = text.replace("store_lock_wait_seconds_sum", "store_wait_seconds_sum")
    file.write_text(renamed)
    document, code, said = proven(shop, tmp_path / "seatrial.yml")
    assert (document["empty"], code) == (["shop: Service / Waiting for the store"], 2)
    assert "no data: sum by (job) (rate(store_wait_seconds_sum" in said
    file.write_text(text.replace('"expr": "sum by (', '"expr": "sum buy (', 1))
    document, code, _ = proven(shop, tmp_path / "seatrial.yml")
    assert (len(document["refused"]), code) == (1, 1)


def test_a_request_in_a_chart_leads_to_its_log_lines(shop: ShopStack, drilled: Any) -> None:
    del drilled
    url, logs = shop.status["prometheus"]["url"], shop.status["elasticsearch"]
    asked = {
        "query": "http_server_request_duration_seconds_bucket",
        "start": str(time.time() - 600),
        "end": str(time.time()),
    }
    found = requests.get(f"{url}/api/v1/query_exemplars", params=asked, timeout=10).json()["data"]
    traces = [exemplar["labels"]["trace_id"] for series in found for exemplar in series["exemplars"]]
    assert traces
    search = requests.get(f"{logs['url']}/{logs['alias']}/_search", params={"q": f"trace.id:{traces[0]}"}, timeout=10)
    assert search.json()["hits"]["total"]["value"] > 0


@pytest.fixture(scope="module")
def live(shop: ShopStack, drilled: Any, chromium: Browser) -> Iterator[Page]:
    del drilled
    context = chromium.new_context(viewport=SCREENS["light"])  # type: ignore[arg-type]
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(json.loads((shop.run_dir / "run.json").read_text())["page"])
    yield page
    assert said == []
    context.close()


def choose(page: Page, dashboard: Dashboard) -> None:
    page.get_by_role("tab", name=dashboard.title.partition(": ")[2], exact=True).click()
    expect(page.locator("#panel-board article")).to_have_count(len(dashboard.panels), timeout=PATIENCE)
    expect(page.locator("#panel-board .panel-title").first).to_have_text(dashboard.panels[0].title, timeout=PATIENCE)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.name)
def test_the_live_page_draws_it(dashboard: Dashboard, live: Page) -> None:
    choose(live, dashboard)
    titles = live.locator("#panel-board .panel-title").all_text_contents()
    assert titles == [panel.title for panel in dashboard.panels]
    expect(live.locator("#panel-board .panel-note", has_text="No data.")).to_have_count(0)
    expect(live.locator("#panel-board .panel-note", has_text="Not known")).to_have_count(0)


def test_the_live_page_shows_budgets_and_alerts(live: Page) -> None:
    expect(live.locator("#promises .panel-title")).to_have_text(
        ["Firing alerts", "Budgets spent, since the stack is up"], timeout=PATIENCE
    )
    budgets = live.locator("#promises .panel-bars li span").all_text_contents()
    assert "orders availability" in budgets


def test_an_alert_that_fires_is_shown(live: Page, shop: ShopStack) -> None:
    """A target is taken away and given back, as the drill does it."""
    file = shop.run_dir / "metrics" / "prometheus" / "targets" / "activity.json"
    kept = file.read_text()
    file.unlink()
    try:
        expect(live.locator("#promises td", has_text="ScrapeGap").first).to_be_visible(timeout=2 * PATIENCE)
    finally:
        file.write_text(kept)
    expect(live.locator("#promises td", has_text="ScrapeGap")).to_have_count(0, timeout=2 * PATIENCE)


@pytest.mark.parametrize("scheme", SCREENS)
def test_dashboards_can_be_read_by_everybody(scheme: Any, shop: ShopStack, chromium: Browser, drilled: Any) -> None:
    """By day on a desk and by night on a phone."""
    del drilled
    context = chromium.new_context(viewport=SCREENS[scheme], color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.goto(json.loads((shop.run_dir / "run.json").read_text())["page"])
        for dashboard in DASHBOARDS:
            choose(page, dashboard)
            assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS[scheme]["width"]
            found = Axe().run(page).response["violations"]
            assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    finally:
        context.close()


def test_a_charts_cursor_moves_by_arrow_keys_and_stays(live: Page) -> None:
    choose(live, DASHBOARDS[0])
    chart = live.locator("#panel-board .panel-plot").first
    chart.focus()
    live.keyboard.press("ArrowLeft")
    until(lambda: " at " in (chart.get_attribute("aria-label") or ""))
    live.wait_for_timeout(3_000)  # the page has asked again meanwhile
    expect(chart.locator(".cursor")).to_have_count(1)
