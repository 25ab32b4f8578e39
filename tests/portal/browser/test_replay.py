"""Failures: grouped with advice, chosen, previewed, edited, replayed and followed to the new verdict."""

import json
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.portal.browser.pages import Visitor, expect_status, go
from tests.support.portal import OPERATOR, outcome, running_portal
from tests.support.portal_cloud import PortalCloud


def fail(page: Page, portal: PortalCloud, code: str, *names: str) -> None:
    """Let requests fail with a code that no other test uses, then fix its cause, and show the failures."""
    portal.add_fault(code)
    for name in names:
        portal.submit(f"R-{name}", name)
    for name in names:
        portal.wait_for_status(f"R-{name}", "failed")
    portal.clear_faults()
    go(page, "failures")
    page.locator("summary", has_text=code).click()
    for name in names:
        expect(page.get_by_role("link", name=name)).to_be_visible()


def test_group_is_replayed_to_success(page: Page, portal: PortalCloud) -> None:
    fail(page, portal, "RoleNotExist", "role-1", "role-2", "role-3")
    expect(page.get_by_text("Open the Cloud Storage Gateway console once")).to_be_visible()
    page.get_by_role("button", name="Replay all 3").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("0 requests will be sent again.")).to_be_visible()
    dialog.get_by_label("The cause is fixed").check()
    expect(dialog.get_by_text("3 requests will be sent again.")).to_be_visible()
    expect(dialog.locator(".command-text")).to_have_text(
        "express-sync replay --status failed --code RoleNotExist --rate 10 --force --yes --wait"
    )
    dialog.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("3 of 3 have a new verdict")).to_be_visible()
    expect(page.locator(".progress-row .is-succeeded")).to_have_count(3)
    expect(page.locator("summary", has_text="RoleNotExist")).to_have_count(0)
    page.get_by_role("link", name="R-role-1").click()
    expect(page.locator(".timeline strong")).to_have_text(["Submitted", "Failed", "Replayed", "Succeeded"])


def test_chosen_failure_is_replayed_with_an_edit(page: Page, portal: PortalCloud) -> None:
    fail(page, portal, "InvalidRegionId", "edit-1", "edit-2")
    page.get_by_label("Choose R-edit-1").check()
    page.get_by_role("button", name="Replay 1 chosen request").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Edit a field").click()
    dialog.get_by_label("Field").select_option("bucketRegion")
    dialog.get_by_label("New value").fill("not a region")
    dialog.get_by_label("The cause is fixed").check()
    dialog.get_by_role("button", name="Replay").click()
    expect(dialog.get_by_text("must be a region ID")).to_be_visible()
    expect(dialog.get_by_label("New value")).to_be_focused()
    dialog.get_by_label("New value").fill("cn-shanghai")
    expect(dialog.get_by_text("1 request will be sent again.")).to_be_visible()
    dialog.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("1 of 1 have a new verdict")).to_be_visible()
    expect(page.locator("summary", has_text="InvalidRegionId")).to_contain_text("1")
    edited = portal.call("GET", "/v1/requests/R-edit-1")
    assert (edited["status"], portal.cloud.cloud.groups.describe()[-1].region) == ("succeeded", "cn-shanghai")


def test_failure_is_replayed_from_its_page(page: Page, portal: PortalCloud) -> None:
    fail(page, portal, "NoPermission", "single-1")
    page.get_by_role("link", name="single-1").click()
    expect_status(page, "Failed")
    expect(page.locator(".hero")).to_contain_text("hcs-sgw:CreateExpressSync")
    page.get_by_role("button", name="Replay").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Replay").click()
    expect(dialog.get_by_text("The same request fails in the same way")).to_be_visible()
    dialog.get_by_label("The cause is fixed").check()
    dialog.get_by_role("button", name="Replay").click()
    expect_status(page, "Succeeded")
    expect(dialog).to_have_count(0)


def test_chosen_failure_is_discarded(page: Page, portal: PortalCloud) -> None:
    """It leaves its group, and its page says so."""
    fail(page, portal, "EmptyBucketRegion", "discard-1", "discard-2")
    page.get_by_label("Choose R-discard-1").check()
    page.get_by_role("button", name="Discard 1 chosen").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("1 failure will be discarded.")).to_be_visible()
    expect(dialog.locator(".command-text")).to_have_text("express-sync failures discard R-discard-1 --yes")
    dialog.get_by_role("button", name="Discard").click()
    expect(page.locator("summary", has_text="EmptyBucketRegion")).to_contain_text("1")
    expect(page.get_by_role("link", name="discard-1")).to_have_count(0)
    go(page, "requests/R-discard-1")
    expect(page.locator(".timeline strong")).to_have_text(["Submitted", "Failed", "Discarded"])
    expect(page.get_by_role("button", name="Discard")).to_have_count(0)
    expect_status(page, "Failed")


def test_choice_outlives_another_failure_in_its_group(page: Page, portal: PortalCloud) -> None:
    """Else a button that was about the chosen ones would be about all of them at the moment of the click."""
    fail(page, portal, "EmptyBucketName", "choice-1", "choice-2")
    page.get_by_label("Choose R-choice-1").check()
    portal.add_fault("EmptyBucketName")
    portal.submit("R-choice-3", "choice-3")
    expect(page.get_by_label("Choose R-choice-3")).to_be_visible()
    portal.clear_faults()
    expect(page.get_by_label("Choose R-choice-1")).to_be_checked()
    expect(page.get_by_role("button", name="Discard 1 chosen")).to_be_visible()
    portal.call("POST", "/v1/requests/R-choice-1/discard", {})
    portal.call("POST", "/v1/requests/R-choice-2/replay", {"force": True})
    expect(page.get_by_label("Choose R-choice-2")).to_have_count(0)
    expect(page.get_by_role("button", name="Discard it")).to_be_visible()


def test_failure_is_discarded_from_its_page(page: Page, portal: PortalCloud) -> None:
    fail(page, portal, "InvalidBucketName", "discard-3")
    go(page, "requests/R-discard-3")
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(page.locator(".timeline strong")).to_have_text(["Submitted", "Failed", "Discarded"])
    assert portal.call("GET", "/v1/requests/R-discard-3")["discarded"] is True


def test_replayed_doubt_has_a_new_verdict_once_it_is_settled(browser: Browser, tmp_path: Path) -> None:
    """The status stays unknown until the replay has its outcome."""
    with running_portal(tmp_path) as portal, Visitor.of(browser, portal.url) as visitor:
        portal.queues.put(json.dumps(outcome("indeterminate", "R-doubt")))
        page = visitor.signed_in("failures", OPERATOR)
        page.locator("summary").click()
        page.get_by_role("button", name="Replay this request").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Replay").click()
        expect(page.locator(".progress-row .is-indeterminate")).to_have_count(2)
        expect(page.get_by_text("0 of 1 have a new verdict")).to_be_visible()
        [sent] = portal.queues.sent_for("R-doubt")
        portal.queues.put(json.dumps(outcome("succeeded", "R-doubt", submissionId=sent["replayid"])))
        expect(page.get_by_text("1 of 1 have a new verdict")).to_be_visible()
