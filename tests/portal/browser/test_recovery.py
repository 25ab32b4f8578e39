"""A fault: a request is deferred with a countdown, and recovers by itself."""

from playwright.sync_api import Page, expect

from tests.portal.browser.pages import expect_status, go, submit
from tests.support.portal_cloud import PortalCloud


def test_deferred_request_counts_down_and_recovers(page: Page, portal: PortalCloud) -> None:
    go(page, "local/faults")
    page.locator(".switch", has_text="Service role fails").get_by_role("button", name="Turn on").click()
    expect(page.get_by_text("1 fault rule is active")).to_be_visible()
    submit(page, "deferred-one")
    expect_status(page, "Deferred")
    expect(page.get_by_role("timer")).to_be_visible()
    expect(page.locator(".hero")).to_contain_text("AssumeRoleFail")
    go(page, "local/faults")
    page.get_by_role("button", name="Clear all").click()
    expect(page.get_by_text("All services behave")).to_be_visible()
    page.go_back()
    expect_status(page, "Succeeded")
    expect(page.get_by_role("timer")).to_have_count(0)
    expect(page.locator(".timeline strong", has_text="Deferred").first).to_be_visible()


def test_fault_ends_by_itself(page: Page, portal: PortalCloud) -> None:
    go(page, "local/faults")
    page.get_by_label("End after seconds").fill("1")
    page.locator("form").get_by_role("button", name="Turn on").click()
    expect(page.get_by_text("Active faults")).to_be_visible()
    expect(page.get_by_text("All services behave")).to_be_visible()
    expect(page.locator("#banners")).to_be_empty()


def test_killed_function_still_answers(page: Page) -> None:
    go(page, "local/faults")
    page.get_by_role("button", name="After create-answered").click()
    submit(page, "killed-one")
    expect_status(page, "Succeeded")
    go(page, "local/calls")
    expect(page.locator("tbody tr", has_text="killed-one").first).to_be_visible()
    go(page, "local/logs")
    page.get_by_label("Show only lines with").fill("announced")
    expect(page.locator(".log-line").first).to_contain_text("announced")


def test_peek_shows_messages_and_receives_none(page: Page, portal: PortalCloud) -> None:
    portal.add_fault("RoleNotExist", name="peek-*")
    portal.submit("R-peek", "peek-one")
    go(page, "local/queues?queue=express-sync-failures")
    message = page.locator(".events > li").first
    expect(message).to_contain_text("active")
    message.get_by_text("Body").click()
    expect(message.locator("pre")).to_contain_text('"subject": "R-peek"')
    shown = portal.call("GET", "/v1/local/queues/express-sync-failures")["messages"]
    assert [each["dequeueCount"] for each in shown] == [0]
    portal.clear_faults()
