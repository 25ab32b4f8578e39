"""The official SDKs for Java, Go and PHP, replayed byte for byte.

The requests were recorded while the SDKs, built from their sources, completed a round against the local cloud. Only the
kernel's version in the User-Agent was removed. Their registries are not needed to run this.
"""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.crash_points import CrashPoints
from express_sync.local.mns.app import create_app
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.server import LoopbackServer
from tests.support.clock import FakeClock
from tests.support.patience import PATIENCE_SECONDS
from tests.support.running import started

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.json"))
Replay = Callable[[list[dict[str, Any]]], list[tuple[int, bytes]]]


def sent_at(request: str) -> float:
    """Return the time in the Date header of a request."""
    line = next(line for line in request.splitlines() if line.lower().startswith("date:"))
    return parsedate_to_datetime(line.partition(":")[2].strip()).timestamp()


@pytest.fixture
def replay() -> Iterator[Replay]:
    """Return a function that sends recorded requests to an MNS at the time of the recording."""
    clock, now = FakeClock(), [0.0]
    app = create_app(MessageService(LOCAL_ACCOUNT, clock), LOCAL_ACCOUNT, CrashPoints(), lambda: now[0])
    server = LoopbackServer(app)

    def send(exchanges: list[dict[str, Any]]) -> list[tuple[int, bytes]]:
        now[0] = sent_at(exchanges[0]["request"])
        answers = []
        for exchange in exchanges:
            clock.advance(2)
            answers.append(answer(server.port, exchange["request"]))
        return answers

    with started(server):
        yield send


def answer(port: int, request: str) -> tuple[int, bytes]:
    """Send the bytes of a request and return the status and the body of its response."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as connection:
        connection.sendall(request.encode())
        response = http.client.HTTPResponse(connection, method=request.partition(" ")[0])
        response.begin()
        return response.status, response.read()


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_sdk_gets_the_recorded_answers(replay: Replay, path: Path) -> None:
    """A receipt handle of the recording is of a message that does not exist here."""
    exchanges = json.loads(path.read_text())["exchanges"]
    answers = replay(exchanges)
    for exchange, (status, body) in zip(exchanges, answers, strict=True):
        line = exchange["request"].splitlines()[0]
        if "ReceiptHandle" in exchange["request"]:
            assert (status, b"MessageNotExist" in body) == (404, True), (line, body)
        else:
            assert status == exchange["status"] or {status, exchange["status"]} == {201, 204}, (line, body)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_generated_endpoint_receives_the_publication(replay: Replay, path: Path) -> None:
    """These SDKs take the account from the host, which is `127` here."""
    exchanges = json.loads(path.read_text())["exchanges"]
    answers = replay(exchanges)
    subscribed = next(each["request"] for each in exchanges if "<Subscription" in each["request"])
    assert ":127:queues/" in subscribed
    assert any(b"<MessageBody>news</MessageBody>" in body for _, body in answers)
