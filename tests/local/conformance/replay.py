"""Replays recorded requests of SDKs to a local MNS, byte for byte, at the time of the recording."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import urllib3

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.crash_points import CrashPoints
from express_sync.local.mns.app import create_app
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.server import LoopbackServer
from tests.support.clock import FakeClock
from tests.support.patience import PATIENCE_SECONDS
from tests.support.running import started

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.json"))
Exchanges = list[dict[str, Any]]


def exchanges_of(path: Path) -> Exchanges:
    """Return the requests of a recording, each with the status that it was answered with."""
    exchanges: Exchanges = json.loads(path.read_text(encoding="utf-8"))["exchanges"]
    return exchanges


@contextmanager
def replayed(exchanges: Exchanges) -> Iterator[tuple[LoopbackServer, list[tuple[int, bytes]]]]:
    """Send the requests to a new MNS, and give its server and the statuses and bodies of its answers."""
    clock, now = FakeClock(), _sent_at(exchanges[0]["request"])
    app = create_app(MessageService(LOCAL_ACCOUNT, clock), LOCAL_ACCOUNT, CrashPoints(), lambda: now)
    server = LoopbackServer(app)
    with started(server):
        answers = []
        for exchange in exchanges:
            clock.advance(2)
            answers.append(_answer(server.port, exchange["request"]))
        yield server, answers


def replay_to(path: Path) -> list[str]:
    """Return the operations that a recording completed; one with a receipt handle of then has reached a message."""
    with replayed(exchanges_of(path)) as (server, _):
        calls = urllib3.request("GET", f"{server.url}/_local/calls").json()
    done = {call["operation"] for call in calls if call["status"] < 300 or call["code"] == "MessageNotExist"}
    # A batch that could not be deleted has no code of its own.
    return sorted(done | {call["operation"] for call in calls if call["operation"] == "BatchDeleteMessage"})


def _sent_at(request: str) -> float:
    line = next(line for line in request.splitlines() if line.lower().startswith("date:"))
    return parsedate_to_datetime(line.partition(":")[2].strip()).timestamp()


def _answer(port: int, request: str) -> tuple[int, bytes]:
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as connection:
        connection.sendall(request.encode())
        response = http.client.HTTPResponse(connection, method=request.partition(" ")[0])
        response.begin()
        return response.status, response.read()
