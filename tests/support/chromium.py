"""Chromium for tests, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "google-chrome-stable")
MISSING = "Chromium is not installed; `make test-browser` installs it where it can"


def executable() -> str | None:
    """Return the path of a Chromium, that in $CHROMIUM first."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium. Without one the test is skipped, and in continuous integration it fails."""
    path = executable()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    with sync_playwright() as playwright:
        # Chromium refuses to run its sandbox as root; the pages are the repository's own.
        browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=False)
        yield browser
        browser.close()
