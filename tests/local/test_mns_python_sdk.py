"""The official Python SDK (`mns`, aliyun-mns-sdk) works with the local MNS."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from mns.account import Account
from mns.message_property import MessagePropertyValue, MessageSystemPropertyValue
from mns.mns_common import TopicHelper
from mns.mns_exception import MNSExceptionBase
from mns.queue import Message, QueueMeta
from mns.subscription import SubscriptionMeta
from mns.topic import Base64TopicMessage, TopicMessage, TopicMeta

from express_sync.local.account import LOCAL_ACCOUNT, Key
from tests.local.mns_client import RawClient
from tests.local.mns_server import RunningMns

XMLNS = "{http://mns.aliyuncs.com/doc/v1/}"


def from_json(body: str) -> tuple[str, str]:
    """Return body and id of the topic's message in a JSON notification."""
    notification = json.loads(body)
    return notification["Message"], notification["MessageId"]


def from_xml(body: str) -> tuple[str | None, str | None]:
    """Return body and id of the topic's message in an XML notification."""
    notification = ElementTree.XML(body)
    return notification.findtext(f"{XMLNS}Message"), notification.findtext(f"{XMLNS}MessageId")


def connect(mns: RunningMns, key: Key = LOCAL_ACCOUNT.user) -> Any:
    """Return an Account of the SDK."""
    return Account(mns.server.url, key.access_key_id, key.access_key_secret, key.security_token)


@pytest.fixture
def account(mns: RunningMns) -> Iterator[Any]:
    """Return an Account of the SDK with the user's key."""
    account = connect(mns)
    yield account
    account.get_client().close_connection()


@pytest.fixture
def queue(account: Any) -> Any:
    """Create a queue with the SDK, which does not encode its bodies."""
    queue = account.get_queue("sdk-queue")
    queue.set_encoding(False)
    queue.create(QueueMeta(vis_timeout=30))
    return queue


def refusal(act: Any, *arguments: Any) -> str:
    """Return the type of the error."""
    with pytest.raises(MNSExceptionBase) as caught:
        act(*arguments)
    kind: str = caught.value.type
    return kind


def test_sdk_creates_changes_lists_and_deletes_queues(mns: RunningMns, account: Any) -> None:
    """A repeated creation is accepted if it is equal."""
    queue = account.get_queue("sdk-queue")
    meta = QueueMeta(
        vis_timeout=40, max_msg_size=2048, msg_ttl=600, delay_sec=0, polling_wait_sec=1, logging_enabled=True
    )
    assert queue.create(meta) == queue.create(meta) == f"{mns.server.url}/queues/sdk-queue"
    assert refusal(queue.create, QueueMeta(vis_timeout=41)) == "QueueAlreadyExist"
    told = queue.get_attributes()
    assert (told.visibility_timeout, told.maximum_message_size, told.message_retention_period) == (40, 2048, 600)
    assert (told.delay_seconds, told.polling_wait_seconds, told.logging_enabled) == (0, 1, True)
    assert (told.queue_name, told.create_time, told.last_modify_time) == ("sdk-queue", 1_800_000_000, 1_800_000_000)
    queue.send_message(Message("active"))
    queue.send_message(Message("late", delay_seconds=9))
    queue.set_attributes(QueueMeta(vis_timeout=50))
    told = queue.get_attributes()
    assert (told.visibility_timeout, told.maximum_message_size) == (50, 2048)
    with pytest.deprecated_call():
        assert (told.active_messages, told.inactive_messages, told.delay_messages) == (1, 0, 1)
    account.get_queue("sdk-queue-2").create(QueueMeta())
    first, marker = account.list_queue("sdk-", 1)
    second, end = account.list_queue("sdk-", 1, marker)
    assert [url.rpartition("/")[2] for url in first + second] == ["sdk-queue", "sdk-queue-2"]
    assert (bool(marker), end) == (True, "")
    queue.delete()
    assert refusal(queue.get_attributes) == "QueueNotExist"
    assert account.list_queue("none-") == ([], "")


