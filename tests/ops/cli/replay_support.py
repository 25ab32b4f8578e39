"""Failures to replay, and a proxy of SMQ that sends a signal to a command at a chosen step."""

import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from mns.account import Account
from mns.queue import QueueMeta

from handler.credentials import Credentials
from handler.smq.client import Smq
from tests.support.checkout import OUTCOMES
from tests.support.cli import CloudShell, Ended
from tests.support.http_server import ANY_PORT, Quiet, served
from tests.support.patience import PATIENCE_SECONDS, wait_for

FAILED = json.loads((OUTCOMES / "failed.json").read_bytes())
QUICK_QUEUE = "quick-failures"
QUICK_SECONDS = 2


def failure(number: int, code: str = "AssumeRoleFail", *, retryable: bool = True, **request: str) -> str:
    """Return the failed outcome of the request R-`number`, which has a bucket of its own."""
    name = f"group-{number:04d}"
    wanted = {"requestId": f"R-{number}", "name": name, "bucketName": name, "bucketRegion": "cn-hangzhou", **request}
    error = {**FAILED["data"]["error"], "code": code, "retryable": retryable}
    data = {**FAILED["data"], "requestId": f"R-{number}", "error": error, "request": wanted}
    event = {
        **FAILED,
        "id": f"{number:032x}",
        "subject": f"R-{number}",
        "correlationid": f"order-{number}",
        "data": data,
    }
    return json.dumps(event)


def smq(cloud: CloudShell) -> Smq:
    """Return a client of the cloud's SMQ."""
    ready = cloud.ready
    return Smq.at(ready["mns"]["endpoint"], Credentials(ready["accessKeyId"], ready["accessKeySecret"]))


def fill(cloud: CloudShell, role: str, bodies: Sequence[str]) -> None:
    """Send bodies to the queue with this role."""
    for start in range(0, len(bodies), 16):
        smq(cloud).send(cloud.ready["mns"][role], bodies[start : start + 16])


def bodies(cloud: CloudShell, role: str) -> list[dict[str, Any]]:
    """Return the JSON bodies of all messages in the queue with this role, hidden ones included."""
    answer = cloud.local("GET", "mns", f"queues/{cloud.ready['mns'][role]}")
    return [json.loads(message["body"]) for message in answer["messages"]]


def visible(cloud: CloudShell, role: str, count: int) -> set[str]:
    """Return the ids of this many messages as soon as they are visible."""
    ids: set[str] = set()

    def are_all_found() -> bool:
        received = smq(cloud).receive(cloud.ready["mns"][role], wait_seconds=5)
        ids.update(message.message_id for message in received)
        return len(ids) >= count

    wait_for(are_all_found)
    return ids


def all_visible(cloud: CloudShell, role: str) -> bool:
    """Return whether no message in the queue with this role is hidden."""
    answer = cloud.local("GET", "mns", f"queues/{cloud.ready['mns'][role]}")
    return all(message["state"] == "active" for message in answer["messages"])


def with_quick_failures(cloud: CloudShell, seconds: int = QUICK_SECONDS) -> None:
    """Make the failure queue one with a short visibility timeout."""
    account = Account(cloud.ready["mns"]["endpoint"], cloud.ready["accessKeyId"], cloud.ready["accessKeySecret"])
    account.get_queue(QUICK_QUEUE).create(QueueMeta(vis_timeout=seconds))
    account.get_client().close_connection()
    cloud.ready["mns"]["failureQueue"] = QUICK_QUEUE


@dataclass
class SignalAt:
    """A signal at the `nth` call of `operation`, before the call reaches SMQ or after SMQ has processed it."""

    operation: str
    is_after: bool
    nth: int
    by: signal.Signals = signal.SIGKILL


class SmqProxy:
    """A proxy of SMQ that sends one signal to the process whose id `victim` gets."""

    def __init__(self, endpoint: str) -> None:
        self.signal_at: SignalAt | None = None
        self.victim: Future[int] = Future()
        self.calls: list[str] = []
        self._lock = threading.Lock()
        proxy = self

        class Handler(Quiet, BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                with suppress(ConnectionError):
                    super().handle_one_request()

            def pass_on(self) -> None:
                proxy.forward(self, endpoint)

        for method in ("GET", "POST", "PUT", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.pass_on)
        self.server = ThreadingHTTPServer(ANY_PORT, Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def forward(self, request: BaseHTTPRequestHandler, endpoint: str) -> None:
        """Forward a request and its response, unless the victim is killed."""
        operation = _operation(request.command, request.path)
        with self._lock:
            self.calls.append(operation)
            nth = self.calls.count(operation)
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        if self._killed(operation, nth, is_after=False):
            return
        upstream = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=PATIENCE_SECONDS)
        upstream.request(request.command, request.path, body, dict(request.headers))
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        if self._killed(operation, nth, is_after=True):
            return
        request.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                request.send_header(name, value)
        request.send_header("content-length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _killed(self, operation: str, nth: int, *, is_after: bool) -> bool:
        signal_at = self.signal_at
        if signal_at is None or (signal_at.operation, signal_at.is_after, signal_at.nth) != (operation, is_after, nth):
            return False
        os.kill(self.victim.result(PATIENCE_SECONDS), signal_at.by)
        return signal_at.by == signal.SIGKILL


def _operation(method: str, path: str) -> str:
    if method == "GET":
        return "receive"
    return {"POST": "send", "DELETE": "delete", "PUT": "give-back"}[method]


@contextmanager
def smq_proxy(cloud: CloudShell) -> Iterator[SmqProxy]:
    """Run a proxy of the cloud's SMQ, and write a profile `proxied` that uses it."""
    opened = SmqProxy(cloud.ready["mns"]["endpoint"])
    cloud.write_profile("proxied", mns={**cloud.ready["mns"], "endpoint": opened.url})
    with served(opened.server):
        yield opened


def run_with_signal(cloud: CloudShell, through: SmqProxy, signal_at: SignalAt | None, *arguments: str) -> Ended:
    """Run a command through the proxy, which sends it a signal."""
    through.calls.clear()
    through.victim, through.signal_at = Future(), signal_at
    ended = cloud.shell.run(*arguments, "--profile", "proxied", on_start=through.victim.set_result)
    through.signal_at = None
    return ended


def peak_kib(cloud: CloudShell, *arguments: str) -> tuple[int, int]:
    """Return how many lines a command prints, and its peak memory in KiB."""
    with cloud.shell.start(*arguments) as process:
        assert process.stdout is not None
        lines = sum(1 for _ in process.stdout)
        _, _, usage = os.wait4(process.pid, 0)
    return lines, usage.ru_maxrss
