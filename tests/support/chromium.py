"""Chromium for tests, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.support.required import unavailable

NAMES = ("chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "google-chrome-stable")


def executable() -> str:
    """Return the path of a Chromium, that in $CHROMIUM first."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    return found or unavailable("Chromium is not installed; `make test-browser` installs it where it can")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium."""
    path = executable()
    with sync_playwright() as playwright:
        # Chromium refuses to run its sandbox as root; the pages are the repository's own.
        browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=False)
        yield browser
        browser.close()
