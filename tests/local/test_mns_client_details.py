"""What SDKs in other languages than Python send and read, over the wire; `conformance` has the SDKs themselves."""

from collections.abc import Mapping

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.mns.endpoints import canonical_endpoint
from express_sync.local.mns.engine import limits
from tests.local.mns_client import RawClient, document
from tests.local.mns_server import RunningMns

ACCOUNT, REGION = LOCAL_ACCOUNT.account_id, LOCAL_ACCOUNT.region
ARN = f"acs:mns:{REGION}:{ACCOUNT}:queues/q"


def test_header_names_are_spelled_as_by_the_service(client: RawClient) -> None:
    """The Java SDK looks for `Location` in a case-sensitive map, the Python SDK for `x-mns-request-id`."""
    names = set(client.create_queue("q").headers)
    assert {"Server", "Location", "Content-Type", "x-mns-request-id", "x-mns-version"} <= names


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [
        ("127.0.0.1:8700", f"acs:mns:{REGION}:127:queues/q"),  # Go and Java
        ("127.0.0.1:8700", "acs:mns:0:127:queues/q"),  # PHP
        ("localhost:8700", f"acs:mns:{REGION}:localhost:queues/q"),
        ("localhost:8700", "acs:mns::localhost:8700:queues/q"),  # PHP
        (f"{ACCOUNT}.mns.{REGION}.localhost:8700", ARN),
    ],
)
def test_account_taken_from_the_local_address_is_corrected(host: str, endpoint: str) -> None:
    assert canonical_endpoint(endpoint, host, LOCAL_ACCOUNT) == ARN


@pytest.mark.parametrize(
    "endpoint",
    ["acs:mns:cn-beijing:127:queues/q", f"acs:mns:{REGION}:0:queues/q", "http://127.0.0.1/q", "acs:mns:0:128:queues/q"],
)
def test_other_accounts_and_regions_stay_wrong(topic: RawClient, endpoint: str) -> None:
    assert canonical_endpoint(endpoint, "127.0.0.1:1", LOCAL_ACCOUNT).split(":")[2:4] != [REGION, ACCOUNT]


def test_generated_endpoint_is_subscribed(topic: RawClient) -> None:
    assert topic.subscribe(Endpoint=f"acs:mns:{REGION}:127:queues/q").status == 201
    assert topic.call("GET", "/topics/t/subscriptions/s").text("Endpoint") == ARN


def test_list_of_subscriptions_has_attributes_on_request(topic: RawClient) -> None:
    topic.subscribe(Endpoint=ARN, FilterTag="a")
    listed = topic.call("GET", "/topics/t/subscriptions", "", {"x-mns-with-meta": "true"})
    assert (listed.text("Subscription/FilterTag"), listed.text("Subscription/Endpoint")) == ("a", ARN)
    assert topic.call("GET", "/topics/t/subscriptions").all("Subscription/Endpoint") == []


def test_message_attributes_are_accepted(topic: RawClient) -> None:
    topic.subscribe(Endpoint=ARN, NotifyContentFormat="SIMPLIFIED")
    body = document("Message", MessageBody="b")
    for attributes in ("<DirectMail>{}</DirectMail>", "<DM>{}</DM><DYSMS>{}</DYSMS>", ""):
        sent = body.replace("</Message>", f"<MessageAttributes>{attributes}</MessageAttributes></Message>")
        assert topic.call("POST", "/topics/t/messages", sent).status == 201
    assert len(topic.local("GET", "queues/q")[1]["messages"]) == 3


def test_subscription_name_has_up_to_255_characters(topic: RawClient) -> None:
    assert topic.subscribe("s" * 255, Endpoint=ARN).status == 201


def test_queue_for_smaller_messages_gets_what_fits(topic: RawClient, mns: RunningMns) -> None:
    """A message that is too large is repeated by the subscription's strategy, and arrives if the maximum is raised."""
    topic.create_queue("small", MaximumMessageSize=1024)
    assert topic.subscribe(Endpoint=ARN.replace("/q", "/small"), NotifyContentFormat="XML").status == 201
    for size in (1024, 1025):
        assert topic.call("POST", "/topics/t/messages", document("Message", MessageBody="b" * size)).status == 201
    assert len(topic.local("GET", "queues/small")[1]["messages"]) == 1
    topic.call("PUT", "/queues/small?metaoverride=true", document("Queue", MaximumMessageSize=2048))
    mns.clock.advance(20)
    assert len(topic.local("GET", "queues/small")[1]["messages"]) == 2


def test_message_that_stays_too_large_is_dropped(topic: RawClient, mns: RunningMns) -> None:
    topic.create_queue("small", MaximumMessageSize=1024)
    topic.subscribe(Endpoint=ARN.replace("/q", "/small"))
    topic.call("POST", "/topics/t/messages", document("Message", MessageBody="b" * 1025))
    for _retry in range(3):
        mns.clock.advance(20)
        assert topic.local("GET", "queues/small")[1]["messages"] == []
    topic.call("PUT", "/queues/small?metaoverride=true", document("Queue", MaximumMessageSize=2048))
    mns.clock.advance(86400)
    assert topic.local("GET", "queues/small")[1]["messages"] == []


