"""A portal over real HTTP, with a queue in memory or one of a local cloud."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import urllib3

from express_sync.portal.principal import Identity, Refusal
from express_sync.portal.service import Settings, running
from express_sync.portal.store.database import Database, database_url
from express_sync.portal.store.migrating import migrate
from handler.smq.client import Received
from tests.support.checkout import OUTCOMES
from tests.support.patience import wait_for

SOURCE = "acs:fc:cn-hangzhou:1234567890123456:functions/express-sync-provision"
GROUP = {"name": "design", "bucketName": "design-assets", "bucketRegion": "cn-hangzhou"}  # what a request asks for
OPERATOR, ALICE, BOB = "operator-token", "alice-token", "bob-token"
_IDENTITIES = {
    OPERATOR: Identity("olivia", "operator"),
    ALICE: Identity("alice", "requester"),
    BOB: Identity("bob", "requester"),
}


def authenticate(headers: Mapping[str, str]) -> Identity | Refusal:
    """Return the identity of one of the three tokens."""
    token = headers.get("authorization", "").removeprefix("Bearer ")
    return _IDENTITIES.get(token, Refusal(401, "Send a token.", {"WWW-Authenticate": "Bearer"}))


@dataclass
class MemoryQueues:
    """The portal's queue and the request queue, in memory."""

    arriving: "SimpleQueue[Received]" = field(default_factory=SimpleQueue)
    sent: list[dict[str, Any]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    def receive(self, wait_seconds: int) -> Sequence[Received]:
        """Return the next message."""
        try:
            return [self.arriving.get(timeout=min(wait_seconds, 0.2))]
        except Empty:
            return []

    def delete(self, receipt_handles: Sequence[str]) -> None:
        """Record what was deleted."""
        self.deleted.extend(receipt_handles)

    def send(self, bodies: Sequence[str]) -> Sequence[str]:
        """Record what was sent."""
        self.sent.extend(json.loads(body) for body in bodies)
        return ["id"] * len(bodies)

    def sent_for(self, request_id: str) -> list[dict[str, Any]]:
        """Return the events that were sent for a request, once there is one."""
        return wait_for(lambda: [each for each in self.sent if each["data"]["requestId"] == request_id])

    def put(self, body: str) -> None:
        """Let a message arrive."""
        self.arriving.put(Received("message", body, f"handle-{len(self.deleted)}", 0))


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """Return the JSON value in the body."""
        return json.loads(self.text)


@dataclass(frozen=True)
class RunningPortal:
    """A portal and its queues."""

    url: str
    queues: MemoryQueues

    def call(
        self, method: str, path: str, body: Any = None, token: str = OPERATOR, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Call the API; a body that is not bytes is sent as JSON."""
        own = {"Authorization": f"Bearer {token}"} if token else {}
        typed = {"Content-Type": "application/json"} if body is not None else {}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        answer = urllib3.request(method, self.url + path, body=data, headers={**own, **typed, **(headers or {})})
        return Answer(answer.status, answer.headers, answer.data.decode())


def sqlite_url(directory: Path) -> str:
    """Return the URL of a database in a directory."""
    return f"sqlite:///{directory}/portal.sqlite3"


def migrated(url: str) -> Database:
    """Open a database, with the present schema."""
    database = Database(database_url(url))
    migrate(database)
    return database


@contextmanager
def running_portal(directory: Path, **settings: Any) -> Iterator[RunningPortal]:
    """Run a portal with queues in memory, and a database in the directory."""
    queues = MemoryQueues()
    chosen = Settings(**{"database": sqlite_url(directory), "source": SOURCE, **settings})
    with running(chosen, queues, queues, authenticate) as url:
        yield RunningPortal(url, queues)


def event_id(text: str) -> str:
    """Return an id for an event, which is a digest."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def outcome(status: str, request_id: str, **data: Any) -> dict[str, Any]:
    """Return a sample outcome of another request; `sequence`, `id` and `source` are those of the event."""
    event: dict[str, Any] = json.loads((OUTCOMES / f"{status}.json").read_text())
    own: dict[str, Any] = {name: data.pop(name) for name in ("sequence", "id", "source") if name in data}
    event = {**event, "subject": request_id, **own}
    event["data"] = {**event["data"], "requestId": request_id, **data}
    if "request" in event["data"]:
        event["data"]["request"] = {**event["data"]["request"], "requestId": request_id}
    return event
