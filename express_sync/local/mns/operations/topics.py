"""The operations on topics and subscriptions, and publishing.

Reproduces: documents and statuses of the API; the address of a subscription without a scheme, as recorded from the
service (salesforce/multicloudj, September 2026), those of topics with one.
Chosen: a MessageAttributes element is accepted and has no effect, because mail and SMS subscribers, for which it is
meant, are not emulated; an endpoint with the account or region that an SDK took from the local address is corrected;
what cannot be changed of a subscription may be sent as it is (the Java SDK sends FilterTag, the npm client `aliyun-mns`
NotifyContentFormat).
Unknown: whether deleting what does not exist is an error (here 204); whether a list with x-mns-with-meta also has the
addresses (here it has, like those of queues and topics).
"""

from dataclasses import replace

from express_sync.local.mns import schema, xml
from express_sync.local.mns.endpoints import canonical_endpoint
from express_sync.local.mns.engine.topic import Subscription, Topic, TopicAttributes
from express_sync.local.mns.errors import invalid_element
from express_sync.local.mns.operation import NO_CONTENT, Call, Operation, created, overrides
from express_sync.local.mns.paging import page, with_meta
from express_sync.local.mns.protocol import Response
from express_sync.local.mns.xml import Node

_TOPIC: schema.Schema = {
    "MaximumMessageSize": ("maximum_message_size", schema.integer),
    "LoggingEnabled": ("logging_enabled", schema.boolean),
}
_CHANGES: schema.Schema = {
    "NotifyStrategy": ("notify_strategy", schema.text),
    "FilterTag": ("filter_tag", schema.text),
    "NotifyContentFormat": ("notify_content_format", schema.text),
}
_SUBSCRIPTION: schema.Schema = {"Endpoint": ("endpoint", schema.text), **_CHANGES}
_MESSAGE: schema.Schema = {
    "MessageBody": ("body", schema.text),
    "MessageTag": ("tag", schema.text),
    "MessageAttributes": ("attributes", schema.texts),
    "UserProperties": ("user_properties", schema.properties("PropertyValue")),
    "SystemProperties": ("system_properties", schema.properties("SystemPropertyValue")),
}
_TOPIC_RETENTION_S = 86400


async def create_topic(call: Call) -> Response:
    """Create a topic with the given attributes, and the defaults for the others."""
    attributes = schema.read(schema.document(call.request.body, "Topic"), _TOPIC)
    is_new = call.service.topics.create_topic(call.names["topic"], **attributes)
    return created(call.request.url + call.request.path, is_new)


async def set_topic_attributes(call: Call) -> Response:
    """Change the attributes that are given."""
    topic = call.service.topics.topic(call.names["topic"])
    changes = schema.read(schema.document(call.request.body, "Topic"), _TOPIC)
    attributes: TopicAttributes = replace(topic.attributes, **changes)
    call.service.topics.set_topic_attributes(topic.name, attributes)
    return NO_CONTENT


async def get_topic_attributes(call: Call) -> Response:
    """Return all attributes."""
    return Response(200, xml.write(("Topic", _describe_topic(call.service.topics.topic(call.names["topic"])))))


async def delete_topic(call: Call) -> Response:
    """Delete the topic and its subscriptions."""
    call.service.topics.delete_topic(call.names["topic"])
    return NO_CONTENT


async def list_topic(call: Call) -> Response:
    """Return the addresses of the topics, with their attributes if requested."""

    def describe(topic: Topic) -> list[Node]:
        meta = _describe_topic(topic) if with_meta(call.request) else []
        return [("TopicURL", f"{call.request.url}/topics/{topic.name}"), *meta]

    return page(call.request, "Topic", call.service.topics.all_topics(), lambda topic: topic.name, describe)


async def publish_message(call: Call) -> Response:
    """Send a message to every subscriber that its tag matches."""
    call.service.topics.topic(call.names["topic"])
    message = schema.read(schema.document(call.request.body, "Message"), _MESSAGE)
    message.pop("attributes", None)
    published = call.service.publish(call.names["topic"], message.pop("body", ""), **message)
    content: list[Node] = [("MessageId", published.message_id), ("MessageBodyMD5", published.body_md5)]
    return Response(201, xml.write(("Message", content)))


async def subscribe(call: Call) -> Response:
    """Create a subscription; the endpoint is required."""
    attributes = schema.read(schema.document(call.request.body, "Subscription"), _SUBSCRIPTION)
    if "endpoint" not in attributes:
        raise invalid_element("Endpoint")
    attributes["endpoint"] = canonical_endpoint(attributes["endpoint"], call.request.host, call.service.account)
    is_new = call.service.topics.subscribe(call.names["topic"], call.names["subscription"], **attributes)
    return created(call.request.host + call.request.path, is_new)


