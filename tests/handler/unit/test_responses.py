"""Responses of the API: only a sound success counts as one, and no response makes parsing raise."""

import json
from dataclasses import replace
from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.model import Created, Fragment, Group, GroupList, Refused
from handler.provisioning import error_table, errors
from handler.provisioning.error_table import Effect
from handler.sgw import responses
from handler.sgw.responses import Reply

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
    """Return a response with a JSON body, or with the bytes themselves."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): text for name, text in headers.items()}, data)


def listing(*entries: object) -> dict[str, Any]:
    """Return a sound list of groups."""
    return {"Success": True, "RequestId": "API-1", "ExpressSyncs": {"ExpressSync": list(entries)}}


def test_documented_success_is_created() -> None:
    """It has the group's id and the API's request id."""
    expected = Created("sync-0001xv7je357xn8tr", "EEFC9927-B097-446D-8FDA-F848C8B2C9E0")
    assert responses.answer(replied(SUCCESS)) == expected


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Success": False}, 200),
        ({"Success": "false"}, 200),
        ({"Success": 1}, 200),
        ({"Success": None}, 200),
        ({"ExpressSyncId": None}, 200),
        ({"ExpressSyncId": ""}, 200),
        ({"ExpressSyncId": 17}, 200),
        ({"ExpressSyncId": "sync 1"}, 200),
        ({"ExpressSyncId": "s" * 129}, 200),
        ({"Code": "InternalError"}, 200),
        ({"Code": "NoPermission"}, 200),
        ({"Code": "NoPermission", "ExpressSyncId": None}, 200),
        ({}, 201),
        ({}, 500),
    ],
)
def test_incomplete_success_is_possibly_done(changes: dict[str, object], status: int) -> None:
    """The status, Success and a usable id are all needed."""
    answer = responses.answer(replied({**SUCCESS, **changes}, status))
    assert isinstance(answer, Refused)
    assert errors.effect(answer) is Effect.POSSIBLY_DONE
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
@pytest.mark.parametrize(
    ("status", "code"), [(200, "MalformedAnswer"), (404, "GatewayRefused"), (302, "GatewayLostService")]
)
def test_unreadable_body_gets_a_code_made_of_its_status(body: bytes, status: int, code: str) -> None:
    assert responses.answer(replied(body, status)) == Refused(code, status)
    assert responses.lookup_result(replied(body, status)) == Refused(code, status)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *[(status, body) for status in (408, 499, 502, 504) for body in (b"<html>Bad Gateway</html>", b"", SUCCESS)],
        *[(status, body) for status in (500, 503, 520, 599) for body in (b"<html>Sorry</html>", b"", b"{}", b"[]")],
    ],
)
def test_gateway_error_is_possibly_done_whatever_its_body(status: int, body: object) -> None:
    """The gateway may have forwarded the call. An error code of the API itself would be final."""
    answer = responses.answer(replied(body, status))
    assert (answer, responses.lookup_result(replied(body, status))) == (Refused("GatewayLostService", status, ANY),) * 2
    assert errors.effect(answer) is Effect.POSSIBLY_DONE


def test_refusal_has_code_status_request_id_and_wait() -> None:
    """The API's message is not kept."""
    body = {"Code": "Throttling.User", "Message": "SECRET", "RequestId": "API-7", "HostId": "sgw", "Recommend": "url"}
    answer = responses.answer(replied(body, 400, x_acs_retry_after="1500"))
    assert answer == Refused("Throttling.User", 400, "API-7", 1.5)


def test_refusal_with_status_200_keeps_its_code() -> None:
    body = {"Success": False, "Code": "DuplicateExpressSyncName", "RequestId": "API-7"}
    assert responses.answer(replied(body)) == Refused("DuplicateExpressSyncName", 200, "API-7")


@pytest.mark.parametrize(
    "code", [17, None, "", "200", "has space", "has\nline", "Trailing\n", "x" * 129, "<b>", ["InternalError"]]
)
def test_malformed_code_is_not_shown(code: object) -> None:
    """A proxy may put anything there."""
    refused = responses.answer(replied({"Code": code, "RequestId": "API-7"}, 400))
    assert refused == Refused("GatewayRefused", 400, "API-7")
    assert errors.effect(refused) is Effect.POSSIBLY_DONE


