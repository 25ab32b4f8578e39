"""Lists and searches of requests, page by page."""

from collections.abc import Iterator
from itertools import chain

import pytest

from tests.support.portal import ALICE, BOB, OPERATOR, RunningPortal, running_portal


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """Run a portal with 12 requests of two requesters."""
    with running_portal(tmp_path_factory.mktemp("portal")) as running:
        for number in range(12):
            request = {
                "requestId": f"REQ-{number:02}",
                "name": f"{'Design' if number % 2 else 'lab'}-{number}",
                "bucketName": "bucket",
                "bucketRegion": "cn-hangzhou",
            }
            token = ALICE if number % 3 else BOB
            assert running.call("POST", "/v1/requests", request, token).status == 202
        yield running


def pages(portal: RunningPortal, query: str, token: str = OPERATOR) -> list[list[str]]:
    """Return the ids on each page."""
    found, cursor = [], ""
    while True:
        answer = portal.call("GET", f"/v1/requests?{query}{cursor}", token=token)
        assert answer.status == 200, answer
        found.append([each["requestId"] for each in answer.json["requests"]])
        if answer.json["nextCursor"] is None:
            return found
        cursor = f"&cursor={answer.json['nextCursor']}"


def test_pages_hold_every_request_once_latest_first(portal: RunningPortal) -> None:
    expected = [f"REQ-{number:02}" for number in reversed(range(12))]
    assert pages(portal, "limit=5") == [expected[:5], expected[5:10], expected[10:]]


def test_requester_lists_own_requests_only(portal: RunningPortal) -> None:
    own = {"REQ-00", "REQ-03", "REQ-06", "REQ-09"}
    assert set(chain.from_iterable(pages(portal, "limit=3", BOB))) == own
    assert set(chain.from_iterable(pages(portal, "requester=bob"))) == own
    assert pages(portal, "requester=bob", ALICE) == [[]]


@pytest.mark.parametrize(
    ("text", "count"), [("req-1", 2), ("REQ", 12), ("design-", 6), ("LAB-4", 1), ("none", 0), ("%25", 0), ("_", 0)]
)
def test_search_finds_beginnings_of_ids_and_names(portal: RunningPortal, text: str, count: int) -> None:
    found = list(chain.from_iterable(pages(portal, f"q={text}&limit=4")))
    assert len(found) == len(set(found)) == count


def test_search_of_a_requester_finds_own_requests_only(portal: RunningPortal) -> None:
    assert len(list(chain.from_iterable(pages(portal, "q=REQ", BOB)))) == 4


@pytest.mark.parametrize(
    "query",
    [
        "cursor=AAAA",
        "cursor=%00",
        "limit=0",
        "limit=201",
        "limit=9999999999999999999999",
        "limit=1&limit=2",
        "status=done",
        "token=secret",
        "q=",
        f"q={'x' * 200}",
        "&".join(f"status{number}=x" for number in range(700)),
    ],
)
def test_wrong_parameters_are_problems(portal: RunningPortal, query: str) -> None:
    answer = portal.call("GET", f"/v1/requests?{query}")
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/problem+json")


def test_ten_thousand_filters_are_refused(portal: RunningPortal) -> None:
    """The server itself refuses such a long request line."""
    filters = "&".join(f"status{number}=x" for number in range(10_000))
    assert portal.call("GET", f"/v1/requests?{filters}").status == 400


def test_cursor_of_another_query_is_refused(portal: RunningPortal) -> None:
    cursor = portal.call("GET", "/v1/requests?limit=1").json["nextCursor"]
    for query, token in (("q=REQ", OPERATOR), ("", ALICE)):
        assert portal.call("GET", f"/v1/requests?{query}&cursor={cursor}", token=token).status == 400
    flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    assert portal.call("GET", f"/v1/requests?cursor={flipped}").status in {200, 400}
