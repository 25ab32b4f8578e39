"""Topics, subscriptions and the messages in the subscribed queues, over the wire."""

import json
from xml.etree import ElementTree

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from tests.local.mns_client import RawClient, document
from tests.local.mns_server import RunningMns

OWNER = LOCAL_ACCOUNT.account_id
NAMESPACE = "{http://mns.aliyuncs.com/doc/v1/}"


def endpoint(queue: str) -> str:
    """Return the endpoint of a queue of the local account."""
    return f"acs:mns:{LOCAL_ACCOUNT.region}:{OWNER}:queues/{queue}"


def publish(client: RawClient, body: str, **more: object) -> str:
    """Publish to topic t and return the message's id."""
    response = client.call("POST", "/topics/t/messages", document("Message", MessageBody=body, **more))
    assert response.status == 201
    return response.text("MessageId")


def bodies(client: RawClient, queue: str) -> list[str]:
    """Return the bodies of all messages of the queue."""
    return [message["body"] for message in client.local("GET", f"queues/{queue}")[1]["messages"]]


def test_repeated_topic_creation_must_be_equal(client: RawClient) -> None:
    """201, then 204 for the same attributes, both with the address; 409 for others."""
    responses = [
        client.call("PUT", "/topics/t", document("Topic", **attributes))
        for attributes in ({}, {"MaximumMessageSize": 65536}, {"MaximumMessageSize": 1024})
    ]
    assert [response.status for response in responses] == [201, 204, 409]
    assert {response.headers["Location"] for response in responses[:2]} == {f"http://127.0.0.1:{client.port}/topics/t"}
    assert responses[2].code == "TopicAlreadyExist"


def test_topic_attributes_are_complete(mns: RunningMns, topic: RawClient) -> None:
    """One of them was changed before."""
    mns.clock.advance(2)
    changes = document("Topic", MaximumMessageSize=2048)
    assert topic.call("PUT", "/topics/t?metaoverride=true", changes).status == 204
    assert topic.call("GET", "/topics/t").body.decode() == (
        '<?xml version="1.0" ?>\n'
        '<Topic xmlns="http://mns.aliyuncs.com/doc/v1">\n'
        "  <TopicName>t</TopicName>\n"
        "  <CreateTime>1800000000</CreateTime>\n"
        "  <LastModifyTime>1800000002</LastModifyTime>\n"
        "  <MaximumMessageSize>2048</MaximumMessageSize>\n"
        "  <MessageRetentionPeriod>86400</MessageRetentionPeriod>\n"
        "  <MessageCount>0</MessageCount>\n"
        "  <LoggingEnabled>False</LoggingEnabled>\n"
        "</Topic>\n"
    )


def test_topics_are_listed_and_deleted(topic: RawClient) -> None:
    """The list has attributes if requested; deleting is idempotent."""
    assert topic.call("GET", "/topics").all("Topic/TopicURL") == [f"http://127.0.0.1:{topic.port}/topics/t"]
    assert topic.call("GET", "/topics", "", {"x-mns-with-meta": "true"}).all("Topic/TopicName") == ["t"]
    assert [topic.call("DELETE", "/topics/t").status for _ in range(2)] == [204, 204]
    assert topic.call("GET", "/topics").all("Topic/TopicURL") == []
    assert topic.call("GET", "/topics/t").code == "TopicNotExist"


@pytest.mark.parametrize(
    ("request_line", "root", "status", "code"),
    [
        ("GET /topics/none", "", 404, "TopicNotExist"),
        ("POST /topics/none/messages", "Message", 404, "TopicNotExist"),
        ("PUT /topics/none?metaoverride=true", "Topic", 404, "TopicNotExist"),
        ("GET /topics/none/subscriptions", "", 404, "TopicNotExist"),
        ("GET /topics/none/subscriptions/s", "", 404, "TopicNotExist"),
        ("DELETE /topics/none/subscriptions/s", "", 404, "TopicNotExist"),
        ("GET /topics/-t", "", 400, "TopicNameInvalid"),
        (f"PUT /topics/{'t' * 121}", "Topic", 400, "TopicNameLengthError"),
        ("GET /topics/known/subscriptions/none", "", 404, "SubscriptionNotExist"),
        ("PUT /topics/known/subscriptions/none?metaoverride=true", "Subscription", 404, "SubscriptionNotExist"),
        ("GET /topics/known/subscriptions/s_1", "", 400, "SubscriptionNameInvalid"),
        (f"DELETE /topics/known/subscriptions/{'s' * 256}", "", 400, "SubscriptionNameLengthError"),
    ],
)
def test_missing_or_invalid_resource_has_its_own_error(
    shared_client: RawClient, request_line: str, root: str, status: int, code: str
) -> None:
    """The topic is checked before the subscription."""
    shared_client.call("PUT", "/topics/known", document("Topic"))
    method, target = request_line.split()
    response = shared_client.call(method, target, document(root) if root else "")
    assert (response.status, response.code) == (status, code)


