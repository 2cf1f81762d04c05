"""Draws docs/report.png and docs/dashboards*.png from a run's report.html, in Chromium: `python docs/report_picture.py runs/latest docs`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

# It is mostly paper: few colours are enough.
COLOURS = 128


class Picture(NamedTuple):
    """Its file, on what the report is looked at, and which dashboard; without one the first screen."""

    file: str
    scheme: Literal["light", "dark"]
    width: int
    height: int
    dashboard: str = ""


PICTURES = (
    Picture("report.png", "light", 1200, 1240),
    Picture("dashboards.png", "light", 1200, 940, "Fleet overview"),
    Picture("dashboards-dark.png", "dark", 1200, 940, "Service"),
    Picture("dashboards-phone.png", "light", 390, 844, "User journeys"),
)


def main() -> None:
    """Take all of them."""
    run, folder = map(Path, sys.argv[1:3])
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium was found. Install it: apt-get install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for each in PICTURES:
            size = ViewportSize(width=each.width, height=each.height)
            page = browser.new_page(viewport=size, color_scheme=each.scheme)
            page.goto((run / "report.html").resolve().as_uri())
            page.wait_for_selector("html[data-drawn]")
            take(page, each, folder / each.file)
        browser.close()


def take(page: Page, picture: Picture, file: Path) -> None:
    """One of them, stored with few colours."""
    if picture.dashboard:
        page.get_by_role("tab", name=picture.dashboard, exact=True).click()
        page.locator(".panels").evaluate("panels => panels.scrollIntoView()")
    page.wait_for_timeout(1000)  # the charts settle their sizes
    page.screenshot(path=str(file))
    Image.open(file).convert("RGB").quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    main()
