"""The admin API of the local MNS, crash points, long polls, and stopping and starting the server."""

import http.client
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.crash_points import Point
from express_sync.local.mns.errors import ERRORS
from tests.local.mns_client import RawClient, Response, document
from tests.local.mns_server import RunningMns
from tests.support.patience import PATIENCE_SECONDS, SILENCE_SECONDS, wait_for

PUBLISH = document("Message", MessageBody="news")


@pytest.fixture
def topic(topic: RawClient) -> RawClient:
    """Return the client, with a queue q subscribed to a topic t."""
    endpoint = f"acs:mns:{LOCAL_ACCOUNT.region}:{LOCAL_ACCOUNT.account_id}:queues/q"
    topic.subscribe(Endpoint=endpoint, NotifyContentFormat="SIMPLIFIED")
    return topic


def queue_faults(client: RawClient, *faults: str, operation: str = "PublishMessage") -> None:
    """Queue faults."""
    assert client.local("POST", "faults", {"operation": operation, "faults": faults}) == (200, {"queued": len(faults)})


def publish(client: RawClient) -> Response:
    """Publish to t."""
    return client.call("POST", "/topics/t/messages", PUBLISH)


def delivered(client: RawClient) -> int:
    """Return the number of messages in q."""
    return len(client.local("GET", "queues/q")[1]["messages"])


# Faults


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_error_code_is_a_fault(shared_client: RawClient, code: str) -> None:
    """One call gets it, in the service's form, and is not carried out; the next call is not affected."""
    queue_faults(shared_client, code, operation="CreateQueue")
    refused = shared_client.create_queue(f"ordered-{code}")
    status, message = ERRORS[code]
    assert (refused.status, refused.code, refused.text("Message")) == (status, code, message)
    assert refused.text("RequestId") == refused.headers["x-mns-request-id"]
    assert shared_client.create_queue(f"ordered-{code}").status == 201


def test_each_fault_applies_to_one_publication_in_order(topic: RawClient) -> None:
    """Calls of other operations are not affected."""
    queue_faults(topic, "TooManyRequests", "QpsLimitExceeded")
    assert topic.create_queue("other").status == 201
    assert [publish(topic).status for _ in range(3)] == [429, 400, 201]
    assert delivered(topic) == 1


@pytest.mark.parametrize(
    ("fault", "status", "body", "done"),
    [("unavailable", 503, "", 0), ("http-502-html", 502, "<html>", 0), ("error-after", 500, "<?xml", 1)],
)
def test_server_error_is_sent_before_or_after_the_operation(
    topic: RawClient, fault: str, status: int, body: str, done: int
) -> None:
    """The body is empty, HTML, or the service's own InternalError."""
    queue_faults(topic, fault)
    response = publish(topic)
    assert (response.status, response.body.decode()[: len(body)], bool(response.body)) == (status, body, bool(body))
    assert delivered(topic) == done


@pytest.mark.parametrize(("fault", "done"), [("reset-before", 0), ("reset-after", 1)])
def test_reset_breaks_the_connection(topic: RawClient, fault: str, done: int) -> None:
    """It is a TCP RST, before or after the operation."""
    queue_faults(topic, fault)
    with pytest.raises(ConnectionResetError):
        publish(topic)
    topic.close()
    assert delivered(topic) == done
    assert publish(topic).status == 201


@pytest.mark.parametrize(("fault", "done"), [("timeout-before", 0), ("timeout-after", 1)])
def test_timeout_fault_never_responds(topic: RawClient, fault: str, done: int) -> None:
    """It comes before or after the operation."""
    queue_faults(topic, fault)
    topic.connection.timeout = SILENCE_SECONDS
    topic.close()
    with pytest.raises(TimeoutError):
        publish(topic)
    topic.connection.timeout = PATIENCE_SECONDS
    topic.close()
    wait_for(lambda: delivered(topic) == done)


