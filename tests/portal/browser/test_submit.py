"""Submitting: the form from the schema, what is wrong at its fields, and the page of the request."""

import json
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.portal.browser.pages import Visitor, expect_status, fill_form, go, submit
from tests.support.portal_cloud import PortalCloud

MARKUP = "<img src=x onerror=\"document.title='marked'\"><b>bold</b>"


def send(page: Page) -> None:
    page.get_by_role("button", name="Submit request").click()


def test_valid_request_shows_its_group(page: Page, portal: PortalCloud) -> None:
    request_id = submit(page, "valid-one")
    expect_status(page, "Succeeded")
    group = portal.call("GET", f"/v1/requests/{request_id}")["expressSyncId"]
    expect(page.locator(".hero")).to_contain_text(group)
    expect(page.locator(".timeline strong").first).to_have_text("Submitted")


def test_first_wrong_field_is_focused(page: Page) -> None:
    send(page)
    expect(page.get_by_label("Group name")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Group name is required.")
    expect(page.get_by_role("alert")).to_contain_text("Bucket region is required.")
    expect(page).to_have_url(page.url.partition("#")[0] + "#/submit")


def test_wrong_value_is_explained_in_words(page: Page) -> None:
    name = page.get_by_label("Group name")
    name.fill("1 wrong name")
    name.blur()
    error = page.locator(".field-error", has_text="Group name must be")
    expect(error).to_be_visible()
    expect(name).to_have_attribute("aria-invalid", "true")
    assert "^" not in error.inner_text()
    name.fill("right-name")
    expect(error).to_be_hidden()
    expect(name).to_have_attribute("aria-invalid", "false")


def test_prefix_is_counted_in_bytes(page: Page) -> None:
    prefix = page.get_by_label("Bucket prefix")
    prefix.fill("文" * 341)
    expect(page.get_by_text("1023 of 1023 bytes")).to_be_visible()
    prefix.fill("文" * 342)
    expect(page.locator(".field-error", has_text="Bucket prefix must have at most 1023 bytes")).to_be_visible()


def test_violations_of_the_server_are_at_their_fields(page: Page) -> None:
    """The page checks nothing here: the patterns and lengths are taken out of the schema that it gets."""

    def without_rules(route: Route) -> None:
        schema: dict[str, Any] = route.fetch().json()
        for each in schema["properties"].values():
            for rule in ("pattern", "minLength", "maxLength", "x-maxBytes"):
                each.pop(rule, None)
        schema["properties"]["priority"] = {"title": "Priority", "type": "string"}
        route.fulfill(body=json.dumps(schema), content_type="application/json")

    page.route("**/v1/schemas/*", without_rules)
    page.reload()
    fill_form(page, "1 wrong", **{"OSS bucket": "Wrong_Bucket", "Priority": "high"})
    send(page)
    expect(page.get_by_label("Group name")).to_be_focused()
    expect(page.locator(".field-error:visible")).to_have_count(3)
    expect(page.locator(".field-error", has_text="OSS bucket must be lower-case letters")).to_be_visible()
    expect(page.get_by_role("alert").get_by_role("listitem")).to_have_count(3)


def test_taken_id_leads_to_its_request(page: Page) -> None:
    request_id = submit(page, "taken-one")
    go(page, "submit")
    fill_form(page, "taken-two", **{"Request ID": request_id})
    send(page)
    link = page.get_by_role("link", name=f"Open {request_id}")
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("taken-one")


def test_submitting_again_starts_with_the_same_values(page: Page) -> None:
    request_id = submit(page, "again-one", Description="two\nlines")
    page.get_by_role("link", name="Submit again with changes").click()
    expect(page.get_by_label("Group name")).to_have_value("again-one")
    expect(page.get_by_label("Description")).to_have_value("two\nlines")
    assert page.get_by_label("Request ID").input_value() != request_id


def test_draft_survives_a_reload(page: Page) -> None:
    page.get_by_label("Group name").fill("draft-one")
    page.reload()
    expect(page.get_by_label("Group name")).to_have_value("draft-one")
    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_label("Group name")).to_have_value("")


def test_command_line_follows_the_form(page: Page) -> None:
    page.get_by_label("Description").fill("it's")
    expect(page.locator(".command-text")).to_contain_text("""| express-sync submit --wait""")
    expect(page.locator(".command-text")).to_contain_text("""it'\\''s""")


def test_markup_stays_text(visitor: Visitor, portal: PortalCloud) -> None:
    portal.submit(f"R-{MARKUP}"[:128], "marked", description=MARKUP, requester=MARKUP)
    page = visitor.signed_in("requests")
    page.locator("tbody a").first.click()
    expect_status(page, "Succeeded")
    for view in ("events", "local/queues", "local/calls", "local/logs"):
        expect(page.locator("main img, main b")).to_have_count(0)
        go(page, view)
    expect(page.locator("main img")).to_have_count(0)
    assert "marked" not in page.title()
    assert visitor.foreign == []
