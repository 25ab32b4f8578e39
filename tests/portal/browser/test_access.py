"""For everybody: axe, keyboard alone, narrow and wide windows, in both languages and themes and in every state."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.portal.browser.pages import Visitor, expect_status, go, overflow, serious_findings
from tests.portal.browser.states import furnish, states
from tests.support.portal_cloud import PortalCloud

LOCALES = ("en-GB", "zh-CN")
THEMES = ("light", "dark")
NARROW, WIDE = {"width": 360, "height": 740}, {"width": 3840, "height": 2160}


@pytest.fixture(scope="module")
def requests(portal: PortalCloud) -> dict[str, str]:
    """Give the portal a request of each status, and the cloud a fault that no request meets."""
    portal.add_fault("InternalError", name="unused")
    return furnish(portal)


@pytest.fixture(params=[(locale, theme) for locale in LOCALES for theme in THEMES], ids="-".join)
def styled(request: pytest.FixtureRequest, browser: Browser, portal: PortalCloud) -> Iterator[Page]:
    """Return a page in a language and a theme."""
    locale, theme = request.param
    with Visitor.of(browser, portal.url, locale=locale, color_scheme=theme, reduced_motion="reduce") as visitor:
        yield visitor.signed_in()
    assert visitor.errors == []


def test_axe_finds_nothing_serious_in_any_state(styled: Page, requests: dict[str, str]) -> None:
    assert in_states(styled, requests, serious_findings) == {}


def test_axe_finds_nothing_serious_before_the_sign_in(browser: Browser, portal: PortalCloud) -> None:
    with Visitor.of(browser, portal.url) as visitor:
        page = visitor.open()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert serious_findings(page) == []


@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["360 px", "4K"])
@pytest.mark.parametrize("locale", LOCALES)
def test_no_state_scrolls_sideways(
    browser: Browser, portal: PortalCloud, requests: dict[str, str], locale: str, viewport: dict[str, int]
) -> None:
    with Visitor.of(browser, portal.url, locale=locale, viewport=viewport) as visitor:
        assert in_states(visitor.signed_in(), requests, overflow) == {}


def in_states(page: Page, requests: dict[str, str], look: Callable[[Page], object]) -> dict[str, object]:
    """Return what is found in the states in which anything is found."""
    found = {}
    for name, show in states(requests).items():
        show(page)
        found[name] = look(page)
        if page.locator("dialog").count():
            page.keyboard.press("Escape")
            expect(page.locator("dialog")).to_have_count(0)
    return {name: findings for name, findings in found.items() if findings}


def focused(page: Page) -> str:
    """Return the text, label or id of the element with the focus, which must be visible as such."""
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    name = page.evaluate("(({ textContent, name, id }) => name || textContent.trim() || id)(document.activeElement)")
    assert outline != "none" or name in HEADINGS, name
    return str(name)


HEADINGS = {"Failures", "Requests", "Live events", "main"}  # they get the focus from the page, not from the keyboard


def tab_to(page: Page, text: str, limit: int = 60) -> None:
    """Press Tab until an element has the focus."""
    passed = []
    while (name := focused_after_tab(page)) != text:
        passed.append(name)
        assert len(passed) < limit, (text, passed)


def focused_after_tab(page: Page) -> str:
    page.keyboard.press("Tab")
    return focused(page)


def test_request_is_submitted_with_the_keyboard(page: Page) -> None:
    assert focused_after_tab(page) == "Skip to the content"
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    for name, value in {"name": "keys-one", "bucketName": "design-assets", "bucketRegion": "cn-hangzhou"}.items():
        tab_to(page, name)
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    expect_status(page, "Succeeded")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_failures_are_replayed_with_the_keyboard(page: Page, portal: PortalCloud) -> None:
    portal.add_fault("Forbidden.RAM", name="keys-*")
    portal.submit("R-keys", "keys-two")
    tab_to(page, "Failures")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    group = page.locator("summary", has_text="Forbidden.RAM")
    expect(group).to_be_visible()
    group.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Choose R-keys")).to_be_visible()
    tab_to(page, "Replay this request")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Replay this request")).to_be_focused()
    portal.clear_faults()
    page.keyboard.press("Enter")
    page.get_by_label("The cause is fixed").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("1 request will be sent again.")).to_be_visible()
    tab_to(page, "Replay")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 1 have a new verdict")).to_be_visible()


def test_failures_are_discarded_with_the_keyboard(page: Page, portal: PortalCloud) -> None:
    """What had the focus is gone then; it must not begin at the top of the page again."""
    portal.add_fault("EmptyExpressSyncName", name="keys-*")
    for number in range(2):
        portal.submit(f"R-keys-discard-{number}", f"keys-discard-{number}")
        portal.wait_for_status(f"R-keys-discard-{number}", "failed")
    portal.clear_faults()
    go(page, "failures")
    page.locator("summary", has_text="EmptyExpressSyncName").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Choose R-keys-discard-1")).to_be_visible()
    tab_to(page, "Discard all 2")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Choose R-keys-discard-1")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "Discard 1 chosen"
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 failure will be discarded.")).to_be_visible()
    tab_to(page, "Discard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.get_by_label("Choose R-keys-discard-1")).to_have_count(0)


def test_change_is_announced_to_screen_readers(page: Page, portal: PortalCloud) -> None:
    go(page, "requests")
    expect(page.locator("#announcer")).to_contain_text("Requests")
    portal.add_fault("AssumeRoleFail", name="announced-*")
    portal.submit("R-announced", "announced-one")
    go(page, "requests/R-announced")
    expect_status(page, "Deferred")
    portal.clear_faults()
    expect(page.locator("#announcer")).to_have_text("Status is now: Succeeded")


def test_focus_stays_while_the_list_changes(page: Page, portal: PortalCloud) -> None:
    portal.submit("R-focus", "focus-one")
    go(page, "requests")
    page.get_by_role("link", name="focus-one").focus()
    for number in range(3):
        portal.submit(f"R-focus-{number}", f"focus-later-{number}")
    expect(page.get_by_role("link", name="focus-later-2")).to_be_visible()
    expect(page.get_by_role("link", name="focus-one")).to_be_focused()