@pytest.mark.parametrize("request_id", [17, None, "", "has space", "API-1\n", "x" * 129, "中"])
def test_malformed_request_id_is_not_shown(request_id: object) -> None:
    """This holds for a success and for a refusal."""
    assert responses.answer(replied({**SUCCESS, "RequestId": request_id})) == Created("sync-0001xv7je357xn8tr", "")
    assert responses.answer(replied({"Code": "Forbidden.RAM", "RequestId": request_id}, 403)) == Refused(
        "Forbidden.RAM", 403
    )


@pytest.mark.parametrize(
    "code", ["Throttling", "Throttling.User", "Rejected.Throttling", "RoleNotExist", "Forbidden.RAM"]
)
def test_known_code_counts_without_a_request_id(code: str) -> None:
    assert responses.answer(replied({"Code": code}, 400)) == Refused(code, 400)


def test_unknown_code_counts_only_with_a_request_id() -> None:
    """The API puts a RequestId into each answer."""
    body = {"Code": "Undocumented", "RequestId": "API-7"}
    refused = responses.answer(replied(body, 403))
    assert refused == Refused("Undocumented", 403, "API-7")
    assert errors.effect(refused) is Effect.TERMINAL


@pytest.mark.parametrize(
    "body", [{"Code": "Undocumented"}, {"Code": "AccessDenied", "RequestId": ""}, {"code": "Denied"}]
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 407, 413, 429, 451])
def test_refusal_by_a_proxy_is_possibly_done(body: object, status: int) -> None:
    """A proxy may have forwarded the request, even if it answers with JSON."""
    refused = responses.answer(replied(body, status))
    assert refused == Refused("GatewayRefused", status)
    assert errors.effect(refused) is Effect.POSSIBLY_DONE


@pytest.mark.parametrize("code", error_table.OWN)
def test_codes_of_the_function_are_not_accepted_from_the_api(code: str) -> None:
    """An answer cannot say that nothing was sent."""
    refused = responses.answer(replied({"Code": code, "RequestId": "API-7"}, 403))
    assert refused == Refused("GatewayRefused", 403, "API-7")


@pytest.mark.parametrize("status", [100, 101, 201, 202, 204, 206, 299, 301, 302, 303, 307, 308, 399, 600, 999])
@pytest.mark.parametrize("body", [SUCCESS, {"Code": "RoleNotExist", "RequestId": "API-7"}, b""])
def test_redirect_is_possibly_done_whatever_its_body(status: int, body: object) -> None:
    """It is not followed."""
    refused = responses.answer(replied(body, status))
    assert refused == responses.lookup_result(replied(body, status)) == Refused("GatewayLostService", status, ANY)
    assert errors.effect(refused) is Effect.POSSIBLY_DONE


XML_SUCCESS = (
    b"<CreateExpressSyncResponse><Message>successful</Message><RequestId>API-1</RequestId>"
    b"<ExpressSyncId>sync-1</ExpressSyncId><Code>200</Code><Success>true</Success></CreateExpressSyncResponse>"
)
XML_ERROR = (
    b"<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>API-7</RequestId><HostId>sgw</HostId>"
    b"<Code>AssumeRoleFail</Code><Message>SECRET</Message></Error>"
)


def test_success_in_xml_is_created() -> None:
    """The documentation shows such a success."""
    assert responses.answer(replied(XML_SUCCESS)) == Created("sync-1", "API-1")


def test_error_in_xml_is_read_like_one_in_json() -> None:
    """It has its code, its request id and the requested wait."""
    refused = responses.answer(replied(XML_ERROR, 403, retry_after="3"))
    assert refused == Refused("AssumeRoleFail", 403, "API-7", 3.0)
    assert errors.effect(refused) is Effect.NOT_EXECUTED