async def set_subscription_attributes(call: Call) -> Response:
    """Change the retry strategy, the only attribute that can be changed."""
    topic, name = call.names["topic"], call.names["subscription"]
    current = call.service.topics.subscription(topic, name).attributes
    changes = schema.read(schema.document(call.request.body, "Subscription"), _CHANGES)
    for element in ("FilterTag", "NotifyContentFormat"):
        keyword = _CHANGES[element][0]
        if changes.get(keyword, getattr(current, keyword)) != getattr(current, keyword):
            raise invalid_element(element)
    call.service.topics.set_notify_strategy(topic, name, changes.get("notify_strategy", current.notify_strategy))
    return NO_CONTENT


async def get_subscription_attributes(call: Call) -> Response:
    """Return all attributes of the subscription."""
    subscription = call.service.topics.subscription(call.names["topic"], call.names["subscription"])
    return Response(200, xml.write(("Subscription", _describe_subscription(call, subscription))))


async def unsubscribe(call: Call) -> Response:
    """End the subscription."""
    call.service.topics.unsubscribe(call.names["topic"], call.names["subscription"])
    return NO_CONTENT


async def list_subscription_by_topic(call: Call) -> Response:
    """Return the addresses of the topic's subscriptions, with their attributes if requested."""
    topic = call.names["topic"]

    def describe(subscription: Subscription) -> list[Node]:
        meta = _describe_subscription(call, subscription) if with_meta(call.request) else []
        return [("SubscriptionURL", f"{call.request.url}/topics/{topic}/subscriptions/{subscription.name}"), *meta]

    found = call.service.topics.subscriptions(topic)
    return page(call.request, "Subscription", found, lambda subscription: subscription.name, describe)


def _describe_topic(topic: Topic) -> list[Node]:
    return [
        ("TopicName", topic.name),
        ("CreateTime", topic.created_s),
        ("LastModifyTime", topic.modified_s),
        ("MaximumMessageSize", topic.attributes.maximum_message_size),
        ("MessageRetentionPeriod", _TOPIC_RETENTION_S),
        ("MessageCount", 0),
        ("LoggingEnabled", topic.attributes.logging_enabled),
    ]


def _describe_subscription(call: Call, subscription: Subscription) -> list[Node]:
    attributes, owner = subscription.attributes, call.service.account.account_id
    tag: list[Node] = [("FilterTag", attributes.filter_tag)] if attributes.filter_tag else []
    return [
        ("SubscriptionName", subscription.name),
        ("Subscriber", owner),
        ("TopicOwner", owner),
        ("TopicName", call.names["topic"]),
        ("Endpoint", attributes.endpoint),
        ("NotifyStrategy", attributes.notify_strategy),
        ("NotifyContentFormat", attributes.notify_content_format),
        *tag,
        ("CreateTime", subscription.created_s),
        ("LastModifyTime", subscription.modified_s),
    ]


_TOPIC_PATH = "/topics/{topic}"
_SUBSCRIPTIONS_PATH = f"{_TOPIC_PATH}/subscriptions"
_SUBSCRIPTION_PATH = f"{_SUBSCRIPTIONS_PATH}/{{subscription}}"
OPERATIONS = (
    Operation("SetTopicAttributes", "PUT", _TOPIC_PATH, set_topic_attributes, overrides),
    Operation("CreateTopic", "PUT", _TOPIC_PATH, create_topic),
    Operation("GetTopicAttributes", "GET", _TOPIC_PATH, get_topic_attributes),
    Operation("DeleteTopic", "DELETE", _TOPIC_PATH, delete_topic),
    Operation("ListTopic", "GET", "/topics", list_topic),
    Operation(
        "PublishMessage",
        "POST",
        f"{_TOPIC_PATH}/messages",
        publish_message,
        sent_point="publish-sent",
        answered_point="publish-answered",
    ),
    Operation("SetSubscriptionAttributes", "PUT", _SUBSCRIPTION_PATH, set_subscription_attributes, overrides),
    Operation("Subscribe", "PUT", _SUBSCRIPTION_PATH, subscribe),
    Operation("GetSubscriptionAttributes", "GET", _SUBSCRIPTION_PATH, get_subscription_attributes),
    Operation("Unsubscribe", "DELETE", _SUBSCRIPTION_PATH, unsubscribe),
    Operation("ListSubscriptionByTopic", "GET", _SUBSCRIPTIONS_PATH, list_subscription_by_topic),
)
