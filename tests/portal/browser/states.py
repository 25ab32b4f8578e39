"""Every state that the pages can show, and how to get there. The ways work in each language: they use no texts."""

import json
from collections.abc import Callable, Mapping

from playwright.sync_api import Page, expect

from tests.portal.browser.pages import go
from tests.support.checkout import OUTCOMES
from tests.support.portal_cloud import PortalCloud


def furnish(portal: PortalCloud) -> dict[str, str]:
    """Give the portal an outcome of each status, and return the ids of their requests."""
    events = {path.stem: json.loads(path.read_text()) for path in sorted(OUTCOMES.glob("*.json"))}
    for event in events.values():
        portal.deliver(json.dumps(event))
    for event in events.values():
        portal.wait_for_request(event["subject"])
    return {name: event["subject"] for name, event in events.items()}


def _send_empty(page: Page) -> None:
    go(page, "submit")
    page.locator("main form .button.is-main").click()
    expect(page.locator(".is-wrong").first).to_be_visible()


def _open_group(page: Page) -> None:
    go(page, "failures")
    if not page.locator("details[open]").count():
        page.locator("summary").first.click()
    expect(page.locator("tbody tr").first).to_be_visible()


def _open_dialog(page: Page) -> None:
    _open_group(page)
    page.locator(".group-body .button.is-main").click()
    page.locator("dialog .button.is-small").click()
    expect(page.locator("dialog p strong")).to_be_visible()


def _open_discard(page: Page) -> None:
    _open_group(page)
    page.locator(".group-body .button:not(.is-main)").first.click()
    expect(page.locator("dialog strong")).to_be_visible()


def _open_details(page: Page, view: str) -> None:
    go(page, view)
    page.locator("main details > summary").first.click()


def _view(view: str) -> Callable[[Page], None]:
    return lambda page: go(page, view)


def states(requests: Mapping[str, str]) -> dict[str, Callable[[Page], None]]:
    """Return the states by name; `requests` has the id of a request of each status."""
    return {
        "submit": _view("submit"),
        "submit, wrong fields": _send_empty,
        "requests": _view("requests"),
        "requests, none found": _view("requests?q=nothing"),
        **{f"request, {name}": _view(f"requests/{request_id}") for name, request_id in requests.items()},
        "request, calls open": lambda page: _open_details(page, f"requests/{requests['deferred']}"),
        "request, not found": _view("requests/unknown"),
        "failures": _view("failures"),
        "failures, open": _open_group,
        "failures, dialog": _open_dialog,
        "failures, discard": _open_discard,
        "events": _view("events"),
        "queues": _view("local/queues"),
        "faults": _view("local/faults"),
        "calls": _view("local/calls"),
        "logs": _view("local/logs"),
    }
