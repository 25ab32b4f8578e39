"""What a reply of the API says: only a sound success is one, and nothing in it makes the reading raise."""

import json
from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict

from handler import answers, reply
from handler.codes import Effect
from handler.model import Created, Group, Refused, Seen
from handler.reply import Reply

SUCCESS = {
    "Message": "successful",
    "RequestId": "EEFC9927-B097-446D-8FDA-F848C8B2C9E0",
    "ExpressSyncId": "sync-0001xv7je357xn8tr",
    "Code": "200",
    "Success": True,
}
ENTRY = {
    "ExpressSyncId": "sync-1",
    "Name": "photos",
    "BucketName": "holiday-bucket",
    "BucketRegion": "cn-hangzhou",
    "BucketPrefix": "teams/a",
    "Description": "of summer",
    "MnsTopic": "sgw-express-sync-1",
}
GROUP = Group("sync-1", "photos", "holiday-bucket", "cn-hangzhou", "teams/a", "of summer")


def replied(body: object, status: int = 200, **headers: str) -> Reply:
    """A reply with a JSON body, or with the bytes themselves."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, HTTPHeaderDict({name.replace("_", "-"): text for name, text in headers.items()}), data)


def listing(*entries: object) -> dict[str, Any]:
    """A sound list of groups."""
    return {"Success": True, "RequestId": "API-1", "ExpressSyncs": {"ExpressSync": list(entries)}}


def test_the_documented_success_is_created() -> None:
    """With the group's id and the API's own request id."""
    expected = Created("sync-0001xv7je357xn8tr", "EEFC9927-B097-446D-8FDA-F848C8B2C9E0")
    assert reply.answer(replied(SUCCESS)) == expected


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Success": False}, 200),
        ({"Success": "true"}, 200),
        ({"Success": 1}, 200),
        ({"Success": None}, 200),
        ({"ExpressSyncId": None}, 200),
        ({"ExpressSyncId": ""}, 200),
        ({"ExpressSyncId": 17}, 200),
        ({"ExpressSyncId": "sync 1"}, 200),
        ({"ExpressSyncId": "s" * 129}, 200),
        ({}, 201),
        ({}, 500),
    ],
)
def test_half_a_success_is_none_and_may_have_been_done(changes: dict[str, object], status: int) -> None:
    """Status, Success and a usable id are all needed; without one of them nothing is known."""
    answer = reply.answer(replied({**SUCCESS, **changes}, status))
    assert isinstance(answer, Refused)
    assert answers.effect(answer) is Effect.PENDING
    assert answer.api_request_id == SUCCESS["RequestId"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b'{"Success": true',
        b"\xff\xfe\xff",
        b"[]",
        b"null",
        b'"text"',
        b"<html></html>",
        b"[" * 100_000,
        b"1" * 5000,
    ],
    ids=lambda body: repr(body[:12]),
)
@pytest.mark.parametrize(("status", "code"), [(200, "MalformedAnswer"), (404, "Http404"), (302, "GatewayLostService")])
def test_an_unreadable_body_is_named_after_its_status(body: bytes, status: int, code: str) -> None:
    """There is no code of the API to show, so ours stands."""
    assert reply.answer(replied(body, status)) == Refused(code, status)
    assert reply.finding(replied(body, status)) == Refused(code, status)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *[(status, body) for status in (408, 499, 502, 504) for body in (b"<html>Bad Gateway</html>", b"", SUCCESS)],
        *[(status, body) for status in (500, 503, 520, 599) for body in (b"<html>Sorry</html>", b"", b"{}", b"[]")],
    ],
)
def test_a_gateway_that_speaks_for_the_service_leaves_open_what_becomes_of_the_call(status: int, body: object) -> None:
    """Whatever its page says: what it passed on may still land. A code of the API's own would settle it."""
    answer = reply.answer(replied(body, status))
    assert (answer, reply.finding(replied(body, status))) == (Refused("GatewayLostService", status, ANY),) * 2
    assert answers.effect(answer) is Effect.PENDING


def test_a_refusal_has_code_status_request_id_and_the_wait_asked_for() -> None:
    """The API's words are left behind."""
    body = {"Code": "Throttling.User", "Message": "SECRET", "RequestId": "API-7", "HostId": "sgw", "Recommend": "url"}
    answer = reply.answer(replied(body, 400, X_Acs_Retry_After="1500"))
    assert answer == Refused("Throttling.User", 400, "API-7", 1.5)


def test_a_refusal_inside_a_200_keeps_its_code() -> None:
    """Success false with a documented code is that refusal."""
    body = {"Success": False, "Code": "DuplicateExpressSyncName", "RequestId": "API-7"}
    assert reply.answer(replied(body)) == Refused("DuplicateExpressSyncName", 200, "API-7")


