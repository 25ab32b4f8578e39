"""Reloads, tabs, languages, themes, and a lost connection."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.portal.browser.pages import Visitor, expect_status, go, submit
from tests.support.portal_cloud import TOKEN, PortalCloud, portal_of


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))


def test_reload_shows_the_same_view(page: Page, portal: PortalCloud) -> None:
    request_id = submit(page, "reload-one")
    expect_status(page, "Succeeded")
    page.reload()
    expect_status(page, "Succeeded")
    go(page, f"requests?q={request_id}&status=succeeded")
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_label("Search")).to_have_value(request_id)
    go(page, "events")
    page.reload()
    expect(page.locator(".events > li").first).to_contain_text("reload-one")


def test_second_tab_is_signed_in_and_follows(visitor: Visitor, page: Page) -> None:
    second = visitor.open("requests")
    expect(second.get_by_role("heading", level=1)).to_have_text("Requests")
    submit(page, "tab-one")
    row = second.locator("tbody tr", has_text="tab-one")
    expect(row).to_contain_text("Succeeded")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    second.reload()
    expect(second.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_wrong_token_is_refused_in_words(visitor: Visitor) -> None:
    page = visitor.open("requests")
    page.get_by_label("Access token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("The token is not valid.")).to_be_visible()
    page.get_by_label("Access token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")
    assert TOKEN not in page.url


def test_language_is_kept_and_shared_by_tabs(visitor: Visitor, page: Page) -> None:
    second = visitor.open("failures")
    expect(second.get_by_role("heading", level=1)).to_have_text("Failures")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("申请极速同步组")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("button", name="English")).to_be_focused()
    expect(second.get_by_role("heading", level=1)).to_have_text("失败")
    page.reload()
    expect(page.get_by_label("组名称")).to_be_visible()
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_role("alert")).to_contain_text("组名称：必填。")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize(("locale", "title"), [("zh-CN", "登录"), ("zh-Hant-TW", "登录"), ("de-DE", "Sign in")])
def test_first_language_is_that_of_the_browser(browser: Browser, portal: PortalCloud, locale: str, title: str) -> None:
    with Visitor.of(browser, portal.url, locale=locale) as visitor:
        expect(visitor.open().get_by_role("heading", level=1)).to_have_text(title)


def test_theme_follows_the_system_until_it_is_chosen(page: Page) -> None:
    light = background(page)
    page.emulate_media(color_scheme="dark")
    dark = background(page)
    assert light != dark
    page.get_by_role("button", name="Theme: as the system").click()
    assert background(page) == light
    page.get_by_role("button", name="Theme: light").click()
    page.emulate_media(color_scheme="light")
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert background(page) == dark


def test_search_finds_by_id_name_and_code(page: Page, portal: PortalCloud) -> None:
    portal.add_fault("NoPermission", name="code-*")
    for name in ("code-one", "find-one", "find-two"):
        portal.submit(f"R-{name}", name)
    go(page, "requests")
    rows = page.locator("tbody tr")
    expect(rows.first).to_be_visible()
    page.get_by_label("Search").fill("find-")
    expect(rows).to_have_count(2)
    page.get_by_label("Search").fill("R-find-two")
    expect(rows).to_have_count(1)
    page.get_by_label("Search").fill("")
    page.get_by_label("Error code").fill("NoPermission")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(f"{portal.url}/#/requests?code=NoPermission")
    page.get_by_label("Error code").fill("NoSuchCode")
    expect(page.get_by_role("heading", name="No request matches")).to_be_visible()
    page.get_by_role("link", name="Clear the filters").click()
    expect(rows.nth(2)).to_be_visible()
    portal.clear_faults()


def test_list_has_pages(page: Page, portal: PortalCloud) -> None:
    for number in range(30):
        portal.submit(f"P-{number:02}", f"page-{number:02}", requester="pages")
    go(page, "requests?requester=pages")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(25)
    page.get_by_role("link", name="Next page").click()
    expect(rows).to_have_count(5)
    page.get_by_role("link", name="First page").click()
    expect(rows).to_have_count(25)


def test_lost_portal_is_shown_and_found_again(browser: Browser, portal: PortalCloud, tmp_path: Path) -> None:
    with ExitStack() as life:
        first = life.enter_context(portal_of(portal.cloud, tmp_path))
        with Visitor.of(browser, first.url) as visitor:
            page = visitor.signed_in("requests")
            expect(page.get_by_text("Live", exact=True)).to_be_visible()
            life.close()
            expect(page.get_by_text("The connection to the portal is lost.")).to_be_visible()
            with portal_of(portal.cloud, tmp_path, int(first.url.rpartition(":")[2])) as again:
                expect(page.get_by_text("Live", exact=True)).to_be_visible()
                expect(page.get_by_text("The connection to the portal is lost.")).to_have_count(0)
                again.submit("R-after", "after-one")
                expect(page.locator("tbody tr", has_text="after-one")).to_be_visible()