@pytest.mark.parametrize("encoding", [True, False])
def test_sdk_sends_peeks_receives_and_deletes_a_message(account: Any, queue: Any, encoding: bool) -> None:
    """With and without base64; a received message can be hidden for longer."""
    queue.set_encoding(encoding)
    body = '{"name": "测试 <&>"}\n'
    sent = queue.send_message(Message(body, priority=3))
    peeked, received = queue.peek_message(), queue.receive_message(1)
    expected = body.encode() if encoding else body
    assert peeked.message_body == received.message_body == expected
    assert peeked.message_id == received.message_id == sent.message_id
    assert (peeked.dequeue_count, received.dequeue_count, received.priority) == (0, 1, 3)
    assert received.enqueue_time == received.first_dequeue_time == 1_800_000_000_000
    assert received.next_visible_time == 1_800_000_030_000
    changed = queue.change_message_visibility(received.receipt_handle, 60)
    assert changed.next_visible_time == "1800000060000"
    assert refusal(queue.delete_message, received.receipt_handle) == "MessageNotExist"
    queue.delete_message(changed.receipt_handle)
    assert refusal(queue.receive_message, 0) == "MessageNotExist"


def test_sdk_handles_batches_of_sixteen(queue: Any) -> None:
    """An empty batch is refused as by the service."""
    messages = [Message(f"body {number}") for number in range(16)]
    sent = queue.batch_send_message(messages)
    peeked, received = queue.batch_peek_message(16), queue.batch_receive_message(16, 1)
    ids = [message.message_id for message in sent]
    assert [message.message_id for message in peeked] == [message.message_id for message in received] == ids
    assert [message.message_body for message in received] == [message.message_body for message in messages]
    queue.batch_delete_message([message.receipt_handle for message in received])
    assert refusal(queue.batch_receive_message, 16, 0) == "MessageNotExist"


def test_sdk_reports_the_failed_entries_of_a_batch(queue: Any) -> None:
    """Each failed entry has its code."""
    with pytest.raises(MNSExceptionBase) as unsent:
        queue.batch_send_message([Message("good"), Message("bad", priority=17)])
    assert unsent.value.type == "InvalidArgument"
    assert [sorted(each) for each in unsent.value.sub_errors] == [
        ["MessageBodyMD5", "MessageId"],
        ["ErrorCode", "ErrorMessage"],
    ]
    (received,) = queue.batch_receive_message(16, 0)
    queue.delete_message(received.receipt_handle)
    with pytest.raises(MNSExceptionBase) as undeleted:
        queue.batch_delete_message([received.receipt_handle, "malformed"])
    assert undeleted.value.type == "MessageNotExist"
    assert [each["ErrorCode"] for each in undeleted.value.sub_errors] == ["MessageNotExist", "ReceiptHandleError"]


def test_sdk_handles_delays_and_visibility_timeouts(mns: RunningMns, queue: Any) -> None:
    """A delayed message can be deleted with the handle of its sending; a received one is delivered again."""
    late = queue.send_message(Message("late", delay_seconds=10))
    queue.delete_message(late.receipt_handle)
    queue.send_message(Message("again", delay_seconds=10))
    assert refusal(queue.receive_message, 0) == "MessageNotExist"
    mns.clock.advance(10)
    assert queue.receive_message(0).dequeue_count == 1
    assert refusal(queue.receive_message, 0) == "MessageNotExist"
    mns.clock.advance(30)
    assert queue.receive_message(0).dequeue_count == 2


def test_sdk_gets_properties_as_they_were_sent(queue: Any) -> None:
    """User properties of all four types and a system property."""
    message = Message("with properties")
    message.add_user_property("text", MessagePropertyValue.create_string("a <b> & c"))
    message.add_user_property("number", MessagePropertyValue.create_number("1.5"))
    message.add_user_property("flag", MessagePropertyValue.create_boolean(True))
    message.add_user_property("bytes", MessagePropertyValue.create_binary(b"\x00\xff"))
    message.add_system_property("traceparent", MessageSystemPropertyValue.create_string("00-1-2-01"))
    queue.send_message(message)
    for received in (queue.peek_message(), queue.receive_message(0)):
        user = received.user_properties
        assert {name: user[name].get_string_value_by_type() for name in ("text", "number", "flag")} == {
            "text": "a <b> & c",
            "number": "1.5",
            "flag": "true",
        }
        assert user["bytes"].get_binary_value() == b"\x00\xff"
        assert received.system_properties["traceparent"].get_string_value_by_type() == "00-1-2-01"


def test_sdk_creates_changes_lists_and_deletes_topics(mns: RunningMns, account: Any) -> None:
    """Create, attributes, list, delete."""
    topic = account.get_topic("sdk-topic")
    assert topic.create(TopicMeta(2048, True)) == f"{mns.server.url}/topics/sdk-topic"
    assert refusal(topic.create, TopicMeta(4096)) == "TopicAlreadyExist"
    topic.set_attributes(TopicMeta(8192))
    told = topic.get_attributes()
    assert (told.topic_name, told.maximum_message_size, told.logging_enabled) == ("sdk-topic", 8192, True)
    assert (told.message_retention_period, told.message_count) == (86400, 0)
    assert account.list_topic("sdk-") == ([f"{mns.server.url}/topics/sdk-topic"], "")
    topic.delete()
    assert refusal(topic.get_attributes) == "TopicNotExist"


