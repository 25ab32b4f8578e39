"""Takes the pictures of the portal for the documentation: `python -m tests.portal.browser.screenshots FOLDER`."""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.portal.browser.pages import Visitor, fill_form, go
from tests.support.chromium import chromium
from tests.support.portal_cloud import PortalCloud, portal_cloud

SETTINGS = {"EXPRESS_SYNC_BACKOFF_BASE_SECONDS": "0.2", "EXPRESS_SYNC_DEFER_BASE_SECONDS": "600"}
NAMES = {
    "succeeded": ("design-team_assets.v2", "video-archive", "finance-reports-2026", "map-tiles"),
    "failed": ("lab-notebooks", "sensor-data-berlin", "sensor-data-osaka"),
    "deferred": ("photo-studio",),
}
FAULTS = {"failed": "RoleNotExist", "deferred": "AssumeRoleFail"}


@dataclass(frozen=True)
class Picture:
    """A picture: the view, what is done there first, language, theme and size of the window."""

    view: str
    prepare: Callable[[Page], None] = lambda _page: None
    locale: str = "en-GB"
    theme: str = "light"
    height: int = 800


def _one_wrong_field(page: Page) -> None:
    fill_form(page, "design-team_assets.v2", **{"OSS bucket": "Design_Assets", "Bucket prefix": "团队/设计"})
    page.locator(":focus").blur()
    page.evaluate("scrollTo(0, 0)")


def _turn_on(page: Page) -> None:
    page.locator(".switch .button").first.click()
    expect(page.locator("#banners .notice")).to_be_visible()


def _open_group(page: Page) -> None:
    page.locator("summary").first.click()
    expect(page.locator("tbody tr")).to_have_count(len(NAMES["failed"]))
    page.locator("tbody input").first.check()


PICTURES = {
    "portal-submit": Picture("submit", _one_wrong_field, height=1050),
    "portal-requests": Picture("requests", locale="zh-CN", height=830),
    "portal-request": Picture("requests/REQ-photo-studio", height=900),
    "portal-failures": Picture("failures", _open_group, theme="dark", height=700),
    "portal-local-cloud": Picture("local/faults", _turn_on, height=900),
}


def main(folder: Path) -> None:
    """Run a portal, submit requests of each kind, and take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, portal_cloud(Path(directory), SETTINGS) as portal:
        for status, names in NAMES.items():
            _submit(portal, status, names)
        with chromium() as browser:
            for name, picture in PICTURES.items():
                _take(browser, portal, picture, folder / f"{name}.png")


def _submit(portal: PortalCloud, status: str, names: tuple[str, ...]) -> None:
    if status in FAULTS:
        portal.add_fault(FAULTS[status])
    for name in names:
        portal.submit(f"REQ-{name}", name, requester="lin.wei", description="Shared by all offices")
        portal.wait_for_status(f"REQ-{name}", status)
    portal.clear_faults()


def _take(browser: Browser, portal: PortalCloud, picture: Picture, path: Path) -> None:
    size = {"width": 1280, "height": picture.height}
    options = {"locale": picture.locale, "color_scheme": picture.theme, "viewport": size, "reduced_motion": "reduce"}
    with Visitor.of(browser, portal.url, **options) as visitor:
        page = visitor.signed_in()
        if picture.view != "submit":
            go(page, picture.view)
        picture.prepare(page)
        page.screenshot(path=path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
