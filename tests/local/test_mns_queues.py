"""Queues and their messages, over the wire."""

import pytest

from tests.local.mns_client import RawClient, document, escape
from tests.local.mns_server import RunningMns

RANGES = [
    ("DelaySeconds", 0, 604800, "seconds"),
    ("MaximumMessageSize", 1024, 65536, "bytes"),
    ("MessageRetentionPeriod", 60, 604800, "seconds"),
    ("VisibilityTimeout", 1, 43200, "seconds"),
    ("PollingWaitSeconds", 0, 30, "seconds"),
]


def batch(*bodies: str) -> str:
    """Return a batch of messages."""
    messages = (f"<Message><MessageBody>{escape(body)}</MessageBody></Message>" for body in bodies)
    return f"<Messages>{''.join(messages)}</Messages>"


def handles(*handles: str) -> str:
    """Return a batch of receipt handles."""
    return f"<ReceiptHandles>{''.join(f'<ReceiptHandle>{each}</ReceiptHandle>' for each in handles)}</ReceiptHandles>"


def properties(*items: tuple[str, str, str]) -> str:
    """Return user properties of name, value and type."""
    values = (f"<Name>{name}</Name><Value>{value}</Value><Type>{kind}</Type>" for name, value, kind in items)
    return f"<UserProperties>{''.join(f'<PropertyValue>{value}</PropertyValue>' for value in values)}</UserProperties>"


# Queues


def test_repeated_queue_creation_must_be_equal(client: RawClient) -> None:
    """201, then 204 for the same attributes, both with the address; 409 for others."""
    responses = [client.create_queue("q"), client.create_queue("q"), client.create_queue("q", VisibilityTimeout=31)]
    assert [response.status for response in responses] == [201, 204, 409]
    assert {response.headers["Location"] for response in responses[:2]} == {f"http://127.0.0.1:{client.port}/queues/q"}
    assert responses[2].code == "QueueAlreadyExist"


def test_queue_attributes_are_complete(mns: RunningMns, client: RawClient) -> None:
    """Six can be set; name, times and the message counts by state are added."""
    client.create_queue("q", VisibilityTimeout=40)
    client.send_message("q", "active")
    client.send_message("q", "inactive", Priority=1)
    client.send_message("q", "delayed", DelaySeconds=5)
    client.receive("q")
    mns.clock.advance(4)
    assert client.call("PUT", "/queues/q?metaoverride=true", document("Queue", LoggingEnabled=True)).status == 204
    assert client.call("GET", "/queues/q").body.decode() == (
        '<?xml version="1.0" ?>\n'
        '<Queue xmlns="http://mns.aliyuncs.com/doc/v1">\n'
        "  <QueueName>q</QueueName>\n"
        "  <CreateTime>1800000000</CreateTime>\n"
        "  <LastModifyTime>1800000004</LastModifyTime>\n"
        "  <DelaySeconds>0</DelaySeconds>\n"
        "  <MaximumMessageSize>65536</MaximumMessageSize>\n"
        "  <MessageRetentionPeriod>345600</MessageRetentionPeriod>\n"
        "  <VisibilityTimeout>40</VisibilityTimeout>\n"
        "  <PollingWaitSeconds>0</PollingWaitSeconds>\n"
        "  <LoggingEnabled>True</LoggingEnabled>\n"
        "  <ActiveMessages>1</ActiveMessages>\n"
        "  <InactiveMessages>1</InactiveMessages>\n"
        "  <DelayMessages>1</DelayMessages>\n"
        "</Queue>\n"
    )


def test_deleted_queue_loses_its_messages(client: RawClient) -> None:
    """Deleting is idempotent, and the name can be used again."""
    client.create_queue("q")
    client.send_message("q", "lost")
    assert [client.call("DELETE", "/queues/q").status for _ in range(2)] == [204, 204]
    assert client.receive("q").code == "QueueNotExist"
    assert client.create_queue("q").status == 201
    assert client.receive("q").code == "MessageNotExist"


