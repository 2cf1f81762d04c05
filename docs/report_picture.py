"""Draws docs/report.png, the README's picture of a report: the first screen of a run's report.html, in Chromium.

python docs/report_picture.py runs/latest docs/report.png
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 1200, 1240
COLOURS = 128


def main() -> None:
    """Take the picture, and store it with few colours: it is mostly paper."""
    run, picture = map(Path, sys.argv[1:3])
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium was found. Install it: apt-get install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto((run / "report.html").resolve().as_uri())
        page.wait_for_selector("html[data-drawn]")
        page.wait_for_timeout(1000)  # the charts settle their sizes
        page.screenshot(path=str(picture))
        browser.close()
    Image.open(picture).convert("RGB").quantize(COLOURS).save(picture, optimize=True)


if __name__ == "__main__":
    main()
