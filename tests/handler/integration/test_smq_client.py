"""The client of MNS over the official SDK: every defect of the SDK that could reach the function, over real sockets."""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import cast

import pytest

from handler.credentials import Credentials
from handler.model import MAX_MESSAGE_BYTES
from handler.smq.client import Received, Smq, SmqError
from tests.support.patience import PATIENCE_SECONDS, SILENCE_SECONDS
from tests.support.prepared_mns import PreparedMns
from tests.support.role_credentials import ROLE, USER
from tests.support.scripted_server import (
    Behaviour,
    ScriptedServer,
    answer,
    closes,
    is_silent,
    refusing_port,
    request_on,
    resets,
    sends,
    unreachable_port,
)

ACCEPTED = answer(
    201,
    b'<?xml version="1.0" ?><Message xmlns="http://mns.aliyuncs.com/doc/v1">'
    b"<MessageId>M-1</MessageId><MessageBodyMD5>0</MessageBodyMD5></Message>",
    "Content-Type: text/xml;charset=utf-8",
    "x-mns-request-id: 6AB5CE474131450F00098CC3",
)


@pytest.fixture
def smq(mns: PreparedMns) -> Smq:
    """Return a client of it with the function's temporary key."""
    return Smq.at(mns.url, ROLE)


def client_of(url: str, timeout_seconds: float = PATIENCE_SECONDS) -> Smq:
    """Return a client with a short timeout."""
    return Smq.at(url, ROLE, timeout_seconds)


def error_of(operation: Callable[[], object]) -> SmqError:
    """Return the error that an operation raises."""
    with pytest.raises(SmqError) as caught:
        operation()
    return caught.value


BODIES = [
    pytest.param('{"requestId": "r-12"}', id="decodes to garbage as base64"),
    pytest.param('{"requestId": "r-123"}', id="raises as base64"),
    pytest.param(base64.b64encode(b'{"a": 1}').decode(), id="is base64"),
    pytest.param("plain", id="plain"),
    pytest.param("<&>\"' ]]> &amp; <Message/>", id="looks like XML"),
    pytest.param("组 \U0001f600 é", id="beyond ASCII"),
    pytest.param(" \t\n inner \t\n ", id="blanks and line feeds"),
    pytest.param(json.dumps({"text": "\r\n\x00\x1b\ud800"}), id="awkward but escaped"),
]


@pytest.mark.parametrize("body", BODIES)
def test_body_is_received_as_it_was_sent(smq: Smq, body: str) -> None:
    """The SDK's base64 codec, which loses messages, is not used in either direction."""
    (message_id,) = smq.send("requests", [body])
    (received,) = smq.receive("requests")
    assert (received.message_id, received.body) == (message_id, body)


@pytest.mark.parametrize("body", BODIES)
def test_published_body_arrives_unchanged_in_the_queue(mns: PreparedMns, smq: Smq, body: str) -> None:
    assert smq.publish("outcomes", body, "succeeded")
    assert mns.bodies("results") == [body]


def test_undecodable_body_does_not_hide_its_batch(smq: Smq) -> None:
    """With the SDK's own decoding the whole batch would be invisible and its handles lost."""
    bodies = ['{"requestId": "r-12"}', "!", base64.b64encode(b"x").decode(), '{"requestId": "r-123"}']
    smq.send("requests", bodies)
    assert sorted(received.body for received in smq.receive("requests")) == sorted(bodies)


def test_full_batch_is_sent_received_and_deleted(mns: PreparedMns, smq: Smq) -> None:
    """Each of sixteen messages has its own id and handle."""
    sent = smq.send("requests", [f"body {number}" for number in range(16)])
    received = smq.receive("requests", 16)
    assert len(set(sent)) == 16
    assert {each.message_id for each in received} == set(sent)
    smq.delete("requests", [each.receipt_handle for each in received])
    assert mns.bodies("requests") == []


def test_message_that_is_hidden_longer_gets_a_new_handle(mns: PreparedMns, smq: Smq) -> None:
    """The old handle is invalid after the change, the new one deletes."""
    smq.send("requests", ["body"])
    (received,) = smq.receive("requests")
    handle = smq.change_visibility("requests", received.receipt_handle, 600)
    assert handle != received.receipt_handle
    assert error_of(lambda: smq.delete("requests", [received.receipt_handle])).code == "MessageNotExist"
    smq.delete("requests", [handle])
    assert mns.bodies("requests") == []


def test_received_message_has_the_time_of_its_enqueueing(mns: PreparedMns, smq: Smq) -> None:
    """It is in milliseconds, by the service's own clock."""
    smq.send("requests", ["body"])
    (received,) = smq.receive("requests")
    (stored,) = mns.local("queues/requests")["messages"]
    assert received.enqueued_at_ms == stored["enqueueTime"]