def test_queues_are_listed_in_pages(client: RawClient) -> None:
    """By prefix, in order of name, with a marker until the last page."""
    for name in ("b-2", "b-1", "a", "b-3"):
        client.create_queue(name)
    pages, marker = [], ""
    for _ in range(2):
        paging: dict[str, str | None] = {"x-mns-prefix": "b-", "x-mns-ret-number": "2", "x-mns-marker": marker or None}
        response = client.call("GET", "/queues", "", paging)
        pages.append([url.rpartition("/")[2] for url in response.all("Queue/QueueURL")])
        marker = "".join(response.all("NextMarker"))
    assert pages == [["b-1", "b-2"], ["b-3"]]
    assert marker == ""


def test_list_has_attributes_only_if_requested(client: RawClient) -> None:
    """x-mns-with-meta adds them to each address."""
    client.create_queue("q", VisibilityTimeout=77)
    assert client.call("GET", "/queues").all("Queue/VisibilityTimeout") == []
    assert client.call("GET", "/queues", "", {"x-mns-with-meta": "true"}).all("Queue/VisibilityTimeout") == ["77"]


@pytest.mark.parametrize("number", ["0", "1001", "many", "-1", "", "9" * 5000])
def test_page_has_1_to_1000_items(shared_client: RawClient, number: str) -> None:
    """Other sizes are refused."""
    refused = shared_client.call("GET", "/queues", "", {"x-mns-ret-number": number})
    assert refused.code == "InvalidArgument"
    assert refused.text("Message") == "The value of x-mns-ret-number should between 1 and 1000 items."


