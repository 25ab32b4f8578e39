"""HTTP push subscriptions: what a server on this machine receives, how often, and whether it can verify it."""

import asyncio
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

import pytest
import urllib3

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.crash_points import CrashPoints
from express_sync.local.mns.app import create_app
from express_sync.local.mns.engine.endpoint import HttpTarget
from express_sync.local.mns.engine.message_service import HttpNotification, MessageService
from express_sync.local.mns.engine.topic import Notification, SubscriptionAttributes
from express_sync.local.mns.push.sender import LIMIT_SECONDS, HttpPush
from express_sync.local.server import LoopbackServer
from express_sync.mns_push import Verifier
from tests.local.mns_client import RawClient, document
from tests.support.checkout import ROOT
from tests.support.http_server import ANY_PORT, Quiet, served
from tests.support.patience import PATIENCE_SECONDS, wait_for
from tests.support.required import program
from tests.support.running import running_loop, started

NAMESPACE = "{http://mns.aliyuncs.com/doc/v1/}"


@dataclass
class Received:
    """A request that the receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An HTTP server that answers with `statuses` in order and then with 204; for None it waits for `release`."""

    statuses: list[int | None] = field(default_factory=list)
    requests: "queue.Queue[Received]" = field(default_factory=queue.Queue)
    release: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def next(self) -> Received:
        """Return the next request."""
        return self.requests.get(timeout=PATIENCE_SECONDS)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    running = Receiver()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = running.statuses.pop(0) if running.statuses else 204
            running.requests.put(Received(self.path, dict(self.headers), body))
            if status is None:
                running.release.wait(PATIENCE_SECONDS)
                return
            self.send_response(status)
            self.end_headers()

    with served(ThreadingHTTPServer(ANY_PORT, Handler)) as server:
        running.port = server.server_port
        yield running
        running.release.set()


@dataclass
class Mns:
    """A running MNS that pushes; `waits` has the waits before retries, which take no time."""

    client: RawClient
    url: str
    waits: list[float]


@pytest.fixture
def mns(limit_seconds: float) -> Iterator[Mns]:
    """Run an MNS with a topic t."""
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    push = HttpPush(lambda: server.url, pause, limit_seconds)
    server = LoopbackServer(create_app(MessageService(LOCAL_ACCOUNT), LOCAL_ACCOUNT, CrashPoints(), push=push))
    with started(server):
        client = RawClient(server.port, LOCAL_ACCOUNT.user)
        client.call("PUT", "/topics/t", document("Topic"))
        yield Mns(client, server.url, waits)
        client.local("POST", "reset", {})
        client.close()


@pytest.fixture
def limit_seconds() -> float:
    """Return the limit for answers, which a test may replace."""
    return PATIENCE_SECONDS


def subscribe(mns: Mns, endpoint: str, **more: object) -> tuple[int, str]:
    """Subscribe to topic t and return the status, and the code of an error."""
    response = mns.client.subscribe(Endpoint=endpoint, **more)
    return response.status, response.code if response.status >= 400 else ""


def publish(mns: Mns, body: str = "body", **more: object) -> str:
    """Publish to topic t and return the message's id."""
    return mns.client.call("POST", "/topics/t/messages", document("Message", MessageBody=body, **more)).text(
        "MessageId"
    )


def attempts(mns: Mns, number: int) -> list[int]:
    """Return the statuses of the attempts, once there are that many."""

    def made() -> list[int]:
        statuses = [each["status"] for each in mns.client.local("GET", "pushes")[1]]
        return statuses if len(statuses) >= number else []

    return wait_for(made)


@pytest.mark.parametrize("path", ["", "/hook", "/hook?a=1&b=%20"])
@pytest.mark.parametrize("form", ["SIMPLIFIED", "JSON", "XML"])
def test_notification_is_genuine_in_each_format(mns: Mns, receiver: Receiver, form: str, path: str) -> None:
    subscribe(mns, f"http://localhost:{receiver.port}{path}", NotifyContentFormat=form)
    message_id = publish(mns, '{"a": "<&> 单"}', MessageTag="failed")
    request = receiver.next()
    assert request.path == (path or "/notifications")
    assert Verifier(mns.url).refusal("POST", request.path, request.headers, request.body) == ""
    read = {"SIMPLIFIED": simplified, "JSON": json_document, "XML": xml_document}[form]
    assert read(request) == ('{"a": "<&> 单"}', message_id, "failed")