@pytest.mark.parametrize("element", ["FilterTag", "NotifyContentFormat"])
def test_fixed_attribute_may_be_sent_as_it_is(topic: RawClient, element: str) -> None:
    """The Java SDK sends the tag with a new strategy, the npm client `aliyun-mns` the format."""
    topic.subscribe(Endpoint=ARN, FilterTag="a", NotifyContentFormat="JSON")
    target, present = "/topics/t/subscriptions/s?metaoverride=true", {"FilterTag": "a", "NotifyContentFormat": "JSON"}
    body = document("Subscription", NotifyStrategy="EXPONENTIAL_DECAY_RETRY", **{element: present[element]})
    assert topic.call("PUT", target, body).status == 204
    assert topic.call("GET", "/topics/t/subscriptions/s").text("NotifyStrategy") == "EXPONENTIAL_DECAY_RETRY"
    other = document("Subscription", **{element: "XML"})
    assert topic.call("PUT", target, other).code == "InvalidArgument"


@pytest.mark.parametrize("empty", ["<MessageGroupId/>", "<MessageGroupId></MessageGroupId>"])
def test_empty_group_is_not_that_of_a_fifo_queue(topic: RawClient, empty: str) -> None:
    """The SDKs for Java and Python send the element if a program sets it to an empty text."""
    sent = document("Message", MessageBody="b").replace("</Message>", f"{empty}</Message>")
    statuses = [topic.call("POST", target, sent).status for target in ("/queues/q/messages", "/topics/t/messages")]
    assert statuses == [201, 201]


@pytest.mark.parametrize("kind", ["normal", "Normal"])
def test_standard_type_may_be_named(client: RawClient, kind: str) -> None:
    assert client.create_queue("q", QueueType=kind).status == 201
    assert client.call("PUT", "/topics/t", document("Topic", TopicType=kind)).status == 201


@pytest.mark.parametrize("target", ["/queues/%71", "/queues/a%2Db"])
def test_name_may_be_percent_encoded(client: RawClient, target: str) -> None:
    """The signature is over the target as it was sent."""
    assert client.call("PUT", target, document("Queue")).status == 201
    assert client.call("PUT", "/queues/q%2Fmessages", document("Queue")).code == "InvalidQueueName"
    names = [url.rpartition("/")[2] for url in client.call("GET", "/queues").all("Queue/QueueURL")]
    assert names in (["q"], ["a-b"])


@pytest.mark.parametrize("name", ["receiptHandle", "ReceiptHandle", "receipthandle"])
def test_batch_delete_reads_names_in_any_case(client: RawClient, name: str) -> None:
    client.create_queue("q")
    client.send_message("q", "b")
    handle = client.receive("q").text("ReceiptHandle")
    assert client.call("DELETE", "/queues/q/messages", document("ReceiptHandles", **{name: handle})).status == 204


@pytest.mark.parametrize("header", ["security-token", "x-acs-security-token"])
def test_security_token_comes_in_either_header(mns: RunningMns, header: str) -> None:
    role = RawClient(mns.server.port, LOCAL_ACCOUNT.role)
    changes: Mapping[str, str | None] = {"security-token": None, header: LOCAL_ACCOUNT.role.security_token}
    assert role.call("GET", "/queues", "", changes).status == 200
    assert role.call("GET", "/queues", "", {"security-token": None, header: "other"}).code == "AccessDenied"
    role.close()


def test_account_attributes_are_returned_as_set(client: RawClient) -> None:
    target = "/?accountmeta=true"
    assert client.call("GET", target).all("LoggingBucket") == [""]
    assert client.call("PUT", target, document("Account", LoggingBucket="logs", TraceEnabled=1)).status == 204
    assert client.call("PUT", target, document("Account", LoggingBucket="more")).status == 204
    shown = client.call("GET", target)
    assert (shown.text("LoggingBucket"), shown.text("TraceEnabled")) == ("more", "1")
    assert client.call("GET", "/?account").text("AccountId") == ACCOUNT


def test_service_can_be_activated_again(client: RawClient) -> None:
    assert client.call("POST", "/commonbuy/openservice").text("OrderId")


def test_quotas_of_queues_topics_and_subscriptions(
    client: RawClient, mns: RunningMns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The documented quotas are 1000 queues, 1000 topics and 100 subscriptions of a topic."""
    assert (limits.MAX_QUEUES, limits.MAX_TOPICS, limits.MAX_SUBSCRIPTIONS) == (1000, 1000, 100)
    for quota in ("MAX_QUEUES", "MAX_TOPICS", "MAX_SUBSCRIPTIONS"):
        monkeypatch.setattr(limits, quota, 1)
    client.create_queue("q")
    client.call("PUT", "/topics/t", document("Topic"))
    assert client.subscribe(Endpoint=ARN).status == 201
    assert (client.create_queue("q").status, client.subscribe(Endpoint=ARN).status) == (204, 204)
    assert client.create_queue("other").code == "QuotaExceeded"
    assert client.call("PUT", "/topics/other", document("Topic")).code == "QuotaExceeded"
    assert client.subscribe("other", Endpoint=ARN).status == 403


def test_messages_of_errors_are_those_of_the_service(client: RawClient) -> None:
    unsigned = client.call("GET", "/queues", "", {"Authorization": f"MNS {LOCAL_ACCOUNT.user.access_key_id}:wrong="})
    assert unsigned.text("Message") == (
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method."
    )
    assert client.create_queue("-q").text("Message") == (
        "The queue name you provided is invalid. QueueName should start with alpha and contain only alpha, digit or - ."
    )
    assert client.create_queue("q" * 121).text("Message") == "Queue name length should between 1 and 120."
    client.create_queue("q")
    client.local("POST", "faults", {"operation": "SendMessage", "faults": ["QpsLimitExceeded"]})
    limited = client.call("POST", "/queues/q/messages", document("Message", MessageBody="b"))
    assert (limited.status, limited.text("Message")) == (400, "The qps limit of the queue is exceeded.")