def test_slow_call_has_its_result_after_the_delay(topic: RawClient) -> None:
    """The response is not earlier than requested."""
    queue_faults(topic, "slow:200")
    started = time.monotonic()
    assert publish(topic).status == 201
    assert time.monotonic() - started >= 0.2


def test_fault_waits_for_a_call_with_a_correct_signature(topic: RawClient) -> None:
    """A refused call does not use it up."""
    queue_faults(topic, "TooManyRequests")
    wrong = topic.call("POST", "/topics/t/messages", PUBLISH, {"Authorization": "MNS unknown:c2ln"})
    assert (wrong.code, publish(topic).code) == ("InvalidAccessKeyId", "TooManyRequests")


def test_error_after_an_invalid_call_changes_nothing(client: RawClient) -> None:
    """A call that would be refused is not carried out, whatever is then sent."""
    client.create_queue("q")
    queue_faults(client, "error-after", operation="SendMessage")
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
def test_unusable_fault_request_is_explained(shared_client: RawClient, request_body: object, sentence: str) -> None:
    """Nothing is queued."""
    status, response = shared_client.local("POST", "faults", request_body)
    assert status == 400
    assert sentence in response["message"]


# Inspection


def test_inspected_queue_does_not_change(mns: RunningMns, client: RawClient) -> None:
    """Every message is shown with its state."""
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


def test_inspection_of_a_missing_queue_is_a_404(shared_client: RawClient) -> None:
    """The message names the queue."""
    status, response = shared_client.local("GET", "queues/none")
    assert (status, response) == (404, {"message": "none: The queue name you provided is not exist."})


def test_call_log_has_the_results_of_calls(topic: RawClient) -> None:
    """It includes refused and faulty calls, but no bodies and no signatures."""
    topic.local("POST", "reset")
    queue_faults(topic, "TooManyRequests", "reset-after")
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


def test_admin_reset_keeps_queues_and_topics(topic: RawClient) -> None:
    """Messages, faults and logged calls are removed."""
    publish(topic)
    queue_faults(topic, "unavailable")
    assert topic.local("POST", "reset") == (200, {})
    assert topic.local("GET", "calls") == (200, [])
    assert delivered(topic) == 0
    assert publish(topic).status == 201
    assert delivered(topic) == 1


# CrashPoints


def test_publication_reports_two_crash_points(mns: RunningMns, topic: RawClient) -> None:
    """`publish-sent` before anything is done, `publish-answered` once the client can have the response."""
    seen: list[tuple[Point, int]] = []
    answered = threading.Event()

    async def listen(point: Point) -> None:
        seen.append((point, len(mns.service.queues.messages("q"))))
        if point == "publish-answered":
            answered.set()

    mns.crash_points.listen(listen)
    topic.send_message("q", "not a publication")
    assert publish(topic).status == 201
    assert answered.wait(PATIENCE_SECONDS)
    assert seen == [("publish-sent", 1), ("publish-answered", 2)]


SEND = document("Message", MessageBody="again")
_ONE = "<Message><MessageBody>again</MessageBody></Message>"
BATCH = f'<Messages xmlns="http://mns.aliyuncs.com/doc/v1/">{_ONE * 2}</Messages>'


@pytest.mark.parametrize(("sent", "count"), [(SEND, 1), (BATCH, 2)], ids=["alone", "batch"])
def test_only_sends_of_the_function_report_a_crash_point(
    mns: RunningMns, topic: RawClient, sent: str, count: int
) -> None:
    """The key of its role identifies the function."""
    seen: list[tuple[Point, int]] = []
    answered = threading.Event()

    async def listen(point: Point) -> None:
        seen.append((point, len(mns.service.queues.messages("q"))))
        answered.set()

    mns.crash_points.listen(listen)
    function = RawClient(topic.port, LOCAL_ACCOUNT.role)
    assert [client.call("POST", "/queues/q/messages", sent).status for client in (topic, function)] == [201, 201]
    function.close()
    assert answered.wait(PATIENCE_SECONDS)
    assert seen == [("requeue-answered", 2 * count)]


