"""The live page in a real browser, before a fleet that runs: what it draws, how it fits, and how it tells of an end."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from browser import browser
from playwright.sync_api import Browser, Page, expect
from shop_stack import ShopStack, shop_stack
from stack_runs import STUB, Bench, await_ready, kill, run_ids, until

ROOT = Path(__file__).parents[1]
FLEET = yaml.safe_load((ROOT / "fleet" / "fleet.yml").read_text())
EDGES = {(name, callee) for name, service in FLEET["services"].items() for callee in service.get("calls", [])}
PATIENCE = 30_000
# A cancelled CI job is told again after this many seconds.
GRACE = 7.5
PHONE = {"width": 375, "height": 812}
# Everything that reaches beyond the window and is not within a part that scrolls by itself.
OVERFLOWING = """() => [...document.querySelectorAll("body *")]
    .filter((each) => !each.closest(".scroll, .log, .panel-scroll, .panel-log") && each.getBoundingClientRect().right > innerWidth + 0.5)
    .map((each) => `${each.tagName} ${each.id} ${each.className.baseVal ?? each.className}`)"""


@dataclass
class Looked:
    """A page that is open, with what its console said."""

    page: Page
    said: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def rows(self, table: str) -> list[list[str]]:
        cells: list[list[str]] = self.page.eval_on_selector_all(
            f"#{table} tbody tr", "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
        )
        return cells


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@contextmanager
def looking(chromium: Browser, url: str, **how: Any) -> Iterator[Looked]:
    context = chromium.new_context(**how)
    try:
        looked = Looked(context.new_page())
        looked.page.on("console", lambda message: looked.said.append(f"{message.type}: {message.text}"))
        looked.page.on("pageerror", lambda error: looked.said.append(str(error)))
        looked.page.goto(url)
        yield looked
    finally:
        context.close()


def page_of(run_dir: Path) -> str:
    url: str = json.loads((run_dir / "run.json").read_text())["page"]
    return url


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[ShopStack]:
    """The shop under a load; the browser comes first, so that without one nothing is started."""
    del chromium
    with shop_stack(tmp_path_factory.mktemp("live")) as stack:
        bench = Bench(stack.run_dir.parent, ROOT / "seatrial.yml")
        load = bench.start("load", str(ROOT / "e2e" / "profiles" / "looked-at.yml"))
        try:
            yield stack
        finally:
            load.terminate()
            load.communicate()


@pytest.fixture(scope="module")
def loaded(shop: ShopStack, chromium: Browser) -> Iterator[Looked]:
    with looking(chromium, page_of(shop.run_dir), viewport={"width": 1280, "height": 900}) as looked:
        looked.page.wait_for_function(
            "() => [...document.querySelectorAll('#services tbody tr td:nth-child(3)')].some((cell) => Number(cell.textContent) > 10)",
            timeout=PATIENCE,
        )
        yield looked


def test_the_graph_has_every_service_and_every_call(loaded: Looked) -> None:
    names = loaded.page.locator("#graph .service .name").all_text_contents()
    assert sorted(names) == sorted(FLEET["services"])
    titles = loaded.page.locator("#graph .call title").all_text_contents()
    assert {tuple(title.split(":")[0].split(" to ")) for title in titles} == EDGES
    assert {(caller, callee) for caller, callee, *_ in loaded.rows("calls")} == EDGES


def test_figures_of_the_fleet_appear_under_load(loaded: Looked) -> None:
    services = {name: cells for name, *cells in loaded.rows("services")}
    ready, rate, errors, p50, p95, _, busy, cpu, memory = services[FLEET["entry"]]
    assert ready == "1/1"
    assert float(rate) > 10
    assert errors == "0"
    assert re.fullmatch(r"[\d.]+ ms", p50)
    assert re.fullmatch(r"[\d.]+ (ms|s)", p95)
    assert re.fullmatch(r"[\d.]+ %", busy)
    assert float(cpu) > 0
    assert re.fullmatch(r"\d+ MB", memory)


def test_figures_of_calls_appear_at_their_lines(loaded: Looked) -> None:
    told = [cells for cells in loaded.rows("calls") if cells[2][0].isdigit()]  # a call that was not made yet has none
    busiest = max(told, key=lambda cells: float(cells[2]))
    assert float(busiest[2]) > 1
    shown = loaded.page.locator("#graph .call:not(.idle) text").all_text_contents()
    assert any(re.fullmatch(r"[\d.]+/s", text) for text in shown)
    assert any(re.fullmatch(r"[\d.]+ ms", text) for text in shown)


def test_charts_are_drawn_over_time(loaded: Looked) -> None:
    titles = loaded.page.locator("#charts figcaption b").all_text_contents()
    assert titles == ["Requests per second", "Latency", "Errors per second"]
    loaded.page.wait_for_function("() => document.querySelector('#charts path.one').getAttribute('d').includes('L')")


def test_a_charts_cursor_moves_by_arrow_keys(loaded: Looked) -> None:
    loaded.page.wait_for_function("() => document.querySelector('#charts path.one').getAttribute('d').includes('L')")
    plots = loaded.page.locator("#charts .plot")
    plots.first.focus()
    loaded.page.keyboard.press("Home")
    assert "at 0:" in loaded.text("#charts figure:first-child figcaption")
    assert loaded.page.locator("#charts .cursor").count() == plots.count()
    loaded.page.keyboard.press("Tab")
    assert loaded.page.locator("#charts .cursor").count() == 0


def test_services_are_reached_by_keyboard_and_stand_out(loaded: Looked) -> None:
    services = loaded.page.locator("#graph .service")
    assert services.evaluate_all("each => each.every((one) => one.tabIndex === 0)")
    services.first.focus()
    assert loaded.page.locator("#graph .call.dim").count() > 0
    services.first.blur()
    assert loaded.page.locator("#graph .dim").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_by_everybody(scheme: Any, shop: ShopStack, chromium: Browser) -> None:
    with looking(chromium, page_of(shop.run_dir), color_scheme=scheme) as looked:
        expect(looked.page.locator("#graph .service")).to_have_count(len(FLEET["services"]))
        looked.page.wait_for_selector("#services tbody tr")
        found = Axe().run(looked.page).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


def test_dark_is_dark(shop: ShopStack, chromium: Browser) -> None:
    with looking(chromium, page_of(shop.run_dir), color_scheme="dark") as looked:
        colour = looked.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(map(int, re.findall(r"\d+", colour)[:3])) < 60


@pytest.mark.parametrize(
    "size", [PHONE, {"width": 320, "height": 640}, {"width": 1280, "height": 800}], ids=lambda each: each["width"]
)
def test_nothing_overflows(size: Any, shop: ShopStack, chromium: Browser) -> None:
    with looking(chromium, page_of(shop.run_dir), viewport=size) as looked:
        looked.page.wait_for_selector("#calls tbody tr")
        looked.page.locator("#dashboards-card").scroll_into_view_if_needed()
        looked.page.wait_for_selector("#panel-board article")
        assert looked.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert looked.page.evaluate(OVERFLOWING) == []
        assert looked.said == []


def test_it_keeps_what_secrets_there_are(shop: ShopStack) -> None:
    served = "".join(fetch(page_of(shop.run_dir) + path) for path in ("live.json", "fleet.json"))
    secrets = [file.read_text() for file in (shop.run_dir / "secrets").iterdir()]
    secrets += re.findall(r'"(eyJ[^"]+)"', (shop.run_dir / "identities.json").read_text())
    assert len(secrets) > 10
    assert [secret for secret in secrets if secret in served] == []


@pytest.mark.parametrize(
    "method, path, host, status",
    [
        ("GET", "/nothing", None, 404),
        ("GET", "/live.json?after=x", None, 400),
        ("GET", "/live.json", "evil.example", 421),
        ("POST", "/live.json", None, 405),
        ("DELETE", "/", None, 405),
        ("BREW", "/", None, 405),
        ("HEAD", "/", None, 405),
    ],
)
def test_it_is_only_looked_at_and_only_from_here(
    method: str, path: str, host: str | None, status: int, shop: ShopStack
) -> None:
    address = urlsplit(page_of(shop.run_dir)).netloc
    connection = HTTPConnection(address, timeout=5)
    connection.request(method, path, headers={"Host": host or address})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    assert answer.status == status
    assert "Traceback" not in body
    assert answer.getheader("Access-Control-Allow-Origin") is None


def test_it_listens_on_this_host_alone(shop: ShopStack) -> None:
    ports = {urlsplit(url).port for url in (page_of(shop.run_dir), shop.status["alertmanager"]["receiver_url"])}
    owner = psutil.Process(shop.status["owner_pid"])
    listening = [each.laddr for each in owner.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    assert {(each.ip, each.port) for each in listening} == {("127.0.0.1", port) for port in ports}


def test_the_console_had_nothing_to_say(loaded: Looked) -> None:
    assert loaded.said == []


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        text: str = answer.read().decode()
    return text


@pytest.fixture
def stub(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "runs", STUB / "seatrial.yml")


def test_a_prometheus_that_dies_is_told(stub: Bench, chromium: Browser) -> None:
    with stub.detached() as status, looking(chromium, page_of(Path(status["run_dir"]))) as looked:
        expect(looked.page.locator("#services tbody tr").first).to_be_visible(timeout=PATIENCE)
        expect(looked.page.locator("#obstacle")).to_be_hidden()
        kill(status["prometheus"]["pid"])
        expect(looked.page.locator("#obstacle")).to_contain_text("does not answer", timeout=PATIENCE)
        expect(looked.page.locator("#happened .bad")).to_contain_text("prometheus")
        assert [cells[1] for cells in looked.rows("services")] == ["1/1", "1/1"]
        assert looked.said == []


def test_lost_contact_is_told_when_the_owner_is_killed(stub: Bench, chromium: Browser) -> None:
    with stub.detached() as status, looking(chromium, page_of(Path(status["run_dir"]))) as looked:
        expect(looked.page.locator("#contact")).to_have_text("live", timeout=PATIENCE)
        kill(status["owner_pid"])
        expect(looked.page.locator("#notice")).to_contain_text("No contact since", timeout=PATIENCE)
        expect(looked.page.locator("#contact")).to_contain_text("no contact since")
    until(lambda: stub.leftovers() == [])


def test_a_stack_that_is_stopped_says_so_first(stub: Bench, chromium: Browser) -> None:
    with stub.detached() as status, looking(chromium, page_of(Path(status["run_dir"]))) as looked:
        expect(looked.page.locator("#contact")).to_have_text("live", timeout=PATIENCE)
        assert stub.call("down").returncode == 0
        expect(looked.page.locator("#notice")).to_contain_text(
            re.compile("No contact since|has ended"), timeout=PATIENCE
        )
    assert stub.leftovers() == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_an_interruption_with_a_page_open_leaves_nothing(
    ending: signal.Signals, stub: Bench, chromium: Browser
) -> None:
    with stub.foreground() as owner, looking(chromium, page_of(stub.runs / await_ready(stub.runs))) as looked:
        expect(looked.page.locator("#services tbody tr").first).to_be_visible(timeout=PATIENCE)
        began = time.monotonic()
        owner.send_signal(ending)
        assert owner.wait(10) == 130
        assert time.monotonic() - began < GRACE
        expect(looked.page.locator("#contact")).to_have_text(re.compile("no contact|ended"), timeout=PATIENCE)
    assert stub.leftovers() == []


def test_without_a_page_there_is_none(stub: Bench) -> None:
    with stub.detached("--no-page") as status:
        assert "page" not in json.loads((Path(status["run_dir"]) / "run.json").read_text())
        assert [
            each
            for each in psutil.Process(status["owner_pid"]).net_connections("tcp")
            if each.status == psutil.CONN_LISTEN
        ] == []


@pytest.mark.slow
def test_a_trial_shows_its_stages_and_ends_with_its_verdict(tmp_path: Path, chromium: Browser) -> None:
    bench = Bench(tmp_path / "runs", ROOT / "seatrial.yml")
    trial = subprocess.Popen(bench.command("trial", "smoke"), env=bench.variables(), stdout=subprocess.PIPE, text=True)
    try:
        until(
            lambda: any(
                "page" in json.loads((bench.runs / run / "run.json").read_text()) for run in run_ids(bench.runs)
            )
        )
        with looking(chromium, page_of(bench.runs / run_ids(bench.runs)[0])) as looked:
            expect(looked.page.locator("#stages .current")).to_contain_text("steady", timeout=2 * PATIENCE)
            expect(looked.page.locator("#charts figure")).to_have_count(4)
            expect(looked.page.locator("#limits li.good")).not_to_have_count(0)
            expect(looked.page.locator("#contact")).to_have_text("ended", timeout=2 * PATIENCE)
            output, _ = trial.communicate(timeout=30)
            assert looked.text("#verdict") == output.rstrip().splitlines()[-1]
            assert len(looked.rows("checks")) > 10
            assert looked.said == []
    finally:
        trial.kill()
        trial.communicate()
