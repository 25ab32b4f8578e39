"""What a person does on the pages of the portal, in a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect

from tests.support.patience import PATIENCE_SECONDS
from tests.support.portal_cloud import TOKEN

SERIOUS = ("serious", "critical")
VALUES = {"OSS bucket": "design-assets", "Bucket region": "cn-hangzhou"}


@dataclass
class Visitor:
    """A browser profile, the URL of the portal, and what went wrong on its pages."""

    context: BrowserContext
    url: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def of(cls, browser: Browser, url: str, **options: Any) -> "Iterator[Visitor]":
        """Open a new profile; `options` are those of Playwright's contexts."""
        context = browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        visitor = cls(context, url)
        context.on("console", visitor._note_console)
        context.on("weberror", lambda error: visitor.errors.append(str(error.error)))
        context.on("response", visitor._note_response)
        yield visitor
        context.close()

    def open(self, view: str = "") -> Page:
        """Open a page at a view such as `requests?status=failed`."""
        page = self.context.new_page()
        page.goto(f"{self.url}/#/{view}")
        return page

    def signed_in(self, view: str = "submit") -> Page:
        """Open a page and sign the operator in."""
        page = self.context.new_page()
        page.goto(f"{self.url}/#token={TOKEN}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if view != "submit":
            go(page, view)
        return page

    def _note_console(self, message: ConsoleMessage) -> None:
        # Chromium reports each answer of the API that is not a success in this way; the pages show what it means.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)

    def _note_response(self, response: Response) -> None:
        if not response.url.startswith(self.url):
            self.foreign.append(response.url)


def go(page: Page, view: str) -> None:
    """Go to a view, and wait until it is there."""
    page.goto(f"{page.url.partition('#')[0]}#/{view}")
    expect(page.locator("main .loading")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def fill_form(page: Page, name: str, **others: str) -> None:
    """Fill the form in English with valid values."""
    for label, value in {"Group name": name, **VALUES, "Bucket prefix": name, **others}.items():
        page.get_by_label(label, exact=False).first.fill(value)


def submit(page: Page, name: str, **others: str) -> str:
    """Submit a request with the form, and return its id once its page is there."""
    go(page, "submit")
    fill_form(page, name, **others)
    page.get_by_role("button", name="Submit request").click()
    page.wait_for_url("**/#/requests/*")
    return page.url.rpartition("/")[2]


def expect_status(page: Page, status: str) -> None:
    """Wait until the page of a request shows a status, in the words of the page."""
    expect(page.locator(".hero .badge")).to_have_text(status)


def serious_findings(page: Page) -> list[str]:
    """Return what axe finds on the page and calls serious or critical."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in SERIOUS]


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
