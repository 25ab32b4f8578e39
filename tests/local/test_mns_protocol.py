"""The protocol around every MNS operation: signatures, headers, addresses, documents, errors."""

import base64
import re
import time
from email.utils import formatdate

import pytest

from express_sync.local.account import LOCAL_ACCOUNT, Key
from tests.local.mns_client import RawClient, document, md5, signature
from tests.local.mns_server import RunningMns

NOW = formatdate(usegmt=True)
BODY = document("Queue")


def test_every_response_has_the_headers_of_the_service(shared_client: RawClient) -> None:
    """Names as recorded, 24 hex digits of request id, and a Content-Type even without content."""
    responses = [
        shared_client.call("PUT", "/queues/headers", BODY),
        shared_client.call("PUT", "/queues/headers?metaoverride=true", BODY),
        shared_client.call("GET", "/queues/headers"),
        shared_client.call("GET", "/queues/nowhere"),
    ]
    assert [response.status for response in responses] == [201, 204, 200, 404]
    for response in responses:
        assert re.fullmatch("[0-9A-F]{24}", response.headers["x-mns-request-id"])
        assert response.headers["x-mns-version"] == "2015-06-06"
        assert response.headers["Server"] == "AliyunMQS"
        assert response.headers["Content-Type"] == "text/xml;charset=utf-8"


def test_error_is_a_document_of_four_elements(shared_client: RawClient) -> None:
    """Code, Message, RequestId and HostId, indented, under the namespace without a final slash."""
    response = shared_client.call("GET", "/queues/nowhere")
    assert response.body.decode() == (
        '<?xml version="1.0" ?>\n'
        '<Error xmlns="http://mns.aliyuncs.com/doc/v1">\n'
        "  <Code>QueueNotExist</Code>\n"
        "  <Message>The queue name you provided is not exist.</Message>\n"
        f"  <RequestId>{response.headers['x-mns-request-id']}</RequestId>\n"
        f"  <HostId>http://127.0.0.1:{shared_client.port}</HostId>\n"
        "</Error>\n"
    )


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"x-mns-version": None}, 400, "MissingVersionHeader"),
        ({"x-mns-version": "2014-01-01"}, 400, "InvalidVersionHeader"),
        ({"Authorization": "Bearer x"}, 400, "InvalidAuthorizationHeader"),
        ({"Authorization": "MNS unknown:c2lnbmF0dXJl"}, 403, "InvalidAccessKeyId"),
        ({"Authorization": f"MNS {LOCAL_ACCOUNT.user.access_key_id}:c2ln"}, 403, "SignatureDoesNotMatch"),
        ({"Authorization": f"MNS {LOCAL_ACCOUNT.user.access_key_id}:ä"}, 403, "SignatureDoesNotMatch"),
        ({"Date": None}, 400, "MissingDateHeader"),
        ({"Date": "yesterday"}, 400, "InvalidDateHeader"),
        ({"Date": "Fri, 27 Nov 99999999999999 10:00:00 GMT"}, 400, "InvalidDateHeader"),
        ({"Date": "Fri, 27 Nov 2026 10:00:00 +9999999999999999"}, 400, "InvalidDateHeader"),
        ({"Date": "Fri, 31 Feb 2026 10:00:00 GMT"}, 400, "InvalidDateHeader"),
        ({"Date": "Mon, 01 Jan 0001 00:00:00 +2359"}, 408, "TimeExpired"),
        ({"Date": "Mon, 23 Nov 2020 06:10:47 GMT"}, 408, "TimeExpired"),
        ({"Content-MD5": base64.b64encode(md5("other").digest()).decode()}, 400, "InvalidDegist"),
        ({"Content-Type": "application/json"}, 400, "InvalidContentType"),
        ({"security-token": "of somebody else"}, 403, "AccessDenied"),
    ],
)
def test_request_that_fails_a_check_is_refused(
    shared_client: RawClient, changes: dict[str, str | None], status: int, code: str
) -> None:
    """Each protocol check has its code and status."""
    response = shared_client.call("PUT", "/queues/checks", BODY, changes)
    assert (response.status, response.code) == (status, code)


