"""Draws docs/live.png from a live page that is being served: `python docs/live_picture.py URL docs/live.png`."""

from __future__ import annotations

import shutil
import sys

from playwright.sync_api import ViewportSize, sync_playwright

SIZE = ViewportSize(width=1180, height=940)


def draw(url: str, file: str) -> None:
    """The first screen, once there are figures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.goto(url)
        page.wait_for_selector("#graph .call:not(.idle)")
        page.wait_for_timeout(3000)
        page.screenshot(path=file)
        browser.close()


if __name__ == "__main__":
    draw(*sys.argv[1:3])
