"""What only the local MNS has: faults, inspection, reported traffic, and being stopped and started."""

import http.client
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.crash_points import Point
from express_sync.local.mns.errors import ERRORS
from tests.local.mns_client import RawClient, Reply, document
from tests.local.mns_server import RunningMns
from tests.support.patience import PATIENCE_SECONDS, SILENCE_SECONDS, wait_for

PUBLISH = document("Message", MessageBody="news")


@pytest.fixture
def topic(client: RawClient) -> RawClient:
    """The client, with a queue q subscribed to a topic t."""
    client.create_queue("q")
    client.call("PUT", "/topics/t", document("Topic"))
    endpoint = f"acs:mns:{LOCAL_ACCOUNT.region}:{LOCAL_ACCOUNT.account_id}:queues/q"
    subscription = document("Subscription", Endpoint=endpoint, NotifyContentFormat="SIMPLIFIED")
    client.call("PUT", "/topics/t/subscriptions/s", subscription)
    return client


def order(client: RawClient, *faults: str, operation: str = "PublishMessage") -> None:
    """Queue faults."""
    assert client.local("POST", "faults", {"operation": operation, "faults": faults}) == (200, {"queued": len(faults)})


def publish(client: RawClient) -> Reply:
    """Publish to t."""
    return client.call("POST", "/topics/t/messages", PUBLISH)


def delivered(client: RawClient) -> int:
    """How many messages q holds."""
    return len(client.local("GET", "queues/q")[1]["messages"])


# Faults


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_error_code_can_be_ordered(shared_client: RawClient, code: str) -> None:
    """One call is refused with it, in the service's form, and not carried out; the next is not touched."""
    order(shared_client, code, operation="CreateQueue")
    refused = shared_client.create_queue(f"ordered-{code}")
    status, message = ERRORS[code]
    assert (refused.status, refused.code, refused.text("Message")) == (status, code, message)
    assert refused.text("RequestId") == refused.headers["x-mns-request-id"]
    assert shared_client.create_queue(f"ordered-{code}").status == 201


def test_faults_strike_one_call_each_in_order(topic: RawClient) -> None:
    """And only calls of their operation."""
    order(topic, "TooManyRequests", "QpsLimitExceeded")
    assert topic.create_queue("other").status == 201
    assert [publish(topic).status for _ in range(3)] == [429, 400, 201]
    assert delivered(topic) == 1


@pytest.mark.parametrize(
    ("fault", "status", "body", "done"),
    [("unavailable", 503, "", 0), ("http-502-html", 502, "<html>", 0), ("error-after", 500, "<?xml", 1)],
)
def test_a_server_error_does_what_it_says(topic: RawClient, fault: str, status: int, body: str, done: int) -> None:
    """Empty, HTML, or the service's own InternalError after the deed."""
    order(topic, fault)
    answer = publish(topic)
    assert (answer.status, answer.body.decode()[: len(body)], bool(answer.body)) == (status, body, bool(body))
    assert delivered(topic) == done


@pytest.mark.parametrize(("fault", "done"), [("reset-before", 0), ("reset-after", 1)])
def test_a_reset_breaks_the_connection(topic: RawClient, fault: str, done: int) -> None:
    """With an RST, before or after the deed."""
    order(topic, fault)
    with pytest.raises(ConnectionResetError):
        publish(topic)
    topic.close()
    assert delivered(topic) == done
    assert publish(topic).status == 201


@pytest.mark.parametrize(("fault", "done"), [("timeout-before", 0), ("timeout-after", 1)])
def test_a_timeout_is_silence_until_the_client_gives_up(topic: RawClient, fault: str, done: int) -> None:
    """Before or after the deed."""
    order(topic, fault)
    topic.connection.timeout = SILENCE_SECONDS
    topic.close()
    with pytest.raises(TimeoutError):
        publish(topic)
    topic.connection.timeout = PATIENCE_SECONDS
    topic.close()
    wait_for(lambda: delivered(topic) == done)


def test_slow_is_late_but_right(topic: RawClient) -> None:
    """Not before the time ordered."""
    order(topic, "slow:200")
    started = time.monotonic()
    assert publish(topic).status == 201
    assert time.monotonic() - started >= 0.2


def test_a_fault_does_not_strike_who_may_not_call(topic: RawClient) -> None:
    """It waits for a call with a right signature."""
    order(topic, "TooManyRequests")
    wrong = topic.call("POST", "/topics/t/messages", PUBLISH, {"Authorization": "MNS nobody:c2ln"})
    assert (wrong.code, publish(topic).code) == ("InvalidAccessKeyId", "TooManyRequests")


def test_a_committing_fault_keeps_the_checks(client: RawClient) -> None:
    """What would be refused is not done, whatever is then sent."""
    client.create_queue("q")
    order(client, "error-after", operation="SendMessage")
    assert client.send_message("q", "x", Priority=99).code == "InternalError"
    assert delivered(client) == 0


