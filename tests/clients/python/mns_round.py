"""One full round of the official Python SDK, of any version since 1.1.6.

Usage: mns_round.py ENDPOINT KEY_ID SECRET ACCOUNT REGION, by an interpreter that has nothing but that SDK. It ends with
an error if a result is not the expected one.
"""

import contextlib
import sys
from collections.abc import Callable
from typing import Any

from mns.account import Account
from mns.mns_common import TopicHelper
from mns.mns_exception import MNSServerException
from mns.queue import Message, QueueMeta
from mns.subscription import SubscriptionMeta
from mns.topic import TopicMessage, TopicMeta


def code_of(call: Callable[..., Any], *arguments: Any) -> str:
    """Return the code of the error that a call ends with, "" without one."""
    try:
        call(*arguments)
    except MNSServerException as error:
        return str(error.type)
    return ""


def text(body: Any) -> str:
    """Return a body as text; some versions return bytes."""
    return body.decode() if isinstance(body, bytes) else str(body)


def check(expected: object, found: object) -> None:
    """End the round if a result is not the expected one."""
    if expected != found:
        raise SystemExit(f"expected {expected!r}, found {found!r}")


def queues(account: Any, queue: Any) -> None:
    """Create, change, describe and list queues."""
    meta = QueueMeta()
    meta.set_visibilitytimeout(40)
    url = queue.create(meta)
    check(url, queue.create(meta))
    meta.set_visibilitytimeout(50)
    check("QueueAlreadyExist", code_of(queue.create, meta))
    queue.set_attributes(meta)
    check(50, queue.get_attributes().visibility_timeout)
    check(([url], ""), account.list_queue("python-", 10, ""))


def messages(queue: Any) -> None:
    """Send, peek, receive, hide and delete messages, single and in batches."""
    body = "one, 单 <&>"
    queue.send_message(Message(body))
    check(body, text(queue.peek_message().message_body))
    received = queue.receive_message(1)
    check((body, 1), (text(received.message_body), received.dequeue_count))
    changed = queue.change_message_visibility(received.receipt_handle, 60)
    check("MessageNotExist", code_of(queue.delete_message, received.receipt_handle))
    queue.delete_message(changed.receipt_handle)
    check("MessageNotExist", code_of(queue.receive_message, 0))
    queue.batch_send_message([Message("a"), Message("b")])
    check(2, len(queue.batch_peek_message(16)))
    queue.batch_delete_message([each.receipt_handle for each in queue.batch_receive_message(16, 1)])


def topics(account: Any, queue: Any, region: str, account_id: str) -> None:
    """Create, change, describe and list topics and subscriptions, and publish."""
    topic = account.get_topic("python-topic")
    meta = TopicMeta()
    url = topic.create(meta)
    meta.set_maximum_message_size(2048)
    topic.set_attributes(meta)
    check(2048, topic.get_attributes().maximum_message_size)
    check(([url], ""), account.list_topic("python-", 10, ""))
    subscription = account.get_subscription("python-topic", "python-subscription")
    endpoint = TopicHelper.generate_queue_endpoint(region, account_id, queue.queue_name)
    subscription.subscribe(SubscriptionMeta(endpoint, "BACKOFF_RETRY", "SIMPLIFIED"))
    check(endpoint, subscription.get_attributes().endpoint)
    change = SubscriptionMeta()
    change.notify_strategy = "EXPONENTIAL_DECAY_RETRY"
    subscription.set_attributes(change)
    check(1, len(topic.list_subscription()[0]))
    topic.publish_message(TopicMessage("news"))
    queue.set_encoding(False)
    check("news", queue.receive_message(1).message_body)
    subscription.unsubscribe()
    topic.delete()


def service(account: Any) -> None:
    """Activate the service and set attributes of the account, where the version has them."""
    with contextlib.suppress(AttributeError, ImportError):
        account.open_service()
    attributes = account.get_attributes()
    attributes.logging_bucket = "logs"
    account.set_attributes(attributes)
    check("logs", account.get_attributes().logging_bucket)
    account.set_attributes(type(attributes)(logging_bucket=""))


def main(endpoint: str, access_key_id: str, access_key_secret: str, account_id: str, region: str) -> None:
    """Complete the round."""
    account = Account(endpoint, access_key_id, access_key_secret)
    queue = account.get_queue("python-queue")
    queues(account, queue)
    messages(queue)
    topics(account, queue, region, account_id)
    service(account)
    queue.delete()
    check("QueueNotExist", code_of(queue.get_attributes))
    account.get_client().close_connection()


main(*sys.argv[1:])