@pytest.mark.parametrize(("element", "low", "high", "unit"), RANGES)
def test_attribute_must_be_in_its_range(shared_client: RawClient, element: str, low: int, high: int, unit: str) -> None:
    """The bounds are allowed; the error for other values names them, and nothing is created."""
    for value in (low - 1, high + 1):
        response = shared_client.create_queue(f"out-{element}", **{element: value})
        assert (response.status, response.code) == (400, "InvalidArgument")
        assert response.text("Message") == f"The value of {element} should between {low} and {high} {unit}."
    assert shared_client.call("GET", f"/queues/out-{element}").code == "QueueNotExist"
    for value in (low, high):
        assert shared_client.create_queue(f"in-{element}-{value}", **{element: value}).status == 201


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("-q", "InvalidQueueName"),
        ("q_1", "InvalidQueueName"),
        ("q%20", "InvalidQueueName"),
        ("q%0A", "InvalidQueueName"),
        ("q" * 121, "QueueNameLengthError"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_invalid_queue_name_is_refused(shared_client: RawClient, method: str, name: str, code: str) -> None:
    """All operations with a name check it."""
    response = shared_client.call(method, f"/queues/{name}", document("Queue") if method == "PUT" else "")
    assert (response.status, response.code) == (400, code)


# Sending


def test_message_is_sent_and_received(mns: RunningMns, client: RawClient) -> None:
    """The response has every element in the service's order; times are milliseconds."""
    client.create_queue("q", VisibilityTimeout=30)
    system = "<SystemPropertyValue><Name>baggage</Name><Value>a=b</Value><Type>STRING</Type></SystemPropertyValue>"
    sent = client.call(
        "POST",
        "/queues/q/messages",
        "<Message><MessageBody>it-ack-test</MessageBody><Priority>3</Priority>"
        f"{properties(('case', 'ack', 'STRING'))}<SystemProperties>{system}</SystemProperties></Message>",
    )
    assert sent.status == 201
    mns.clock.advance(1.5)
    received = client.receive("q")
    assert received.status == 200
    assert received.body.decode() == (
        '<?xml version="1.0" ?>\n'
        '<Message xmlns="http://mns.aliyuncs.com/doc/v1">\n'
        f"  <MessageId>{sent.text('MessageId')}</MessageId>\n"
        "  <MessageBodyMD5>82126B76C04BAFB3F9DD413197CA304C</MessageBodyMD5>\n"
        "  <MessageBody>it-ack-test</MessageBody>\n"
        f"  <ReceiptHandle>{received.text('ReceiptHandle')}</ReceiptHandle>\n"
        "  <EnqueueTime>1800000000000</EnqueueTime>\n"
        "  <FirstDequeueTime>1800000001500</FirstDequeueTime>\n"
        "  <NextVisibleTime>1800000031500</NextVisibleTime>\n"
        "  <DequeueCount>1</DequeueCount>\n"
        "  <Priority>3</Priority>\n"
        "  <UserProperties>\n"
        "    <PropertyValue>\n"
        "      <Name>case</Name>\n"
        "      <Value>ack</Value>\n"
        "      <Type>STRING</Type>\n"
        "    </PropertyValue>\n"
        "  </UserProperties>\n"
        "  <SystemProperties>\n"
        "    <SystemPropertyValue>\n"
        "      <Name>baggage</Name>\n"
        "      <Value>a=b</Value>\n"
        "      <Type>STRING</Type>\n"
        "    </SystemPropertyValue>\n"
        "  </SystemProperties>\n"
        "</Message>\n"
    )


def test_body_is_received_exactly_as_sent(client: RawClient) -> None:
    """White space, carriage returns, markup and text beyond the basic plane included."""
    client.create_queue("q")
    body = ' \t\r\n<a b="c">&amp;</a> 测试 \U0001f642 \r'
    client.send_message("q", body)
    assert client.receive("q").text("MessageBody") == body


def test_delayed_message_can_be_deleted_before_it_is_visible(mns: RunningMns, client: RawClient) -> None:
    """Its own delay overrides the queue's; the response to the send has a handle."""
    client.create_queue("q", DelaySeconds=10)
    early = client.send_message("q", "early", DelaySeconds=0)
    assert early.all("ReceiptHandle") == []
    client.send_message("q", "late")
    unsent = client.send_message("q", "taken back", DelaySeconds=20)
    handle = unsent.text("ReceiptHandle")
    assert client.receive("q").text("MessageBody") == "early"
    assert client.receive("q").code == "MessageNotExist"
    assert client.call("DELETE", f"/queues/q/messages?ReceiptHandle={handle}").status == 204
    mns.clock.advance(10)
    assert client.receive("q").text("MessageBody") == "late"
    mns.clock.advance(10)
    assert client.receive("q").code == "MessageNotExist"


def test_body_size_is_counted_in_bytes(client: RawClient) -> None:
    """1 to the queue's maximum, in UTF-8."""
    client.create_queue("q", MaximumMessageSize=1024)
    assert client.send_message("q", "é" * 512).status == 201
    for body, message in (
        ("é" * 512 + "x", "The length of message should not be larger than MaximumMessageSize."),
        ("", "The value of MessageBody should between 1 and 1024 bytes."),
    ):
        response = client.send_message("q", body)
        assert (response.status, response.code) == (400, "InvalidArgument")
        assert response.text("Message") == message


@pytest.mark.parametrize(
    "element",
    [
        "<Priority>0</Priority>",
        "<Priority>17</Priority>",
        "<DelaySeconds>-1</DelaySeconds>",
        "<DelaySeconds>604801</DelaySeconds>",
        "<GroupId>fifo</GroupId>",
        "<UserProperties><PropertyValue><Name>n</Name><Value>1</Value></PropertyValue></UserProperties>",
        "<UserProperties><Other/></UserProperties>",
        "<SystemProperties><SystemPropertyValue><Name>n</Name></SystemPropertyValue></SystemProperties>",
        properties(("n", "x", "NUMBER")),
        properties(("n", "x", "BOOLEAN")),
        properties(("n", "!", "BINARY")),
        properties(("n", "x", "DATE")),
        properties(("n", "", "STRING")),
        properties(("n", "x" * 4097, "STRING")),
        properties(("n" * 257, "x", "STRING")),
        properties(("n", "x", "STRING"), ("n", "y", "STRING")),
        properties(*((f"n{number}", "x", "STRING") for number in range(51))),
        properties(("n", "x", "STRING"))
        .replace("UserProp", "SystemProp")
        .replace("PropertyValue", "SystemPropertyValue"),
    ],
)
def test_message_outside_the_limits_is_refused(shared_client: RawClient, element: str) -> None:
    """Nothing is queued."""
    shared_client.create_queue("strict")
    body = f"<Message><MessageBody>b</MessageBody>{element}</Message>"
    response = shared_client.call("POST", "/queues/strict/messages", body)
    assert (response.status, response.code) == (400, "InvalidArgument")
    assert shared_client.receive("strict").code == "MessageNotExist"


def test_batch_is_sent_in_order(client: RawClient) -> None:
    """Each message has an id; a batch receive returns them in order."""
    client.create_queue("q")
    sent = client.call("POST", "/queues/q/messages", batch("one", "two", "three"))
    received = client.receive("q", "numOfMessages=16")
    assert sent.status == 201
    assert received.all("Message/MessageBody") == ["one", "two", "three"]
    assert received.all("Message/MessageId") == sent.all("Message/MessageId")


def test_valid_messages_of_a_batch_are_sent(client: RawClient) -> None:
    """Each entry of the response has exactly the elements that the Python SDK expects."""
    client.create_queue("q", MaximumMessageSize=1024)
    response = client.call("POST", "/queues/q/messages", batch("good", "x" * 1025, "fine"))
    assert response.status == 500
    assert response.all("Message/ErrorCode") == ["InvalidArgument"]
    assert len(response.all("Message/MessageId")) == len(response.all("Message/MessageBodyMD5")) == 2
    assert client.receive("q", "numOfMessages=16").all("Message/MessageBody") == ["good", "fine"]


@pytest.mark.parametrize("bodies", [[], ["x"] * 17, ["x" * 40000, "y" * 30000]])
def test_batch_has_1_to_16_messages_and_64_kilobytes(shared_client: RawClient, bodies: list[str]) -> None:
    """Otherwise no message of it is sent."""
    shared_client.create_queue("batches")
    response = shared_client.call("POST", "/queues/batches/messages", batch(*bodies))
    assert (response.status, response.code) == (400, "InvalidArgument")
    assert shared_client.receive("batches").code == "MessageNotExist"


# Receiving


def test_urgent_messages_come_first(client: RawClient) -> None:
    """Priority 1 before 8, then by arrival."""
    client.create_queue("q")
    for body, priority in (("c", 8), ("b", 2), ("d", 8), ("a", 1), ("e", 16)):
        client.send_message("q", body, Priority=priority)
    assert client.receive("q", "numOfMessages=5").all("Message/MessageBody") == list("abcde")


def test_received_message_is_visible_again_after_its_timeout(mns: RunningMns, client: RawClient) -> None:
    """Then it is counted again, with the time of its first receive kept and a new handle."""
    client.create_queue("q", VisibilityTimeout=30)
    client.send_message("q", "again")
    first = client.receive("q")
    mns.clock.advance(29.999)
    assert client.receive("q").code == "MessageNotExist"
    mns.clock.advance(0.001)
    second = client.receive("q")
    assert (first.text("DequeueCount"), second.text("DequeueCount")) == ("1", "2")
    assert first.text("FirstDequeueTime") == second.text("FirstDequeueTime")
    assert first.text("ReceiptHandle") != second.text("ReceiptHandle")


def test_peek_changes_nothing(client: RawClient) -> None:
    """It returns active messages without a handle, and they can be received afterwards."""
    client.create_queue("q")
    for body in ("one", "two"):
        client.send_message("q", body)
    single = client.call("GET", "/queues/q/messages?peekonly=true")
    several = client.call("GET", "/queues/q/messages?peekonly=true&numOfMessages=16")
    assert single.text("MessageBody") == "one"
    assert several.all("Message/MessageBody") == ["one", "two"]
    assert several.all("Message/DequeueCount") == ["0", "0"]
    assert single.all("ReceiptHandle") == single.all("NextVisibleTime") == []
    assert client.receive("q", "numOfMessages=16").all("Message/DequeueCount") == ["1", "1"]
    assert client.call("GET", "/queues/q/messages?peekonly=true").code == "MessageNotExist"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("waitseconds=31", "InvalidArgument"),
        ("waitseconds=-1", "InvalidArgument"),
        ("waitseconds=long", "InvalidQueryString"),
        ("numOfMessages=0", "InvalidArgument"),
        ("numOfMessages=17", "InvalidArgument"),
        ("numOfMessages=", "InvalidQueryString"),
        ("peekonly=true&numOfMessages=17", "InvalidArgument"),
    ],
)
def test_receive_outside_the_limits_is_refused(shared_client: RawClient, query: str, code: str) -> None:
    """The limits are 30 seconds and 16 messages."""
    shared_client.create_queue("receives")
    response = shared_client.receive("receives", query)
    assert (response.status, response.code) == (400, code)