def simplified(request: Received) -> tuple[str, str, str]:
    """Return body, id and tag of the message."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return request.body.decode(), headers["x-mns-message-id"], headers["x-mns-message-tag"]


def json_document(request: Received) -> tuple[str, str, str]:
    """Return body, id and tag of the message."""
    assert "x-mns-message-id" not in {name.lower() for name in request.headers}
    sent = json.loads(request.body)
    return sent["Message"], sent["MessageId"], sent["MessageTag"]


def xml_document(request: Received) -> tuple[str, str, str]:
    """Return body, id and tag of the message."""
    root = ElementTree.XML(request.body)
    message, message_id, tag = (
        root.findtext(f"{NAMESPACE}{name}") or "" for name in ("Message", "MessageId", "MessageTag")
    )
    return message, message_id, tag


def test_verifier_refuses_the_certificate_of_a_local_cloud(mns: Mns, receiver: Receiver) -> None:
    """It is accepted only from the origin that the receiver names."""
    subscribe(mns, f"http://127.0.0.1:{receiver.port}")
    publish(mns)
    request = receiver.next()
    for origin in ("", mns.url[:-1], f"{mns.url}0"):
        assert Verifier(origin).refusal("POST", request.path, request.headers, request.body) != ""


def test_tag_is_verified_in_any_script(mns: Mns, receiver: Receiver) -> None:
    """The receiver reads headers as Latin-1."""
    subscribe(mns, f"http://127.0.0.1:{receiver.port}", NotifyContentFormat="SIMPLIFIED", FilterTag="失败é")
    publish(mns, MessageTag="失败é")
    request = receiver.next()
    assert Verifier(mns.url).refusal("POST", request.path, request.headers, request.body) == ""


def test_tag_cannot_add_a_header(mns: Mns) -> None:
    sent = document("Message", MessageBody="b", MessageTag="a\r\nx-mns-a: b")
    assert mns.client.call("POST", "/topics/t/messages", sent).code == "InvalidArgument"


def test_only_matching_tags_are_pushed(mns: Mns, receiver: Receiver) -> None:
    subscribe(mns, f"http://127.0.0.1:{receiver.port}", FilterTag="failed", NotifyContentFormat="SIMPLIFIED")
    publish(mns, "other", MessageTag="succeeded")
    publish(mns, "wanted", MessageTag="failed")
    assert receiver.next().body == b"wanted"
    assert attempts(mns, 1) == [204]


@pytest.mark.parametrize("status", [200, 201, 204])
def test_success_ends_the_attempts(mns: Mns, receiver: Receiver, status: int) -> None:
    receiver.statuses = [500, 302, 404, status]
    subscribe(mns, f"http://127.0.0.1:{receiver.port}")
    publish(mns)
    assert attempts(mns, 4) == [500, 302, 404, status]
    assert len(mns.waits) == 3
    assert all(10 <= each <= 20 for each in mns.waits)


def test_backoff_strategy_ends_after_three_retries(mns: Mns, receiver: Receiver) -> None:
    receiver.statuses = [500] * 5
    subscribe(mns, f"http://127.0.0.1:{receiver.port}")
    publish(mns)
    assert attempts(mns, 4) == [500] * 4
    unsubscribed = mns.client.call("DELETE", "/topics/t/subscriptions/s")
    assert (unsubscribed.status, len(mns.waits), len(receiver.statuses)) == (204, 3, 1)


def test_exponential_strategy_retries_for_a_day(mns: Mns, receiver: Receiver) -> None:
    receiver.statuses = [503] * 200
    subscribe(mns, f"http://127.0.0.1:{receiver.port}", NotifyStrategy="EXPONENTIAL_DECAY_RETRY")
    publish(mns)
    assert attempts(mns, 177) == [503] * 177
    assert mns.waits == [2.0**power for power in range(9)] + [512.0] * 167


@pytest.mark.parametrize("limit_seconds", [0.05])
def test_late_answer_is_a_failure(mns: Mns, receiver: Receiver) -> None:
    """The service waits for five seconds; here for a shorter time."""
    assert LIMIT_SECONDS == 5
    receiver.statuses = [None]
    subscribe(mns, f"http://127.0.0.1:{receiver.port}")
    publish(mns)
    assert attempts(mns, 1)[0] == 0


def test_push_that_is_cancelled_when_its_answer_arrives_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reset would otherwise be followed by its retries, and their entries in the list of attempts."""
    notification = HttpNotification(
        HttpTarget("127.0.0.1", 1, "/", "127.0.0.1:1"),
        SubscriptionAttributes("http://127.0.0.1:1/"),
        Notification("1", "t", "s", "0" * 32, "hello", "", "", 0),
        "hello",
    )

    async def turns(count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    async def attempts_after(turns_between: int) -> int:
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def exchange(*_arguments: object) -> int:
            return await answer

        monkeypatch.setattr("express_sync.local.mns.push.sender._exchange", exchange)
        push = HttpPush(lambda: "http://127.0.0.1:1", lambda _seconds: asyncio.sleep(0))
        push.push(notification)
        await turns(3)
        answer.set_result(503)
        await turns(turns_between)
        push.cancel()
        await turns(20)
        return len(push.attempts.entries())

    assert [asyncio.run(attempts_after(between)) for between in range(5)] == [0] * 5


def test_server_that_is_not_there_is_a_failure(mns: Mns) -> None:
    """Nothing listens on port 1."""
    subscribe(mns, "http://127.0.0.1:1/")
    publish(mns)
    assert attempts(mns, 4) == [0] * 4


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://0.0.0.0/",
        "http://[::ffff:10.0.0.1]/",
        "http://2130706433/",
        "http://169.254.169.254/latest",
        "https://127.0.0.1/",
    ],
)
def test_endpoint_elsewhere_is_never_called(mns: Mns, endpoint: str) -> None:
    assert subscribe(mns, endpoint) == (400, "NotEmulated")