def test_receive_returns_at_most_the_requested_number(smq: Smq) -> None:
    smq.send("requests", ["1", "2", "3"])
    assert len(smq.receive("requests", 2)) == 2
    assert len(smq.receive("requests", 2)) == 1


def test_receive_from_an_empty_queue_returns_nothing(smq: Smq) -> None:
    """It is not an error."""
    assert smq.receive("requests") == ()


def test_long_poll_may_last_longer_than_the_timeout(mns: PreparedMns) -> None:
    """The wait is added to the timeout; the SDK would time out while the service hands out a message."""
    assert Smq.at(mns.url, ROLE, timeout_seconds=SILENCE_SECONDS).receive("requests", wait_seconds=1) == ()


def test_long_poll_ends_when_a_message_arrives(mns: PreparedMns, smq: Smq) -> None:
    """It does not delay a publication on the same client."""
    received: list[Received] = []
    poll = threading.Thread(target=lambda: received.extend(smq.receive("results", wait_seconds=20)))
    poll.start()
    while not smq.publish("outcomes", "while polling", "succeeded"):
        pass
    poll.join(PATIENCE_SECONDS)
    assert [each.body for each in received] == ["while polling"]


@pytest.mark.parametrize("keys", [ROLE, USER], ids=["with a token", "with an empty token"])
def test_mns_accepts_keys_with_and_without_a_token(mns: PreparedMns, keys: Credentials) -> None:
    """A long-lived key has an empty token, never None, which would break every call."""
    assert Smq.at(mns.url, keys).publish("outcomes", "body", "succeeded")


def test_mns_refuses_a_wrong_key_permanently(mns: PreparedMns) -> None:
    error = error_of(lambda: Smq.at(mns.url, Credentials("unknown", "x")).publish("outcomes", "body", "succeeded"))
    assert (error.code, error.transient) == ("InvalidAccessKeyId", False)


@pytest.mark.parametrize(
    ("fault", "code", "transient"),
    [
        ("InternalError", "InternalError", True),
        ("InternalServerError", "InternalServerError", True),
        ("TooManyRequests", "TooManyRequests", True),
        ("QpsLimitExceeded", "QpsLimitExceeded", True),
        ("TimeExpired", "TimeExpired", True),
        ("error-after", "InternalError", True),
        ("unavailable", "RespDataDamaged", True),
        ("http-502-html", "RespDataDamaged", True),
        ("reset-before", "ConnectionLost", True),
        ("reset-after", "ConnectionLost", True),
        ("timeout-before", "ReadTimeout", True),
        ("timeout-after", "ReadTimeout", True),
        ("TopicNotExist", "TopicNotExist", False),
        ("AccessDenied", "AccessDenied", False),
        ("InvalidArgument", "InvalidArgument", False),
        ("SignatureDoesNotMatch", "SignatureDoesNotMatch", False),
        ("MalformedXML", "MalformedXML", False),
    ],
)
def test_failure_has_its_code_and_whether_it_is_transient(
    mns: PreparedMns, fault: str, code: str, transient: bool
) -> None:
    """The next call on the same client succeeds."""
    mns.queue_faults("PublishMessage", fault)
    smq = Smq.at(mns.url, ROLE, timeout_seconds=SILENCE_SECONDS if "timeout" in fault else PATIENCE_SECONDS)
    error = error_of(lambda: smq.publish("outcomes", "first", "succeeded"))
    assert (error.code, error.transient) == (code, transient)
    assert smq.with_timeout(PATIENCE_SECONDS).publish("outcomes", "second", "succeeded")
    assert mns.bodies("results")[-1] == "second"


LOCAL_FAILURES: list[tuple[str, Callable[[Smq], object]]] = [
    ("topic name that is not valid in a URL", lambda smq: smq.publish("no topic\r\n", "body", "succeeded")),
    ("topic name beyond Latin-1", lambda smq: smq.publish("组", "body", "succeeded")),
    ("tag that is too long", lambda smq: smq.publish("outcomes", "body", "t" * 17)),
    ("queue body of the wrong type", lambda smq: smq.send("requests", [cast(str, {"a": 1})])),
    ("handle beyond Latin-1", lambda smq: smq.delete("requests", ["组"])),
    ("body that cannot be encoded", lambda smq: smq.publish("outcomes", "\ud800", "succeeded")),
    ("nothing to send", lambda smq: smq.send("requests", [])),
]


@pytest.mark.parametrize("fail", [row[1] for row in LOCAL_FAILURES], ids=[row[0] for row in LOCAL_FAILURES])
def test_local_failure_does_not_affect_the_next_call(mns: PreparedMns, smq: Smq, fail: Callable[[Smq], object]) -> None:
    """It is an SmqError too; the next request is not spliced with its remains."""
    assert error_of(lambda: fail(smq)).code
    for number in range(3):
        assert smq.publish("outcomes", f"body {number}", "succeeded")
    assert mns.bodies("results") == ["body 0", "body 1", "body 2"]