@pytest.mark.parametrize("query", ["waitseconds=0", "numOfMessages=16&waitseconds=0", "NUMOFMESSAGES=3"])
def test_empty_queue_is_an_error(shared_client: RawClient, query: str) -> None:
    """404 MessageNotExist, for a batch too; names of parameters in upper or lower case."""
    shared_client.create_queue("empty")
    response = shared_client.receive("empty", query)
    assert (response.status, response.code, response.text("Message")) == (404, "MessageNotExist", "Message not exist.")


# Deleting and hiding


def test_receipt_handle_deletes_once(client: RawClient) -> None:
    """The second time the message does not exist."""
    client.create_queue("q")
    client.send_message("q", "gone")
    handle = client.receive("q").text("ReceiptHandle")
    deletions = [client.call("DELETE", f"/queues/q/messages?receiptHandle={handle}") for _ in range(2)]
    assert [deletion.status for deletion in deletions] == [204, 404]
    assert deletions[1].code == "MessageNotExist"


def test_receipt_handle_expires_with_its_timeout(mns: RunningMns, client: RawClient) -> None:
    """It can then neither delete nor hide the message, which is delivered again."""
    client.create_queue("q", VisibilityTimeout=30)
    client.send_message("q", "again")
    handle = client.receive("q").text("ReceiptHandle")
    mns.clock.advance(30)
    late = [
        client.call("DELETE", f"/queues/q/messages?ReceiptHandle={handle}"),
        client.call("PUT", f"/queues/q/messages?ReceiptHandle={handle}&VisibilityTimeout=30"),
    ]
    assert [(response.status, response.code) for response in late] == [(404, "MessageNotExist")] * 2
    assert client.receive("q").text("MessageBody") == "again"


