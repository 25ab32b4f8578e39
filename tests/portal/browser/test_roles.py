"""What a requester sees: own requests only, and nothing that is for operators."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.portal.browser.pages import Visitor, expect_status, fill_form, go
from tests.support.portal import ALICE, BOB, RunningPortal, outcome, running_portal

NAMES = {"name": "of-bob", "bucketName": "design-assets", "bucketRegion": "cn-hangzhou"}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """Run a portal with three callers and queues in memory."""
    with running_portal(tmp_path_factory.mktemp("portal")) as running:
        running.call("POST", "/v1/requests", {"requestId": "R-bob", **NAMES}, BOB)
        yield running


@pytest.fixture
def alice(browser: Browser, memory: RunningPortal) -> Iterator[Page]:
    """Return a page on which a requester is signed in."""
    with Visitor.of(browser, memory.url) as visitor:
        yield visitor.signed_in(token=ALICE)
    assert visitor.errors == []


def test_requester_gets_no_views_of_operators(alice: Page) -> None:
    expect(alice.get_by_role("navigation", name="Main").get_by_role("link")).to_have_text(
        ["Submit", "Requests", "Live events"]
    )
    expect(alice.get_by_label("Requester")).to_have_count(0)
    go(alice, "failures")
    expect(alice.get_by_text("Your role does not allow this.")).to_be_visible()
    go(alice, "local/queues")
    expect(alice.get_by_text("This portal does not belong to a local cloud.")).to_be_visible()


def test_requester_sees_own_requests_only(alice: Page, memory: RunningPortal) -> None:
    fill_form(alice, "of-alice")
    alice.get_by_role("button", name="Submit request").click()
    expect_status(alice, "Accepted")
    request_id = alice.url.rpartition("/")[2]
    [sent] = memory.queues.sent_for(request_id)
    memory.queues.put(json.dumps(outcome("failed", request_id, submissionId=sent["submissionid"])))
    expect_status(alice, "Failed")
    expect(alice.get_by_text("You need not submit it again.")).to_be_visible()
    expect(alice.get_by_role("button", name="Replay")).to_have_count(0)
    expect(alice.get_by_text("For the operator:")).to_have_count(0)
    go(alice, "requests")
    expect(alice.locator("tbody tr")).to_have_count(1)
    go(alice, "requests/R-bob")
    expect(alice.get_by_text("This does not exist, or it belongs to somebody else.")).to_be_visible()