@pytest.mark.parametrize("count", [0, 1, 2])
def test_list_in_xml_is_read_like_one_in_json(count: int) -> None:
    """It may have no, one or several groups."""
    entry = "".join(f"<{name}>{text}</{name}>" for name, text in ENTRY.items())
    listed = f"<ExpressSync>{entry}</ExpressSync>" * count
    body = f"<R><RequestId>1</RequestId><ExpressSyncs>{listed}</ExpressSyncs><Success>true</Success></R>"
    assert responses.lookup_result(replied(body.encode())) == GroupList((GROUP,) * count)


@pytest.mark.parametrize("status", [200, 400, 403, 429, 500, 503])
def test_requested_wait_is_kept_for_any_status(status: int) -> None:
    """This holds for create calls and lookups, in both header forms."""
    for asked in (replied(b"", status, retry_after="4"), replied(b"{}", status, x_acs_retry_after="4000")):
        for refused in (responses.answer(asked), responses.lookup_result(asked)):
            assert isinstance(refused, Refused)
            assert refused.retry_after_seconds == 4.0


@pytest.mark.parametrize("entries", [[], [ENTRY], [ENTRY, {**ENTRY, "Name": "other"}]], ids=len)
def test_lookup_returns_every_group_in_order(entries: list[dict[str, str]]) -> None:
    finding = responses.lookup_result(replied(listing(*entries)))
    assert isinstance(finding, GroupList)
    assert [group.name for group in finding.groups] == [entry["Name"] for entry in entries]


def test_fields_of_a_group_are_read_unchanged() -> None:
    assert responses.lookup_result(replied(listing(ENTRY))) == GroupList((GROUP,))


@pytest.mark.parametrize("missing", [{}, {"BucketPrefix": None, "Description": None}])
def test_missing_prefix_and_description_of_a_group_are_empty(missing: dict[str, object]) -> None:
    bare = {name: ENTRY[name] for name in ("ExpressSyncId", "Name", "BucketName", "BucketRegion")}
    expected = Group("sync-1", "photos", "holiday-bucket", "cn-hangzhou", "", "")
    assert responses.lookup_result(replied(listing({**bare, **missing}))) == GroupList((expected,))


@pytest.mark.parametrize(
    "body",
    [
        {"Success": True},
        {"Success": True, "TotalCount": 1},
        {"Success": True, "TotalCount": None},
        {"Success": True, "TotalCount": "9" * 5000},
        {"Success": True, "ExpressSyncId": "sync-1"},
        {"Success": True, "ExpressSyncs": 0},
        {"Success": True, "ExpressSyncs": False},
        {"Success": True, "ExpressSyncs": "text"},
        {"Success": True, "ExpressSyncs": {"Other": []}},
        {"Success": True, "ExpressSyncs": {"ExpressSync": "text"}},
        {"Success": True, "ExpressSyncs": {"ExpressSync": 17}},
    ],
    ids=lambda body: json.dumps(body)[17:60],
)
def test_lookup_without_a_list_is_retryable(body: object) -> None:
    """It does not prove whether a group exists."""
    finding = responses.lookup_result(replied(body))
    assert isinstance(finding, Refused)
    assert finding.code == "MalformedAnswer"
    assert errors.is_retryable(finding)