@pytest.mark.parametrize(
    ("request_body", "sentence"),
    [
        ({"operation": "PublishMessage", "faults": ["explode"]}, "'explode' is not a fault"),
        ({"operation": "PublishMessage", "faults": ["slow:soon"]}, "'slow:soon' is not a fault"),
        ({"operation": "Publish", "faults": ["unavailable"]}, "operation must be one of SetQueueAttributes, "),
        ({"faults": ["unavailable"]}, "operation must be one of SetQueueAttributes, "),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_a_sentence(
    shared_client: RawClient, request_body: object, sentence: str
) -> None:
    """Nothing of it is queued."""
    status, answer = shared_client.local("POST", "faults", request_body)
    assert status == 400
    assert sentence in answer["message"]


# Inspection


def test_a_queue_can_be_looked_into_without_a_touch(mns: RunningMns, client: RawClient) -> None:
    """Every message with its state; nothing changes by looking."""
    client.create_queue("q", VisibilityTimeout=30)
    client.send_message("q", "held", Priority=1)
    client.send_message("q", "free")
    client.send_message("q", "late", DelaySeconds=60)
    held = client.receive("q")
    views = [client.local("GET", "queues/q")[1] for _ in range(2)]
    messages = views[0]["messages"]
    assert views[0] == views[1]
    assert views[0]["queue"] == "q"
    assert [(each["body"], each["state"], each["dequeueCount"]) for each in messages] == [
        ("held", "inactive", 1),
        ("free", "active", 0),
        ("late", "delayed", 0),
    ]
    assert messages[0] == {
        "messageId": held.text("MessageId"),
        "body": "held",
        "state": "inactive",
        "dequeueCount": 1,
        "enqueueTime": 1_800_000_000_000,
        "firstDequeueTime": 1_800_000_000_000,
        "nextVisibleTime": 1_800_000_030_000,
        "priority": 1,
        "userProperties": [],
        "systemProperties": [],
    }
    assert client.receive("q").text("MessageBody") == "free"


def test_looking_into_no_queue_is_told(shared_client: RawClient) -> None:
    """404 with a sentence."""
    status, answer = shared_client.local("GET", "queues/none")
    assert (status, answer) == (404, {"message": "none: The queue name you provided is not exist."})


def test_calls_are_kept_with_what_became_of_them(topic: RawClient) -> None:
    """Refused and faulty ones included; never a body or a signature."""
    topic.local("POST", "reset")
    order(topic, "TooManyRequests", "reset-after")
    publish(topic)
    with pytest.raises(ConnectionResetError):
        publish(topic)
    topic.close()
    topic.call("GET", "/nothing")
    fields = ("operation", "target", "fault", "status", "code")
    calls = topic.local("GET", "calls")[1]
    assert [tuple(call[field] for field in fields) for call in calls] == [
        ("PublishMessage", "/topics/t/messages", "TooManyRequests", 429, "TooManyRequests"),
        ("PublishMessage", "/topics/t/messages", "reset-after", None, ""),
        ("", "/nothing", "", 400, "InvalidRequestURL"),
    ]
    assert all(call.keys() == {*fields, "time", "requestId"} for call in calls)


def test_a_reset_drops_messages_and_faults_and_keeps_the_rest(topic: RawClient) -> None:
    """Queues, topics and subscriptions stay."""
    publish(topic)
    order(topic, "unavailable")
    assert topic.local("POST", "reset") == (200, {})
    assert topic.local("GET", "calls") == (200, [])
    assert delivered(topic) == 0
    assert publish(topic).status == 201
    assert delivered(topic) == 1


# Traffic


def test_a_publication_is_reported_before_and_after(mns: RunningMns, topic: RawClient) -> None:
    """`publish-sent` before anything is done, `publish-answered` once the client can have the answer."""
    seen: list[tuple[Point, int]] = []
    answered = threading.Event()

    async def listen(point: Point) -> None:
        seen.append((point, len(mns.service.queues.messages("q"))))
        if point == "publish-answered":
            answered.set()

    mns.traffic.listen(listen)
    topic.send_message("q", "not a publication")
    assert publish(topic).status == 201
    assert answered.wait(PATIENCE_SECONDS)
    assert seen == [("publish-sent", 1), ("publish-answered", 2)]


SEND = document("Message", MessageBody="again")
_ONE = "<Message><MessageBody>again</MessageBody></Message>"
BATCH = f'<Messages xmlns="http://mns.aliyuncs.com/doc/v1/">{_ONE * 2}</Messages>'


@pytest.mark.parametrize(("sent", "count"), [(SEND, 1), (BATCH, 2)], ids=["alone", "batch"])
def test_what_the_function_sends_to_a_queue_is_reported_and_what_others_send_is_not(
    mns: RunningMns, topic: RawClient, sent: str, count: int
) -> None:
    """The function is known by the key of its role."""
    seen: list[tuple[Point, int]] = []
    answered = threading.Event()

    async def listen(point: Point) -> None:
        seen.append((point, len(mns.service.queues.messages("q"))))
        answered.set()

    mns.traffic.listen(listen)
    function = RawClient(topic.port, LOCAL_ACCOUNT.role)
    assert [client.call("POST", "/queues/q/messages", sent).status for client in (topic, function)] == [201, 201]
    function.close()
    assert answered.wait(PATIENCE_SECONDS)
    assert seen == [("requeue-answered", 2 * count)]


def test_a_publication_without_an_answer_is_not_reported_as_answered(mns: RunningMns, topic: RawClient) -> None:
    """A reset after the deed is no answer."""
    seen: list[Point] = []

    async def listen(point: Point) -> None:
        seen.append(point)

    mns.traffic.listen(listen)
    order(topic, "reset-after")
    with pytest.raises(ConnectionResetError):
        publish(topic)
    topic.close()
    assert delivered(topic) == 1
    assert seen == ["publish-sent"]


# Long polls, stops and starts


@pytest.fixture
def poll(mns: RunningMns) -> Callable[[str], "Future[Reply]"]:
    """Start a long poll of q from another thread; returns once the emulator waits."""

    def start(query: str) -> "Future[Reply]":
        client = RawClient(mns.server.port, LOCAL_ACCOUNT.user)
        executor = ThreadPoolExecutor(1)
        already = mns.service.queues.polls.waiting("q")
        future = executor.submit(client.receive, "q", query)
        future.add_done_callback(lambda _: client.close())
        executor.shutdown(wait=False)
        mns.wait_for_polls("q", already + 1)
        return future

    return start


def test_a_long_poll_ends_with_the_first_message(
    mns: RunningMns, client: RawClient, poll: Callable[[str], "Future[Reply]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with the end of its time, which never comes here; and one poll gets it while the other waits on."""
    wait = mns.service.queues.polls.wait
    monkeypatch.setattr(mns.service.queues.polls, "wait", lambda queue, _: wait(queue, float("inf")))
    client.create_queue("q")
    polls = [poll("waitseconds=20"), poll("waitseconds=20&numOfMessages=16")]
    for body in ("one", "two"):
        client.send_message("q", body)
    received = [future.result(PATIENCE_SECONDS) for future in polls]
    assert [reply.status for reply in received] == [200, 200]
    assert {*received[0].all("MessageBody"), *received[1].all("Message/MessageBody")} == {"one", "two"}


def test_a_long_poll_ends_empty_after_its_time(
    mns: RunningMns, client: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not earlier; the queue's own waiting time counts when the request names none."""
    waits: list[float] = []
    wait = mns.service.queues.polls.wait

    def noted_wait(queue: str, seconds: float) -> Coroutine[object, object, None]:
        waits.append(seconds)
        return wait(queue, seconds)

    monkeypatch.setattr(mns.service.queues.polls, "wait", noted_wait)
    client.create_queue("q", PollingWaitSeconds=1)
    assert client.receive("q", "waitseconds=0").code == "MessageNotExist"
    assert waits == []
    started = time.monotonic()
    assert client.call("GET", "/queues/q/messages").code == "MessageNotExist"
    assert time.monotonic() - started > 0.9
    assert 0.9 < max(waits) <= 1


def test_a_long_poll_ends_with_its_queue(client: RawClient, poll: Callable[[str], "Future[Reply]"]) -> None:
    """A queue deleted meanwhile does not exist."""
    client.create_queue("q")
    waiting = poll("waitseconds=20")
    client.call("DELETE", "/queues/q")
    assert waiting.result(PATIENCE_SECONDS).code == "QueueNotExist"


def test_who_leaves_a_long_poll_takes_nothing(mns: RunningMns, client: RawClient) -> None:
    """A message that comes afterwards goes to who is still there."""
    client.create_queue("q")
    leaving = RawClient(mns.server.port, LOCAL_ACCOUNT.user)
    target = "/queues/q/messages?waitseconds=20"
    leaving.connection.request("GET", target, headers=leaving.headers("GET", target, ""))
    mns.wait_for_polls("q", 1)
    leaving.close()
    mns.wait_for_polls("q", 0)
    client.send_message("q", "for the faithful")
    assert client.receive("q").text("DequeueCount") == "1"


def test_a_stop_ends_long_polls_and_a_start_finds_everything(
    mns: RunningMns, client: RawClient, poll: Callable[[str], "Future[Reply]"]
) -> None:
    """The poll is cut off, the engine keeps its state, the port stays the same."""
    client.create_queue("q")
    waiting = poll("waitseconds=20")
    mns.run(mns.server.stop())
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        waiting.result(PATIENCE_SECONDS)
    client.close()
    with pytest.raises(ConnectionRefusedError):
        client.receive("q")
    client.close()
    mns.run(mns.server.start())
    client.send_message("q", "kept")
    mns.run(mns.server.stop())
    mns.run(mns.server.start())
    client.close()
    assert client.receive("q").text("MessageBody") == "kept"


def test_a_silent_call_ends_with_the_server(mns: RunningMns, topic: RawClient) -> None:
    """A timeout fault does not outlive the stop."""
    order(topic, "timeout-before")
    headers = topic.headers("POST", "/topics/t/messages", PUBLISH)
    topic.connection.request("POST", "/topics/t/messages", PUBLISH.encode(), headers)
    mns.run(mns.server.stop())
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        topic.connection.getresponse()
    topic.close()
    mns.run(mns.server.start())
    assert topic.receive("q").code == "MessageNotExist"