def test_changed_visibility_has_a_new_handle(mns: RunningMns, client: RawClient) -> None:
    """The timeout counts from the call; the old handle is not valid any more."""
    client.create_queue("q", VisibilityTimeout=30)
    client.send_message("q", "held")
    old = client.receive("q").text("ReceiptHandle")
    mns.clock.advance(20)
    changed = client.call("PUT", f"/queues/q/messages?receiptHandle={old}&visibilityTimeout=15")
    new = changed.text("ReceiptHandle")
    assert changed.status == 200
    assert changed.text("NextVisibleTime") == "1800000035000"
    assert new.split("-")[0] == old.split("-")[0]
    assert client.call("DELETE", f"/queues/q/messages?ReceiptHandle={old}").code == "MessageNotExist"
    mns.clock.advance(14.9)
    assert client.receive("q").code == "MessageNotExist"
    assert client.call("DELETE", f"/queues/q/messages?ReceiptHandle={new}").status == 204


@pytest.mark.parametrize(
    ("method", "query", "code"),
    [
        ("DELETE", "", "MissingReceiptHandle"),
        ("DELETE", "?ReceiptHandle=", "MissingReceiptHandle"),
        ("DELETE", "?ReceiptHandle=x", "ReceiptHandleError"),
        ("DELETE", f"?ReceiptHandle={'A' * 32}-MyA=", "ReceiptHandleError"),
        ("DELETE", f"?ReceiptHandle={'A' * 32}-A", "ReceiptHandleError"),
        ("DELETE", f"?ReceiptHandle={'A' * 32}-MyAxIDEgMCAwIGxvY2FsIDAgMQ==", "MessageNotExist"),
        ("PUT", "?VisibilityTimeout=30", "MissingReceiptHandle"),
        ("PUT", "?ReceiptHandle=x", "MissingVisibilityTimeout"),
        ("PUT", "?ReceiptHandle=x&VisibilityTimeout=0", "InvalidArgument"),
        ("PUT", "?ReceiptHandle=x&VisibilityTimeout=43201", "InvalidArgument"),
        ("PUT", "?ReceiptHandle=x&VisibilityTimeout=soon", "InvalidQueryString"),
        ("PUT", "?ReceiptHandle=x&VisibilityTimeout=30", "ReceiptHandleError"),
    ],
)
def test_invalid_receipt_handle_has_its_own_error(shared_client: RawClient, method: str, query: str, code: str) -> None:
    """Missing, malformed, or well-formed but without a message."""
    shared_client.create_queue("handles")
    assert shared_client.call(method, f"/queues/handles/messages{query}").code == code