def test_repeated_subscription_must_be_equal(topic: RawClient) -> None:
    """201, 204 for the same attributes, both with the address, 409 for others."""
    path = "/topics/t/subscriptions/s"
    responses = [
        topic.call("PUT", path, document("Subscription", Endpoint=endpoint("q"), **more))
        for more in ({}, {"NotifyContentFormat": "XML"}, {"NotifyContentFormat": "JSON"})
    ]
    assert [response.status for response in responses] == [201, 204, 409]
    assert {response.headers["Location"] for response in responses[:2]} == {f"127.0.0.1:{topic.port}{path}"}
    assert responses[2].code == "SubscriptionAlreadyExist"


def test_subscription_attributes_are_complete(mns: RunningMns, topic: RawClient) -> None:
    """XML and BACKOFF_RETRY are the defaults; only the strategy can be changed."""
    path = "/topics/t/subscriptions/s"
    topic.subscribe("s", Endpoint=endpoint("q"), FilterTag="failed")
    mns.clock.advance(3)
    change = document("Subscription", NotifyStrategy="EXPONENTIAL_DECAY_RETRY")
    other = document("Subscription", FilterTag="other")
    assert topic.call("PUT", f"{path}?metaoverride=true", change).status == 204
    assert topic.call("PUT", f"{path}?metaoverride=true", other).code == "InvalidArgument"
    assert topic.call("GET", path).body.decode() == (
        '<?xml version="1.0" ?>\n'
        '<Subscription xmlns="http://mns.aliyuncs.com/doc/v1">\n'
        "  <SubscriptionName>s</SubscriptionName>\n"
        f"  <Subscriber>{OWNER}</Subscriber>\n"
        f"  <TopicOwner>{OWNER}</TopicOwner>\n"
        "  <TopicName>t</TopicName>\n"
        f"  <Endpoint>{endpoint('q')}</Endpoint>\n"
        "  <NotifyStrategy>EXPONENTIAL_DECAY_RETRY</NotifyStrategy>\n"
        "  <NotifyContentFormat>XML</NotifyContentFormat>\n"
        "  <FilterTag>failed</FilterTag>\n"
        "  <CreateTime>1800000000</CreateTime>\n"
        "  <LastModifyTime>1800000003</LastModifyTime>\n"
        "</Subscription>\n"
    )