def test_request_without_authorization_is_refused(shared_client: RawClient) -> None:
    """A missing Authorization header has its own code."""
    headers = {"Date": NOW, "x-mns-version": "2015-06-06"}
    assert shared_client.send("GET", "/queues", "", headers).code == "MissingAuthorizationHeader"


@pytest.mark.parametrize("skew_seconds", [-16 * 60, 16 * 60])
def test_request_expires_with_fifteen_minutes_of_skew(shared_client: RawClient, skew_seconds: int) -> None:
    """The limit applies in both directions."""
    now = time.time()
    late = shared_client.call("GET", "/queues", "", {"Date": formatdate(now + skew_seconds, usegmt=True)})
    in_time = shared_client.call("GET", "/queues", "", {"Date": formatdate(now + skew_seconds * 0.9, usegmt=True)})
    assert (late.status, late.code, in_time.status) == (408, "TimeExpired", 200)


def test_signature_covers_target_headers_and_secret(shared_client: RawClient) -> None:
    """A signature for another query, x-mns-* header, digest or secret does not match."""
    signed = shared_client.headers("PUT", "/queues/signed", BODY)
    assert shared_client.send("PUT", "/queues/signed", BODY, signed).status == 201
    other_digest = base64.b64encode(md5(BODY).digest()).decode()
    strangers = Key(LOCAL_ACCOUNT.user.access_key_id, "another secret")
    attempts = [
        ("/queues/signed?metaoverride=true", signed),
        ("/queues/signed", signed | {"x-mns-prefix": "added"}),
        ("/queues/signed", signed | {"Content-MD5": other_digest}),
        ("/queues/signed", signed | {"Authorization": signature(strangers, "PUT", "/queues/signed", signed)}),
    ]
    responses = [shared_client.send("PUT", target, BODY, headers) for target, headers in attempts]
    assert {response.code for response in responses} == {"SignatureDoesNotMatch"}


def test_content_md5_is_accepted_in_both_forms(shared_client: RawClient) -> None:
    """One is that of RFC 1864, the other that of the service's SDKs: base64 of the hex digest."""
    digest = md5(BODY)
    for form in (digest.digest(), digest.hexdigest().encode()):
        headers: dict[str, str | None] = {"Content-MD5": base64.b64encode(form).decode()}
        assert shared_client.call("PUT", "/queues/digests", BODY, headers).status in (201, 204)


def test_x_mns_date_replaces_a_missing_date(shared_client: RawClient) -> None:
    """A client that cannot set Date sends, and signs, x-mns-date."""
    headers = {"x-mns-date": NOW, "x-mns-version": "2015-06-06"}
    authorization = signature(LOCAL_ACCOUNT.user, "GET", "/queues", headers | {"Date": NOW})
    assert shared_client.send("GET", "/queues", "", headers | {"Authorization": authorization}).status == 200