def test_valid_handles_of_a_batch_are_deleted(client: RawClient) -> None:
    """204 for all; otherwise 404 with the failures, each with its handle."""
    client.create_queue("q")
    client.call("POST", "/queues/q/messages", batch(*"abc"))
    first, second, third = client.receive("q", "numOfMessages=16").all("Message/ReceiptHandle")
    assert client.call("DELETE", "/queues/q/messages", handles(first)).status == 204
    partly = client.call("DELETE", "/queues/q/messages", handles(first, second, "malformed"))
    assert partly.status == 404
    assert partly.all("Error/ErrorCode") == ["MessageNotExist", "ReceiptHandleError"]
    assert partly.all("Error/ReceiptHandle") == [first, "malformed"]
    assert client.call("DELETE", f"/queues/q/messages?ReceiptHandle={second}").status == 404
    assert client.call("DELETE", f"/queues/q/messages?ReceiptHandle={third}").status == 204


@pytest.mark.parametrize("number", [0, 17])
def test_batch_delete_has_1_to_16_handles(shared_client: RawClient, number: int) -> None:
    """Otherwise no message is deleted."""
    shared_client.create_queue("handles")
    response = shared_client.call("DELETE", "/queues/handles/messages", handles(*["h"] * number))
    assert (response.status, response.code) == (400, "InvalidArgument")


# Ageing


def test_message_expires_in_every_state(mns: RunningMns, client: RawClient) -> None:
    """Retention counts from enqueueing; an expired message can be neither received nor deleted."""
    client.create_queue("q", MessageRetentionPeriod=60, VisibilityTimeout=100)
    client.send_message("q", "held")
    client.send_message("q", "waiting")
    client.send_message("q", "delayed", DelaySeconds=61)
    handle = client.receive("q").text("ReceiptHandle")
    mns.clock.advance(59.9)
    assert len(client.local("GET", "queues/q")[1]["messages"]) == 3
    mns.clock.advance(0.1)
    assert client.call("DELETE", f"/queues/q/messages?ReceiptHandle={handle}").code == "MessageNotExist"
    mns.clock.advance(10)
    assert client.receive("q").code == "MessageNotExist"
    assert client.local("GET", "queues/q")[1]["messages"] == []