@pytest.mark.parametrize(
    ("members", "is_complete"),
    [
        ({"TotalCount": 2}, False),
        ({"TotalCount": "2"}, False),
        ({"TotalCount": 1, "NextToken": "x"}, False),
        ({"NextToken": 17}, False),
        ({"TotalCount": 1}, True),
        ({"TotalCount": 0}, True),
        ({"TotalCount": -1}, True),
        ({"TotalCount": "many"}, True),
        ({"TotalCount": "9" * 5000}, True),
        ({"NextToken": ""}, True),
        ({"NextToken": None}, True),
        ({"PageNumber": 1, "PageSize": 1}, True),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_list_that_mentions_further_groups_is_incomplete(members: dict[str, object], is_complete: bool) -> None:
    """The groups that it shows still count."""
    expected = GroupList((GROUP,), is_complete=is_complete)
    assert responses.lookup_result(replied({**listing(ENTRY), **members})) == expected


def test_empty_list_that_counts_a_group_is_incomplete() -> None:
    body = {"Success": True, "ExpressSyncs": {}, "TotalCount": 1}
    assert responses.lookup_result(replied(body)) == GroupList((), is_complete=False)


@pytest.mark.parametrize(
    "listed", [{}, None, "", [], {"ExpressSync": []}, {"ExpressSync": None}, {"ExpressSync": {}}, {"ExpressSync": ""}]
)
def test_empty_list_is_read_in_any_form(listed: object) -> None:
    """Gateways write it in several ways in JSON and XML."""
    for body in ({"Success": True, "ExpressSyncs": listed}, {"Success": True, "ExpressSyncs": listed, "TotalCount": 0}):
        assert responses.lookup_result(replied(body)) == GroupList(())


@pytest.mark.parametrize("count", [0, "0"])
def test_count_of_zero_is_an_empty_list(count: object) -> None:
    """The list itself may then be missing."""
    assert responses.lookup_result(replied({"Success": True, "TotalCount": count})) == GroupList(())


@pytest.mark.parametrize("listed", [[ENTRY], ENTRY, {"ExpressSync": ENTRY}])
def test_list_of_one_is_read_in_any_form(listed: object) -> None:
    """The list and the name of its entries may be missing."""
    assert responses.lookup_result(replied({"Success": True, "ExpressSyncs": listed, "TotalCount": 1})) == GroupList(
        (GROUP,)
    )


@pytest.mark.parametrize(
    ("entry", "fragments"),
    [
        (None, ()),
        ("text", ()),
        (17, ()),
        ([], ()),
        ({}, (Fragment(None, None, None),)),
        ({**ENTRY, "Name": 17}, (Fragment(None, "holiday-bucket", "teams/a"),)),
        ({**ENTRY, "Name": ""}, (Fragment(None, "holiday-bucket", "teams/a"),)),
        ({**ENTRY, "Name": None, "BucketPrefix": None}, (Fragment(None, "holiday-bucket", None),)),
        ({**ENTRY, "ExpressSyncId": None}, (Fragment("photos", "holiday-bucket", "teams/a"),)),
        ({**ENTRY, "ExpressSyncId": "sync 1"}, (Fragment("photos", "holiday-bucket", "teams/a"),)),
        ({**ENTRY, "ExpressSyncId": "s" * 70_000}, (Fragment("photos", "holiday-bucket", "teams/a"),)),
        ({**ENTRY, "BucketName": {}}, (Fragment("photos", None, "teams/a"),)),
        ({**ENTRY, "BucketRegion": None}, (Fragment("photos", "holiday-bucket", "teams/a"),)),
        ({**ENTRY, "BucketPrefix": 17}, (Fragment("photos", "holiday-bucket", None),)),
        ({**ENTRY, "Description": ["x"]}, (Fragment("photos", "holiday-bucket", "teams/a"),)),
        ({"Name": "photos"}, (Fragment("photos", None, None),)),
    ],
    ids=lambda row: repr(row)[:40],
)
def test_unreadable_entry_does_not_hide_other_groups(entry: object, fragments: tuple[Fragment, ...]) -> None:
    """Its readable fields are kept, to decide whose group it may be."""
    finding = responses.lookup_result(replied(listing(ENTRY, entry, {**ENTRY, "Name": "other"})))
    assert finding == GroupList((GROUP, replace(GROUP, name="other")), fragments)


def test_list_that_is_given_twice_is_not_complete() -> None:
    """Neither of the two proves that a group is absent."""
    twice = b'{"Success": true, "ExpressSyncs": {"ExpressSync": [], "ExpressSync": []}}'
    assert responses.lookup_result(replied(twice)) == Refused("MalformedAnswer", 200)


@given(
    status=st.integers(100, 599),
    data=st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda children: st.lists(children) | st.dictionaries(st.sampled_from([*SUCCESS, *ENTRY]), children),
    ).map(lambda value: json.dumps(value).encode()),
    header=st.text(),
    date=st.text(),
)
def test_parsing_any_response_never_raises(status: int, data: bytes, header: str, date: str) -> None:
    """No response becomes a success by accident."""
    strange = Reply(status, {"x-acs-retry-after": header, "retry-after": header, "date": date}, data, date)
    assert isinstance(responses.lookup_result(strange), GroupList | Refused)
    assert isinstance(responses.answer(strange), Created | Refused)