def test_subscriptions_are_listed_and_ended(topic: RawClient) -> None:
    """An ended subscription gets no messages."""
    for name in ("s2", "s1"):
        topic.subscribe(name, Endpoint=endpoint("q"), NotifyContentFormat="SIMPLIFIED")
    urls = topic.call("GET", "/topics/t/subscriptions").all("Subscription/SubscriptionURL")
    assert urls == [f"http://127.0.0.1:{topic.port}/topics/t/subscriptions/s{n}" for n in (1, 2)]
    assert topic.call("DELETE", "/topics/t/subscriptions/s1").status == 204
    publish(topic, "once")
    assert bodies(topic, "q") == ["once"]


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({}, "InvalidArgument"),
        ({"Endpoint": "http://user@127.0.0.1/notifications"}, "EndpointInvalid"),
        ({"Endpoint": "http://127.0.0.1:port/notifications"}, "EndpointInvalid"),
        ({"Endpoint": "http://127.0.0.1:0/notifications"}, "EndpointInvalid"),
        ({"Endpoint": "http://127.0.0.1/a b"}, "EndpointInvalid"),
        ({"Endpoint": "http://127.0.0.1/mns-reserverd-a"}, "EndpointInvalid"),
        ({"Endpoint": f"acs:mns:{LOCAL_ACCOUNT.region}:{OWNER}:queues/-q"}, "EndpointInvalid"),
        ({"Endpoint": f"acs:mns:{LOCAL_ACCOUNT.region}:{OWNER}:queues/{'q' * 121}"}, "EndpointInvalid"),
        ({"Endpoint": f"acs:mns:us-west-1:{OWNER}:queues/q"}, "EndpointInvalid"),
        ({"Endpoint": f"acs:mns:{LOCAL_ACCOUNT.region}:99:queues/q"}, "EndpointInvalid"),
        ({"Endpoint": f"acs:mns:{LOCAL_ACCOUNT.region}:{OWNER}:topics/q"}, "EndpointInvalid"),
        ({"Endpoint": endpoint("q"), "FilterTag": "t" * 17}, "InvalidArgument"),
        ({"Endpoint": endpoint("q"), "NotifyStrategy": "NEVER"}, "InvalidArgument"),
        ({"Endpoint": endpoint("q"), "NotifyContentFormat": "YAML"}, "InvalidArgument"),
    ],
)
def test_invalid_subscription_is_refused(shared_client: RawClient, attributes: dict[str, object], code: str) -> None:
    shared_client.call("PUT", "/topics/t", document("Topic"))
    response = shared_client.call("PUT", "/topics/t/subscriptions/s", document("Subscription", **attributes))
    assert (response.status, response.code) == (400, code)


def test_simplified_notification_is_the_exact_body(topic: RawClient) -> None:
    """The queue's message has its own id."""
    topic.subscribe("s", Endpoint=endpoint("q"), NotifyContentFormat="SIMPLIFIED")
    body = '{"a": "<é>"}\r\n'
    published = publish(topic, body)
    received = topic.receive("q")
    assert received.text("MessageBody") == body
    assert received.text("MessageId") != published


def test_json_notification_is_as_the_service_writes_it(topic: RawClient) -> None:
    """Key order, all values strings, the topic message's own id, a tag only if there is one."""
    topic.subscribe("s", Endpoint=endpoint("q"), NotifyContentFormat="JSON")
    plain, tagged = publish(topic, "it-ack-test"), publish(topic, "it-ack-test", MessageTag="failed")
    expected = (
        f'{{"TopicOwner":"{OWNER}","Message":"it-ack-test","Subscriber":"{OWNER}","PublishTime":"1800000000000",'
        '"SubscriptionName":"s","MessageMD5":"82126B76C04BAFB3F9DD413197CA304C","TopicName":"t","MessageId":"%s"%s}'
    )
    assert bodies(topic, "q") == [expected % (plain, ""), expected % (tagged, ',"MessageTag":"failed"')]


def test_xml_notification_is_as_documented(topic: RawClient) -> None:
    """It is the default format; text is escaped."""
    topic.subscribe("s", Endpoint=endpoint("q"))
    published = publish(topic, "<a>&\r</a>", MessageTag="failed")
    (body,) = bodies(topic, "q")
    root = ElementTree.XML(body)
    assert body.startswith(
        '<?xml version="1.0" encoding="utf-8"?><Notification xmlns="http://mns.aliyuncs.com/doc/v1/">'
    )
    assert [(child.tag.removeprefix(NAMESPACE), child.text) for child in root] == [
        ("TopicOwner", OWNER),
        ("TopicName", "t"),
        ("Subscriber", OWNER),
        ("SubscriptionName", "s"),
        ("MessageId", published),
        ("Message", "<a>&\r</a>"),
        ("MessageMD5", root.findtext(f"{NAMESPACE}MessageMD5")),
        ("MessageTag", "failed"),
        ("PublishTime", "1800000000000"),
    ]


def test_tag_reaches_equal_filters_and_no_filter(topic: RawClient) -> None:
    """The match is exact; a message without a tag reaches only subscriptions without a filter."""
    for queue, tag in (("all", {}), ("failed", {"FilterTag": "failed"}), ("fail", {"FilterTag": "fail"})):
        topic.create_queue(queue)
        topic.subscribe(queue, Endpoint=endpoint(queue), NotifyContentFormat="SIMPLIFIED", **tag)
    publish(topic, "untagged")
    publish(topic, "tagged", MessageTag="failed")
    assert [bodies(topic, queue) for queue in ("all", "failed", "fail")] == [["untagged", "tagged"], ["tagged"], []]


