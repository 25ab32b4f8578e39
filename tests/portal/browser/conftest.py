"""Fixtures of the browser tests: one Chromium, one portal with its cloud per module, and a new profile per test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.portal.browser.pages import Visitor
from tests.support.chromium import chromium
from tests.support.patience import PATIENCE_SECONDS
from tests.support.portal_cloud import PortalCloud, portal_cloud

# Short pauses of the function, and deferrals that last long enough to be seen and short enough to be awaited.
SETTINGS = {
    "EXPRESS_SYNC_BACKOFF_BASE_SECONDS": "0.01",
    "EXPRESS_SYNC_BACKOFF_CAP_SECONDS": "0.05",
    "EXPRESS_SYNC_DEFER_BASE_SECONDS": "4",
    "EXPRESS_SYNC_DEFER_CAP_SECONDS": "4",
    "EXPRESS_SYNC_LATE_PAUSE_SECONDS": "0.1",
}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Run a Chromium."""
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalCloud]:
    """Run a portal with a cloud."""
    with portal_cloud(tmp_path_factory.mktemp("portal"), SETTINGS) as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, portal: PortalCloud) -> Iterator[Visitor]:
    """Return somebody who can open pages with a new browser profile; no page may have an error."""
    with Visitor.of(browser, portal.url) as somebody:
        yield somebody
    assert somebody.errors == []


@pytest.fixture
def page(visitor: Visitor) -> Page:
    """Return a page on which the operator is signed in."""
    return visitor.signed_in()