@pytest.mark.parametrize("endpoint", ["http://", "http://a@127.0.0.1/", "http://127.0.0.1:99999/", "ws://127.0.0.1/"])
def test_endpoint_that_is_not_a_url_is_invalid(mns: Mns, endpoint: str) -> None:
    assert subscribe(mns, endpoint) == (400, "EndpointInvalid")


@contextmanager
def answering(data: bytes) -> Iterator[int]:
    """Run a server that answers every request with `data` and closes, and give its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        writer.close()

    with running_loop() as run:
        server = run(asyncio.start_server(answer, "127.0.0.1", 0))
        yield server.sockets[0].getsockname()[1]
        server.close()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No\r\n\r\n", 204),
        (b"HTTP/1.1 302 Found\r\nLocation: /other\r\n\r\n", 302),
        (b"HTTP/1.1 " + b"2" * 100_000, 0),
        (b"", 0),
        (b"HTTP/1.1 100 Continue\r\n\r\n", 0),
        (b"SSH-2.0-x\r\n", 0),
    ],
)
def test_only_a_final_answer_in_http_counts(mns: Mns, data: bytes, status: int) -> None:
    with answering(data) as port:
        subscribe(mns, f"http://127.0.0.1:{port}/p")
        publish(mns)
        tries = 1 if status == 204 else 4
        assert attempts(mns, tries) == [status] * tries


def test_reset_ends_the_attempts(mns: Mns, receiver: Receiver) -> None:
    receiver.statuses = [None]
    subscribe(mns, f"http://127.0.0.1:{receiver.port}")
    publish(mns)
    receiver.next()
    mns.client.local("POST", "reset", {})
    assert mns.client.local("GET", "pushes")[1] == []


SAMPLES = ROOT / "samples" / "mns_push"


@pytest.mark.parametrize(
    ("interpreter", "sample"), [(sys.executable, "receiver.py"), ("node", "receiver.js")], ids=["python", "node"]
)
def test_sample_receives_and_refuses(mns: Mns, interpreter: str, sample: str) -> None:
    """It prints what is genuine, and answers a forged request with 403."""
    command = [program(interpreter), str(SAMPLES / sample), "0", mns.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as receiver:
        try:
            output = iter(receiver.stdout or ())
            port = int(next(output).removeprefix("listening on "))
            subscribe(mns, f"http://127.0.0.1:{port}", NotifyContentFormat="SIMPLIFIED")
            publish(mns, "genuine, 单", MessageTag="失败")
            assert next(output) == "received: genuine, 单\n"
            assert attempts(mns, 1) == [204]
            forged = urllib3.request(
                "POST", f"http://127.0.0.1:{port}/notifications", body=b"forged", timeout=PATIENCE_SECONDS
            )
            assert (forged.status, next(output)) == (403, "refused: The header content-md5 is missing.\n")
        finally:
            receiver.terminate()