def test_properties_are_delivered_in_every_format(topic: RawClient) -> None:
    """They are native properties of the queue's message."""
    topic.subscribe("s", Endpoint=endpoint("q"), NotifyContentFormat="JSON")
    item = "<PropertyValue><Name>n</Name><Value>1</Value><Type>NUMBER</Type></PropertyValue>"
    message = f"<Message><MessageBody>b</MessageBody><UserProperties>{item}</UserProperties></Message>"
    assert topic.call("POST", "/topics/t/messages", message).status == 201
    received = topic.receive("q")
    assert json.loads(received.text("MessageBody"))["Message"] == "b"
    assert received.text("UserProperties/PropertyValue/Name") == "n"
    assert received.text("UserProperties/PropertyValue/Type") == "NUMBER"


@pytest.mark.parametrize(
    "message",
    [
        {"MessageBody": ""},
        {"MessageBody": "x" * 1025},
        {"MessageBody": "x", "MessageTag": "t" * 17},
        {"MessageBody": "x", "DelaySeconds": 1},
        {"MessageBody": "x", "Attributes": ""},
    ],
)
def test_publication_outside_the_limits_is_refused(shared_client: RawClient, message: dict[str, object]) -> None:
    """1 byte to the topic's maximum, 16 characters of tag, no delay."""
    shared_client.call("PUT", "/topics/small", document("Topic", MaximumMessageSize=1024))
    response = shared_client.call("POST", "/topics/small/messages", document("Message", **message))
    assert (response.status, response.code) == (400, "InvalidArgument")


def test_publication_without_subscribers_is_accepted(topic: RawClient) -> None:
    """It is delivered to no queue."""
    publish(topic, "unheard")
    assert bodies(topic, "q") == []


def test_backoff_retries_a_missing_queue_three_times(mns: RunningMns, topic: RawClient) -> None:
    """10 to 20 seconds apart, then the message is dropped."""
    topic.subscribe("s", Endpoint=endpoint("later"), NotifyContentFormat="SIMPLIFIED")
    publish(topic, "kept")
    mns.clock.advance(9.9)
    topic.create_queue("later")
    assert bodies(topic, "later") == []
    mns.clock.advance(10.1)
    assert bodies(topic, "later") == ["kept"]
    topic.call("DELETE", "/queues/later")
    publish(topic, "dropped")
    for _ in range(3):
        mns.clock.advance(20)
        bodies(topic, "q")
    topic.create_queue("later")
    mns.clock.advance(1000)
    assert bodies(topic, "later") == []


def test_reset_drops_messages_still_to_be_delivered(mns: RunningMns, topic: RawClient) -> None:
    """They do not arrive later."""
    topic.subscribe("s", Endpoint=endpoint("later"))
    publish(topic, "forgotten")
    assert topic.local("POST", "reset")[0] == 200
    topic.create_queue("later")
    mns.clock.advance(60)
    assert bodies(topic, "later") == []


def test_exponential_decay_retries_a_missing_queue_for_a_day(mns: RunningMns, topic: RawClient) -> None:
    """After 1, 2, 4 … 256 seconds, then every 512 seconds, 176 times in all."""
    topic.subscribe(
        "s",
        Endpoint=endpoint("later"),
        NotifyContentFormat="SIMPLIFIED",
        NotifyStrategy="EXPONENTIAL_DECAY_RETRY",
    )
    for body, retries in (("at the last", 175), ("too late", 176)):
        publish(topic, body)
        for number in range(retries):
            mns.clock.advance(min(2**number, 512))
            mns.run(settle(mns))
        topic.create_queue("later")
        mns.clock.advance(512)
        assert bodies(topic, "later") == ([body] if retries == 175 else [])
        topic.call("DELETE", "/queues/later")


async def settle(mns: RunningMns) -> None:
    """Let the engine do everything that is due."""
    mns.service.queues.advance()