def test_publication_without_a_response_is_not_reported_answered(mns: RunningMns, topic: RawClient) -> None:
    """A reset after the operation is not a response."""
    seen: list[Point] = []

    async def listen(point: Point) -> None:
        seen.append(point)

    mns.crash_points.listen(listen)
    queue_faults(topic, "reset-after")
    with pytest.raises(ConnectionResetError):
        publish(topic)
    topic.close()
    assert delivered(topic) == 1
    assert seen == ["publish-sent"]


# Long polls, stops and starts


@pytest.fixture
def poll(mns: RunningMns) -> Callable[[str], "Future[Response]"]:
    """Start a long poll of q in another thread; returns once the emulator waits."""

    def start(query: str) -> "Future[Response]":
        client = RawClient(mns.server.port, LOCAL_ACCOUNT.user)
        executor = ThreadPoolExecutor(1)
        already = mns.service.queues.polls.waiting("q")
        future = executor.submit(client.receive, "q", query)
        future.add_done_callback(lambda _: client.close())
        executor.shutdown(wait=False)
        mns.wait_for_polls("q", already + 1)
        return future

    return start


def test_long_poll_ends_with_the_first_message(
    mns: RunningMns, client: RawClient, poll: Callable[[str], "Future[Response]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own time never ends here; of two polls each gets one message."""
    wait = mns.service.queues.polls.wait
    monkeypatch.setattr(mns.service.queues.polls, "wait", lambda queue, _: wait(queue, float("inf")))
    client.create_queue("q")
    polls = [poll("waitseconds=20"), poll("waitseconds=20&numOfMessages=16")]
    for body in ("one", "two"):
        client.send_message("q", body)
    received = [future.result(PATIENCE_SECONDS) for future in polls]
    assert [response.status for response in received] == [200, 200]
    assert {*received[0].all("MessageBody"), *received[1].all("Message/MessageBody")} == {"one", "two"}


def test_long_poll_ends_empty_after_its_time(
    mns: RunningMns, client: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not end earlier; the queue's own waiting time applies if the request has none."""
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


def test_long_poll_ends_when_its_queue_is_deleted(client: RawClient, poll: Callable[[str], "Future[Response]"]) -> None:
    """The error is QueueNotExist."""
    client.create_queue("q")
    waiting = poll("waitseconds=20")
    client.call("DELETE", "/queues/q")
    assert waiting.result(PATIENCE_SECONDS).code == "QueueNotExist"


def test_disconnected_long_poll_receives_nothing(mns: RunningMns, client: RawClient) -> None:
    """A message that comes later goes to another client."""
    client.create_queue("q")
    leaving = RawClient(mns.server.port, LOCAL_ACCOUNT.user)
    target = "/queues/q/messages?waitseconds=20"
    leaving.connection.request("GET", target, headers=leaving.headers("GET", target, ""))
    mns.wait_for_polls("q", 1)
    leaving.close()
    mns.wait_for_polls("q", 0)
    client.send_message("q", "for the faithful")
    assert client.receive("q").text("DequeueCount") == "1"


def test_restarted_server_keeps_messages_and_port(
    mns: RunningMns, client: RawClient, poll: Callable[[str], "Future[Response]"]
) -> None:
    """The stop ends long polls."""
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


def test_silent_call_ends_with_the_server(mns: RunningMns, topic: RawClient) -> None:
    """A timeout fault does not outlast the stop."""
    queue_faults(topic, "timeout-before")
    headers = topic.headers("POST", "/topics/t/messages", PUBLISH)
    topic.connection.request("POST", "/topics/t/messages", PUBLISH.encode(), headers)
    mns.run(mns.server.stop())
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        topic.connection.getresponse()
    topic.close()
    mns.run(mns.server.start())
    assert topic.receive("q").code == "MessageNotExist"
