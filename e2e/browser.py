"""A real browser for tests that look at pages: Debian's Chromium, driven by Playwright.

Without one such tests are skipped, with what to do; with SEATRIAL_BROWSER=required, as CI sets it, they fail.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from going_without import go_without
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
REMEDY = "no Chromium was found, so no page was looked at. Install it: apt-get install chromium."
# Chromium refuses to sandbox what root starts, and containers' /dev/shm is small.
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]


def executable() -> str:
    """Where the browser is; skips or fails the test where there is none."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        go_without(REMEDY, "SEATRIAL_BROWSER")
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    path = executable()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield opened
        finally:
            opened.close()
