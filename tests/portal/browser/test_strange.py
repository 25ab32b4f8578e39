"""Made-up addresses, another identity in the same browser, odd and long values."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.portal.browser.pages import Visitor, go, overflow
from tests.portal.test_bad_events import BODIES, ID, QUARANTINED
from tests.support.patience import wait_for
from tests.support.portal import ALICE, GROUP, OPERATOR, RunningPortal, outcome, running_portal

MARKUP = "%3Cimg%20src=x%20onerror=alert(1)%3E"
MADE_UP = (
    "constructor",
    "toString/requests",
    "__proto__",
    "local/constructor",
    "local/__proto__",
    "requests/%E0%A4%A",
    f"requests/{MARKUP}",
    f"requests?q={MARKUP}&status={MARKUP}&cursor={MARKUP}",
    f"submit?from={MARKUP}",
    f"events?status={MARKUP}",
    f"{MARKUP}/{MARKUP}",
    "?" + "x=1&" * 500,
)
LONG = {"requestId": "R" * 128, "name": "n" * 32, "code": "ExpressSyncCode" * 8, "requester": "团队" * 64}
NARROW, WIDE = {"width": 360, "height": 740}, {"width": 3840, "height": 2160}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """Run a portal that has an event of every odd kind, and a request whose every value is as long as it may be."""
    with running_portal(tmp_path_factory.mktemp("portal"), source="") as running:
        for number, body in enumerate(BODIES.values()):
            running.queues.put(body.replace('"B"', f'"B-{number}"').replace(ID, f"{number + 1:032x}"))
        running.queues.put(json.dumps(long_failure()))
        wait_for(lambda: running.call("GET", f"/v1/requests/{LONG['requestId']}").status == 200)
        yield running


def long_failure() -> object:
    event = outcome("failed", LONG["requestId"], id="e" * 32, submissionId="s" * 128)
    event["data"]["error"] = {**event["data"]["error"], "code": LONG["code"], "message": "m" * 300, "hint": "h" * 300}
    own = {"name": LONG["name"], "requester": LONG["requester"], "bucketName": "b" * 63, "bucketPrefix": "p" * 255}
    event["data"]["request"] = {**event["data"]["request"], **own, "description": "d" * 255}
    return event


@pytest.fixture
def operator(visitor: Visitor) -> Page:
    return visitor.signed_in(token=OPERATOR)


def test_made_up_address_shows_a_view(operator: Page) -> None:
    for view in MADE_UP:
        go(operator, view)
        expect(operator.locator("main img")).to_have_count(0)


def test_made_up_token_in_the_address_is_refused(visitor: Visitor) -> None:
    page = visitor.context.new_page()
    for token in ("%zz", "%E4%B8%AD", MARKUP):
        page.goto(f"{visitor.url}/#token={token}")
        expect(page.get_by_text("The token is not valid.")).to_be_visible()
        expect(page.locator("#banners")).to_be_empty()
        page.goto("about:blank")


def test_signing_out_ends_every_tab(visitor: Visitor, operator: Page) -> None:
    """Also what was typed there: whoever signs in next may be somebody else."""
    second = visitor.open("submit")
    second.get_by_label("Group name").fill("private")
    operator.get_by_role("button", name="Sign out").click()
    expect(second.get_by_role("heading", level=1)).to_have_text("Sign in")
    second.get_by_label("Access token").fill(ALICE)
    second.get_by_role("button", name="Sign in").click()
    expect(second.get_by_label("Group name")).to_have_value("")


def test_events_of_the_former_identity_are_not_shown(operator: Page, portal: RunningPortal) -> None:
    """Neither those that came before the new token, nor those that come after it."""
    go(operator, "events")
    assert portal.call("POST", "/v1/requests", {"requestId": "R-former", **GROUP}).status == 202
    expect(operator.get_by_text("R-former", exact=True)).to_be_visible()
    operator.goto(f"{portal.url}/#token={ALICE}")
    expect(operator.get_by_role("link", name="Failures")).to_have_count(0)
    go(operator, "events")
    assert portal.call("POST", "/v1/requests", {"requestId": "R-later", **GROUP}).status == 202
    assert portal.call("POST", "/v1/requests", {"requestId": "R-alice", **GROUP}, ALICE).status == 202
    expect(operator.get_by_text("R-alice", exact=True)).to_be_visible()
    expect(operator.locator(".events > li")).to_have_count(1)


def test_revoked_token_leads_to_the_sign_in(operator: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.portal._IDENTITIES", {})
    go(operator, "requests")
    operator.get_by_role("button", name="Try again").click()
    expect(operator.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_every_odd_event_can_be_read(operator: Page, portal: RunningPortal) -> None:
    shown = [number for number, name in enumerate(BODIES) if name not in QUARANTINED]
    for number in shown:
        go(operator, f"requests/B-{number}")
        expect(operator.locator(".hero .badge")).to_be_visible()
        expect(operator.locator(".timeline > li").first).to_be_visible()
    go(operator, "failures")
    for summary in operator.locator("summary").all():
        summary.click()
    expect(operator.locator("main .loading")).to_have_count(0)


@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["360 px", "4K"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_long_values_do_not_scroll_sideways(
    browser: Browser, portal: RunningPortal, locale: str, viewport: dict[str, int]
) -> None:
    with Visitor.of(browser, portal.url, locale=locale, viewport=viewport) as visitor:
        page = visitor.signed_in(token=OPERATOR)
        found = {}
        for view in (f"requests/{LONG['requestId']}", f"submit?from={LONG['requestId']}", "requests", "failures"):
            go(page, view)
            found[view] = overflow(page)
        page.locator("summary", has_text=LONG["code"]).click()
        expect(page.locator("tbody tr", has_text=LONG["requestId"])).to_be_visible()
        found["group"] = overflow(page)
        for position, button in enumerate(page.locator(".group-body .button").all()[:2]):
            button.click()
            expect(page.locator("dialog strong").first).to_be_visible()
            found[f"dialog {position}"] = overflow(page) + page.evaluate(
                "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('dialog'))"
            )
            page.keyboard.press("Escape")
            expect(page.locator("dialog")).to_have_count(0)
        assert {name: pixels for name, pixels in found.items() if pixels} == {}
        assert visitor.errors == []
