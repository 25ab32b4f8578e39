"""Documented behaviour of MNS, seen through its official SDK; also true of the real service (`--cloud`)."""

from collections.abc import Callable
from typing import Any

import pytest
from mns.mns_common import TopicHelper
from mns.queue import Message, QueueMeta
from mns.subscription import SubscriptionMeta
from mns.topic import TopicMessage, TopicMeta

from tests.local.conformance.conftest import Cloud, code_of

WAIT_SECONDS = 30  # the longest that a message may be polled for


@pytest.fixture
def queue(cloud: Cloud, account: Any) -> Any:
    queue = account.get_queue(f"{cloud.prefix}queue")
    queue.set_encoding(False)
    queue.create(QueueMeta(vis_timeout=30))
    return queue


def endpoint_of(cloud: Cloud, queue: Any) -> str:
    """Return the endpoint of a subscription that delivers to the queue."""
    profile = cloud.profile
    return str(TopicHelper.generate_queue_endpoint(profile["region"], profile["accountId"], queue.queue_name))


def test_queue_can_be_created_again_with_equal_attributes(queue: Any) -> None:
    assert queue.create(QueueMeta(vis_timeout=30)).endswith(f"/queues/{queue.queue_name}")
    assert code_of(queue.create, QueueMeta(vis_timeout=31)) == "QueueAlreadyExist"


def test_queue_attributes_are_returned_as_set(queue: Any) -> None:
    queue.set_attributes(QueueMeta(vis_timeout=40))
    attributes = queue.get_attributes()
    assert (attributes.queue_name, attributes.visibility_timeout) == (queue.queue_name, 40)


def test_deleted_queue_does_not_exist(queue: Any) -> None:
    queue.delete()
    assert code_of(queue.send_message, Message("late")) == "QueueNotExist"


def test_message_is_hidden_until_it_is_deleted(queue: Any) -> None:
    sent = queue.send_message(Message('{"name": "测试 <&>"}\n'))
    received = queue.receive_message(WAIT_SECONDS)
    assert (received.message_id, received.message_body) == (sent.message_id, '{"name": "测试 <&>"}\n')
    assert received.dequeue_count == 1
    assert code_of(queue.receive_message, 0) == "MessageNotExist"
    changed = queue.change_message_visibility(received.receipt_handle, 60)
    assert code_of(queue.delete_message, received.receipt_handle) == "MessageNotExist"
    queue.delete_message(changed.receipt_handle)


def test_batch_of_sixteen_messages_is_received_and_deleted(queue: Any) -> None:
    sent = queue.batch_send_message([Message(f"body {number}") for number in range(16)])
    received: dict[str, Any] = {}
    while len(received) < len(sent):  # a call may return fewer messages than there are
        received |= {each.message_id: each for each in queue.batch_receive_message(16, WAIT_SECONDS)}
    assert {*received} == {each.message_id for each in sent}
    queue.batch_delete_message([each.receipt_handle for each in received.values()])
    assert code_of(queue.batch_receive_message, 16, 0) == "MessageNotExist"


def test_topic_delivers_only_messages_with_the_tag(cloud: Cloud, account: Any, queue: Any) -> None:
    topic = account.get_topic(f"{cloud.prefix}topic")
    topic.create(TopicMeta())
    endpoint = endpoint_of(cloud, queue)
    subscription = account.get_subscription(topic.topic_name, f"{cloud.prefix}subscription")
    subscription.subscribe(SubscriptionMeta(endpoint, "EXPONENTIAL_DECAY_RETRY", "SIMPLIFIED", "failed"))
    topic.publish_message(TopicMessage("not wanted", "succeeded"))
    topic.publish_message(TopicMessage("news", "failed"))
    assert queue.receive_message(WAIT_SECONDS).message_body == "news"
    subscription.unsubscribe()


def test_wrong_secret_is_refused_by_mns(cloud: Cloud) -> None:
    stranger = cloud.mns(secret="wrong")
    assert code_of(stranger.get_queue(f"{cloud.prefix}queue").send_message, Message("x")) == "SignatureDoesNotMatch"
    stranger.get_client().close_connection()


@pytest.mark.parametrize("code", ["InternalError", "TooManyRequests"])
def test_error_of_the_service_has_its_code(queue: Any, admin: Callable[[str, Any], None], code: str) -> None:
    admin("faults", {"operation": "SendMessage", "faults": [code]})
    assert code_of(queue.send_message, Message("x")) == code


def test_invalid_queue_name_has_its_own_error(account: Any, queue: Any) -> None:
    """A valid name is not refused."""
    codes = {name: code_of(account.get_queue(name).create, QueueMeta()) for name in ("-queue", "q_1", "q" * 300)}
    assert list(codes.values()) == ["InvalidQueueName", "InvalidQueueName", "QueueNameLengthError"]
    queue.create(QueueMeta(vis_timeout=30))


def test_subscription_is_listed_and_can_have_a_long_name(cloud: Cloud, account: Any, queue: Any) -> None:
    """The page of Subscribe allows 255 characters."""
    topic = account.get_topic(f"{cloud.prefix}topic")
    topic.create(TopicMeta())
    endpoint = endpoint_of(cloud, queue)
    subscription = account.get_subscription(topic.topic_name, f"{cloud.prefix}{'s' * 200}")
    subscription.subscribe(SubscriptionMeta(endpoint, "BACKOFF_RETRY", "JSON"))
    [url] = topic.list_subscription()[0]
    assert url.endswith(f"/topics/{topic.topic_name}/subscriptions/{cloud.prefix}{'s' * 200}")
    assert subscription.get_attributes().endpoint == endpoint
    subscription.unsubscribe()
