"""Draws what docs/how-to/show-dashboards.md shows: dashboards as a run's report.html draws them, in Chromium.

python docs/dashboard_pictures.py runs/latest docs
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

COLOURS = 96


class Picture(NamedTuple):
    """Its file, the dashboard's title, and on what it is looked at."""

    file: str
    title: str
    scheme: Literal["light", "dark"]
    width: int
    height: int


PICTURES = (
    Picture("dashboards.png", "Fleet overview", "light", 1200, 940),
    Picture("dashboards-dark.png", "Service", "dark", 1200, 940),
    Picture("dashboards-phone.png", "User journeys", "light", 390, 844),
)


def main() -> None:
    """Take all of them, and store them with few colours."""
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
            page.get_by_role("tab", name=each.title, exact=True).click()
            page.locator(".panels").evaluate("panels => panels.scrollIntoView()")
            page.wait_for_timeout(500)
            page.screenshot(path=str(folder / each.file))
            page.close()
        browser.close()
    for each in PICTURES:
        file = folder / each.file
        Image.open(file).convert("RGB").quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    main()
