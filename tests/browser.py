"""A real browser, where the machine has one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def browser_page(width: int, height: int) -> Iterator[Page]:
    """Open an empty page. Without a browser the test is skipped, with this reason; under CI it fails."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        why = f"no browser on this machine: none of {', '.join(BROWSERS)}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    with sync_playwright() as playwright:
        # A root user has no sandbox for a browser; loopback needs no proxy.
        window = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--no-proxy-server"])
        try:
            yield window.new_page(viewport={"width": width, "height": height})
        finally:
            window.close()