@pytest.mark.parametrize(
    "code", [17, None, "", "200", "has space", "has\nline", "Trailing\n", "x" * 129, "<b>", ["InternalError"]]
)
def test_a_code_that_is_none_is_not_shown(code: object) -> None:
    """A proxy may put anything there."""
    assert reply.answer(replied({"Code": code}, 400)) == Refused("Http400", 400)


@pytest.mark.parametrize("request_id", [17, None, "", "has space", "API-1\n", "x" * 129, "中"])
def test_a_request_id_that_is_none_is_not_shown(request_id: object) -> None:
    """Neither of a success nor of a refusal."""
    assert reply.answer(replied({**SUCCESS, "RequestId": request_id})) == Created("sync-0001xv7je357xn8tr", "")
    assert reply.answer(replied({"Code": "Forbidden.RAM", "RequestId": request_id}, 403)) == Refused(
        "Forbidden.RAM", 403
    )


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("1", 0.001),
        ("60000", 60.0),
        ("999999999", 999_999.999),
        ("", 0.0),
        ("-1", 0.0),
        ("1.5", 0.0),
        ("1e3", 0.0),
        ("soon", 0.0),
        ("1000 ", 0.0),
        ("１０００", 0.0),
        ("²", 0.0),
        ("9" * 400, 0.0),
        ("9" * 5000, 0.0),
    ],
    ids=lambda value: str(value)[:12],
)
def test_the_wait_asked_for_is_whole_milliseconds(header: str, seconds: float) -> None:
    """Anything else asks for nothing; no number however long breaks it."""
    answer = reply.answer(replied({"Code": "Throttling"}, 400, x_acs_retry_after=header))
    assert isinstance(answer, Refused)
    assert answer.retry_after_seconds == seconds


@pytest.mark.parametrize("entries", [[], [ENTRY], [ENTRY, {**ENTRY, "Name": "other"}]], ids=len)
def test_a_look_shows_every_group(entries: list[dict[str, str]]) -> None:
    """As the API names them, in its order."""
    finding = reply.finding(replied(listing(*entries)))
    assert isinstance(finding, Seen)
    assert [group.name for group in finding.groups] == [entry["Name"] for entry in entries]


def test_a_group_is_read_to_the_letter() -> None:
    """Every field that tells one group from another."""
    assert reply.finding(replied(listing(ENTRY))) == Seen((GROUP,))


@pytest.mark.parametrize("missing", [{}, {"BucketPrefix": None, "Description": None}])
def test_what_a_group_leaves_out_is_empty(missing: dict[str, object]) -> None:
    """Prefix and description are optional; absent equals empty."""
    bare = {name: ENTRY[name] for name in ("ExpressSyncId", "Name", "BucketName", "BucketRegion")}
    expected = Group("sync-1", "photos", "holiday-bucket", "cn-hangzhou", "", "")
    assert reply.finding(replied(listing({**bare, **missing}))) == Seen((expected,))


@pytest.mark.parametrize(
    "body",
    [
        {"Success": True},
        {"Success": True, "ExpressSyncs": None},
        {"Success": True, "ExpressSyncs": []},
        {"Success": True, "ExpressSyncs": {}},
        {"Success": True, "ExpressSyncs": {"ExpressSync": None}},
        {"Success": True, "ExpressSyncs": {"ExpressSync": ENTRY}},
        {"Success": True, "ExpressSyncs": {"ExpressSync": "text"}},
        listing(None),
        listing("text"),
        listing([]),
        listing({**ENTRY, "Name": 17}),
        listing({**ENTRY, "BucketRegion": None}),
        listing({**ENTRY, "BucketPrefix": 17}),
        listing({**ENTRY, "Description": ["x"]}),
        listing(ENTRY, {}),
    ],
    ids=lambda body: json.dumps(body)[17:60],
)
def test_a_list_that_cannot_be_read_is_no_look(body: object) -> None:
    """An unreadable entry might be the very group, so none of the list counts; the look may be repeated."""
    finding = reply.finding(replied(body))
    assert isinstance(finding, Refused)
    assert finding.code == "MalformedAnswer"
    assert answers.is_retryable(finding)


@given(
    status=st.integers(100, 599),
    data=st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda children: st.lists(children) | st.dictionaries(st.sampled_from([*SUCCESS, *ENTRY]), children),
    ).map(lambda value: json.dumps(value).encode()),
    header=st.text(),
)
def test_no_reply_makes_it_raise(status: int, data: bytes, header: str) -> None:
    """Whatever status, body and header a stranger on the way makes up; and a create is never done by accident."""
    strange = Reply(status, {"x-acs-retry-after": header}, data)
    assert isinstance(reply.finding(strange), Seen | Refused)
    assert isinstance(reply.answer(strange), Created | Refused)