def test_parameter_that_the_sdk_refuses_is_a_permanent_error(smq: Smq) -> None:
    assert not error_of(lambda: smq.publish("", "body", "succeeded")).transient


def test_threads_share_a_client(mns: PreparedMns, smq: Smq) -> None:
    """Eight threads lose, duplicate and splice no message."""
    bodies = [f"body {number}" for number in range(80)]
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda body: smq.publish("outcomes", body, "succeeded"), bodies))
    assert len(set(ids)) == len(bodies)
    assert sorted(mns.bodies("results")) == sorted(bodies)


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ("x" * MAX_MESSAGE_BYTES, True),
        ("x" * (MAX_MESSAGE_BYTES + 1), False),
        ("中" * (MAX_MESSAGE_BYTES // 3), True),
        ("中" * (MAX_MESSAGE_BYTES // 3 + 1), False),
    ],
    ids=["64 KiB", "one byte more", "64 KiB of three bytes each", "one character more"],
)
def test_size_of_a_message_is_counted_in_bytes(mns: PreparedMns, smq: Smq, body: str, fits: bool) -> None:
    """A message that the service would refuse is not sent."""
    if fits:
        assert smq.publish("outcomes", body, "succeeded")
        return
    error = error_of(lambda: smq.publish("outcomes", body, "succeeded"))
    assert (error.code, error.transient) == ("MessageTooLarge", False)
    assert mns.calls("PublishMessage") == []


def test_body_that_is_not_a_text_is_never_published(mns: PreparedMns, smq: Smq) -> None:
    """The SDK would turn a dict into nested XML and publish that."""
    with pytest.raises(AttributeError):
        smq.publish("outcomes", cast(str, {"a": 1}), "succeeded")
    assert mns.calls("PublishMessage") == []


def test_receive_from_a_missing_queue_is_an_error(smq: Smq) -> None:
    error = error_of(lambda: smq.receive("nowhere"))
    assert (error.code, error.transient) == ("QueueNotExist", False)


def test_exception_of_the_sdks_parsers_is_an_smq_error() -> None:
    """The SDK raises a bare KeyError for a header that a proxy has dropped."""
    errors = (
        b"<Errors><Error><ErrorCode>MessageNotExist</ErrorCode><ErrorMessage>m</ErrorMessage>"
        b"<ReceiptHandle>h</ReceiptHandle></Error></Errors>"
    )
    with ScriptedServer(sends(answer(404, errors))) as server:
        error = error_of(lambda: client_of(server.url).delete("requests", ["h"]))
    assert (error.code, error.transient) == ("KeyError", True)


@pytest.mark.parametrize("status", [200, 201, 202, 205, 206, 302, 304])
def test_deletion_with_another_success_is_an_error(status: int) -> None:
    """The SDK takes any answer below 400 for a success, a page of somebody else included."""
    with ScriptedServer(sends(answer(status, b"<html/>", "Location: http://127.0.0.1:1/"))) as server:
        error = error_of(lambda: client_of(server.url).delete("requests", ["h"]))
    assert (error.code, error.transient) == ("MalformedAnswer", True)


SENT = "<Message><MessageId>M-1</MessageId><MessageBodyMD5>0</MessageBodyMD5></Message>"


@pytest.mark.parametrize(
    ("status", "count"), [(201, 0), (201, 2), (200, 1)], ids=["none", "one too many", "another status"]
)
def test_message_counts_as_sent_only_if_it_is_confirmed(status: int, count: int) -> None:
    """A requeued request would be lost, because its delivery is then deleted."""
    body = f"<Messages>{SENT * count}</Messages>".encode()
    with ScriptedServer(sends(answer(status, body))) as server:
        error = error_of(lambda: client_of(server.url).send("requests", ["body"]))
    assert (error.code, error.transient) == ("MalformedAnswer", True)


@pytest.mark.parametrize(
    ("status", "code", "transient"),
    [
        (500, "Undocumented", True),
        (503, "ServiceUnavailable", True),
        (599, "AccessDenied", True),
        (429, "Throttling", True),
        (408, "RequestTimeout", True),
        (400, "InternalError", True),
        (400, "Undocumented", False),
        (403, "Undocumented", False),
    ],
)
def test_refusal_is_transient_by_its_code_or_its_status(status: int, code: str, transient: bool) -> None:
    body = f"<Error><Code>{code}</Code><Message>m</Message><RequestId>r</RequestId><HostId>h</HostId></Error>".encode()
    with ScriptedServer(sends(answer(status, body))) as server:
        error = error_of(lambda: client_of(server.url).publish("outcomes", "body", "succeeded"))
    assert (error.code, error.transient) == (code, transient)


def test_partly_refused_deletion_is_an_error(mns: PreparedMns, smq: Smq) -> None:
    """The message of the valid handle is deleted nevertheless."""
    smq.send("requests", ["1"])
    (received,) = smq.receive("requests")
    error = error_of(lambda: smq.delete("requests", [received.receipt_handle, received.receipt_handle + "x"]))
    assert error.code
    assert mns.bodies("requests") == []


@pytest.mark.parametrize(
    "behaviour",
    [
        resets,
        sends(answer(502, b"<html>Bad Gateway</html>")),
        sends(answer(503)),
        sends(answer(302, b"", "Location: http://127.0.0.1:1/")),
        sends(answer(500, b"<Error><Code>InternalError</Code></Error>")),
        sends(answer(201, b"<Message><MessageId/></Message>")),
        sends(answer(201, b"")),
        sends(answer(201, b"\xff\xfe")),
        sends(b"HTTP/1.1 201 -\r\nContent-Length: 999\r\n\r\n<Message>"),
        is_silent,
    ],
    ids=["reset", "html", "empty 503", "redirect", "half an error", "empty id", "empty", "no text", "cut", "silence"],
)
def test_response_of_another_server_is_a_transient_error(behaviour: Behaviour) -> None:
    """There is one failure with one code, and the next call over a new connection succeeds."""
    with ScriptedServer(behaviour, sends(ACCEPTED)) as server:
        smq = client_of(server.url, SILENCE_SECONDS)
        assert error_of(lambda: smq.publish("outcomes", "body", "succeeded")).transient
        assert smq.with_timeout(PATIENCE_SECONDS).publish("outcomes", "body", "succeeded") == "M-1"
    assert len(server.requests) == 2


@pytest.mark.parametrize("port", [refusing_port, unreachable_port])
def test_unreachable_service_is_a_transient_error(port: Callable[[], AbstractContextManager[str]]) -> None:
    """The connection is refused or never accepted, within the timeout."""
    with port() as url:
        assert error_of(lambda: client_of(url, SILENCE_SECONDS).publish("outcomes", "body", "succeeded")).transient


def test_https_call_has_a_timeout() -> None:
    """The SDK sets none, and would wait for this greeting for ever."""
    with ScriptedServer(is_silent, reads=False) as server:
        smq = client_of(f"https://{server.address}", SILENCE_SECONDS)
        began = time.monotonic()
        assert error_of(lambda: smq.publish("outcomes", "body", "succeeded")).transient
        assert time.monotonic() - began < PATIENCE_SECONDS / 2  # after which the server would hang up itself


def test_connection_outlives_its_operation() -> None:
    """The SDK's account does not; a new one is made for each operation."""
    kept = ACCEPTED.replace(b"Connection: close", b"Connection: keep-alive")
    served = []

    def answers_each(peer: socket.socket) -> None:
        peer.sendall(kept)
        served.append(request_on(peer))
        peer.sendall(kept)

    with ScriptedServer(answers_each) as server:
        smq = client_of(server.url)
        assert [smq.publish("outcomes", body, "succeeded") for body in ("first", "second")] == ["M-1", "M-1"]
    assert [b"first" in server.requests[0], b"second" in served[0]] == [True, True]


def test_call_is_one_request_even_if_the_connection_closes() -> None:
    """The SDK would send it again by itself, with twice the time."""
    with ScriptedServer(closes, sends(ACCEPTED)) as server:
        smq = client_of(server.url)
        assert error_of(lambda: smq.publish("outcomes", "first", "succeeded")).code == "ConnectionLost"
        assert smq.publish("outcomes", "second", "succeeded") == "M-1"
    assert [b"first" in request for request in server.requests] == [True, False]


def test_smq_error_has_no_body_and_no_secret() -> None:
    """It has the code alone, without the SDK's text or exception."""
    secret = Credentials("ak", "Sup3r-S3cret", "Sup3r-S3cret")
    echo = (
        b"<Error><Code>AccessDenied</Code><Message>Sup3r-S3cret</Message>"
        b"<RequestId>1</RequestId><HostId>h</HostId></Error>"
    )
    with ScriptedServer(sends(answer(403, echo))) as server:
        smq = Smq.at(server.url, secret, PATIENCE_SECONDS)
        error = error_of(lambda: smq.publish("outcomes", "Sup3r-S3cret", "succeeded"))
    assert str(error) == error.code == "AccessDenied"
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert "S3cret" not in repr(smq) + repr(error)


def test_publication_has_its_tag() -> None:
    """Subscribers filter by it."""
    with ScriptedServer(sends(ACCEPTED)) as server:
        client_of(server.url).publish("outcomes", "body", "indeterminate")
    assert b"<MessageTag>indeterminate</MessageTag>" in server.requests[0]