def test_temporary_key_needs_its_token(mns: RunningMns) -> None:
    """The role's key pair alone, or with another token, is refused."""
    role = LOCAL_ACCOUNT.role
    clients = [
        RawClient(mns.server.port, key)
        for key in (
            role,
            Key(role.access_key_id, role.access_key_secret),
            Key(role.access_key_id, role.access_key_secret, "x"),
        )
    ]
    responses = [client.call("GET", "/queues") for client in clients]
    assert [response.status for response in responses] == [200, 403, 403]
    assert {response.code for response in responses[1:]} == {"AccessDenied"}
    for client in clients:
        client.close()


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "/queue"),
        ("POST", "/queues"),
        ("PATCH", "/queues/q"),
        ("GET", "/queues/q/"),
        ("GET", "/queues/q/messages/1"),
        ("GET", "/topics/t/messages"),
        ("DELETE", "/topics/t/subscriptions"),
    ],
)
def test_unknown_address_is_refused(shared_client: RawClient, method: str, target: str) -> None:
    """The signature is verified first."""
    response = shared_client.call(method, target)
    assert (response.status, response.code) == (400, "InvalidRequestURL")
    unsigned = shared_client.call(method, target, "", {"Authorization": "MNS a:b"})
    assert unsigned.code == "InvalidAccessKeyId"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no XML",
        "<Queue>",
        "<Queue></Topic>",
        "<Queue/><Queue/>",
        '<?xml version="1.0" encoding="klingon"?><Queue/>',
        "<!DOCTYPE Queue><Queue/>",
        '<!DOCTYPE Queue [<!ENTITY a "99999"><!ENTITY b "&a;&a;">]><Queue><DelaySeconds>&b;</DelaySeconds></Queue>',
        '<!DOCTYPE Queue [<!ENTITY f SYSTEM "file:///etc/hostname">]><Queue><DelaySeconds>&f;</DelaySeconds></Queue>',
        '<!DOCTYPE Queue SYSTEM "http://127.0.0.1:9/q.dtd"><Queue/>',
        "<Queue><DelaySeconds>&undefined;</DelaySeconds></Queue>",
    ],
)
def test_malformed_document_is_refused(shared_client: RawClient, body: str) -> None:
    """Any document type declaration is refused, too: no entity is expanded or fetched."""
    response = shared_client.call("PUT", "/queues/xml", body)
    assert (response.status, response.code) == (400, "MalformedXML")
    assert response.text("Message") == "The XML you provided was not well-formed."


@pytest.mark.parametrize(
    "body",
    [
        "<Queue><VisibilityTimeout>33</VisibilityTimeout></Queue>",
        '<?xml version="1.0"?>\n<Queue xmlns="http://mns.aliyuncs.com/doc/v1/"><VisibilityTimeout>33</VisibilityTimeout></Queue>',
        '<m:Queue xmlns:m="urn:any"><m:VisibilityTimeout>33</m:VisibilityTimeout></m:Queue>',
        "<!-- a comment --><Queue>\n  <VisibilityTimeout> 33 </VisibilityTimeout>\n</Queue>",
        "<Queue><VisibilityTimeout><![CDATA[33]]></VisibilityTimeout></Queue>",
    ],
)
def test_any_prolog_namespace_and_prefix_is_accepted(shared_client: RawClient, body: str) -> None:
    """The official clients differ in all of them."""
    assert shared_client.call("PUT", "/queues/dialects", body).status in (201, 204)
    assert shared_client.call("GET", "/queues/dialects").text("VisibilityTimeout") == "33"


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("<Topic/>", "Topic"),
        ("<Queue><Colour>red</Colour></Queue>", "Colour"),
        ("<Queue><DelaySeconds>1</DelaySeconds><DelaySeconds>2</DelaySeconds></Queue>", "DelaySeconds"),
        ("<Queue><DelaySeconds>soon</DelaySeconds></Queue>", "DelaySeconds"),
        ("<Queue><DelaySeconds>1.5</DelaySeconds></Queue>", "DelaySeconds"),
        ("<Queue><DelaySeconds><Seconds>1</Seconds></DelaySeconds></Queue>", "Seconds"),
        ("<Queue><LoggingEnabled>perhaps</LoggingEnabled></Queue>", "LoggingEnabled"),
    ],
)
def test_document_outside_the_schema_names_its_element(shared_client: RawClient, body: str, cause: str) -> None:
    """The error is InvalidArgument."""
    response = shared_client.call("PUT", "/queues/schema", body)
    assert (response.status, response.code) == (400, "InvalidArgument")
    assert response.text("Message") == (
        f"The XML you provided did not validate against our published schema, cause by {cause}."
    )