@pytest.mark.parametrize("form", ["SIMPLIFIED", "JSON", "XML"])
def test_sdk_subscribes_and_receives_in_each_format(account: Any, queue: Any, form: str) -> None:
    """It also changes, lists and ends subscriptions."""
    topic = account.get_topic("sdk-topic")
    topic.create(TopicMeta())
    subscription = account.get_subscription("sdk-topic", "sdk-subscription")
    endpoint = TopicHelper.generate_queue_endpoint(LOCAL_ACCOUNT.region, LOCAL_ACCOUNT.account_id, "sdk-queue")
    url = subscription.subscribe(SubscriptionMeta(endpoint, "EXPONENTIAL_DECAY_RETRY", form, "failed"))
    assert topic.list_subscription() == ([f"http://{url}"], "")
    subscription.set_attributes(SubscriptionMeta(notify_strategy="BACKOFF_RETRY"))
    told = subscription.get_attributes()
    assert (told.endpoint, told.notify_strategy, told.filter_tag) == (endpoint, "BACKOFF_RETRY", "failed")
    assert (told.notify_content_format, told.topic_name, told.topic_owner) == (
        form,
        "sdk-topic",
        LOCAL_ACCOUNT.account_id,
    )
    message = TopicMessage("news", "failed")
    message.add_user_property("n", MessagePropertyValue.create_number("1"))
    topic.publish_message(TopicMessage("not wanted", "succeeded"))
    published = topic.publish_message(message)
    received = queue.receive_message(1)
    body = received.message_body
    if form == "SIMPLIFIED":
        assert body == "news"
    else:
        assert (from_json if form == "JSON" else from_xml)(body) == ("news", published.message_id)
    assert received.user_properties["n"].get_string_value_by_type() == "1"
    assert refusal(queue.receive_message, 0) == "MessageNotExist"
    subscription.unsubscribe()
    assert refusal(subscription.get_attributes) == "SubscriptionNotExist"


def test_base64_publications_stay_base64(account: Any, queue: Any) -> None:
    """The service, and so the emulator, never decodes or encodes a body."""
    topic = account.get_topic("sdk-topic")
    topic.create(TopicMeta())
    endpoint = TopicHelper.generate_queue_endpoint(LOCAL_ACCOUNT.region, LOCAL_ACCOUNT.account_id, "sdk-queue")
    account.get_subscription("sdk-topic", "s").subscribe(SubscriptionMeta(endpoint, notify_content_format="SIMPLIFIED"))
    topic.publish_message(Base64TopicMessage("news"))
    assert queue.receive_message(1).message_body == base64.b64encode(b"news").decode()
    queue.send_message(Message("raw"))
    queue.set_encoding(True)
    queue.send_message(Message("encoded"))
    queue.set_encoding(False)
    assert [each.message_body for each in queue.batch_receive_message(16, 0)] == ["raw", "ZW5jb2RlZA=="]


def test_sdk_needs_the_token_of_the_role(mns: RunningMns, queue: Any) -> None:
    """A temporary key does not work without its token."""
    role = LOCAL_ACCOUNT.role
    allowed, refused = connect(mns, role), connect(mns, Key(role.access_key_id, role.access_key_secret))
    assert allowed.get_queue("sdk-queue").send_message(Message("from the role")).message_id
    assert refusal(refused.get_queue("sdk-queue").send_message, Message("x")) == "AccessDenied"
    for account in (allowed, refused):
        account.get_client().close_connection()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("InternalError", "InternalError"),
        ("TooManyRequests", "TooManyRequests"),
        ("http-502-html", "RespDataDamaged"),
        ("unavailable", "RespDataDamaged"),
        ("reset-before", "NetWorkException"),
        ("reset-after", "NetWorkException"),
    ],
)
def test_sdk_sees_faults_as_in_the_cloud(
    mns: RunningMns, client: RawClient, account: Any, fault: str, kind: str
) -> None:
    """Codes are server exceptions, other bodies damaged data, a reset a network error; none is retried."""
    topic = account.get_topic("sdk-topic")
    topic.create(TopicMeta())
    client.local("POST", "faults", {"operation": "PublishMessage", "faults": [fault]})
    assert refusal(topic.publish_message, TopicMessage("news")) == kind
    published = [call for call in client.local("GET", "calls")[1] if call["operation"] == "PublishMessage"]
    assert [call["fault"] for call in published] == [fault]
