"""A running sgw emulator with a clock in the test's hand, and a plain HTTP client that signs with `sgw_signer`."""

import asyncio
import json
import threading
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, TypeVar

import urllib3

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.crash_points import Traffic
from express_sync.local.server import LoopbackServer
from express_sync.local.sgw.app import create_app
from express_sync.local.sgw.groups import GroupService
from tests.local.sgw_signer import DIALECTS, Ask, Request
from tests.support.patience import PATIENCE_SECONDS

USER, ROLE = LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role
ALL: Mapping[str, str] = {}
GROUP = {"Name": "photos", "BucketName": "holiday-bucket", "BucketRegion": "cn-hangzhou"}
Dialect = Literal["rpc", "acs3"]
T = TypeVar("T")


class Clock:
    """The emulator's time: the real one plus what the test has added; who sleeps is woken by the test alone."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._moved = asyncio.Condition()
        self.someone_sleeps = threading.Event()

    def now(self) -> float:
        return time.time() + self._ahead_s

    async def sleep(self, seconds: float) -> None:
        due = self._ahead_s + seconds
        async with self._moved:
            self.someone_sleeps.set()
            await self._moved.wait_for(lambda: self._ahead_s >= due)

    async def advance(self, seconds: float) -> None:
        async with self._moved:
            self._ahead_s += seconds
            self._moved.notify_all()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Cloud:
    """The emulator in a thread of its own, as a context manager."""

    def __init__(self, groups: GroupService | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.groups = groups or GroupService(LOCAL_ACCOUNT)
        self.points: list[str] = []
        self.someone_called = threading.Event()
        self.clock = self.run(self._make_clock())
        traffic = Traffic()
        traffic.listen(self._note)
        app = create_app(self.groups, LOCAL_ACCOUNT, traffic, self.clock.now, self.clock.sleep)
        self._server = LoopbackServer(app)
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(PATIENCE_SECONDS))

    def __enter__(self) -> "Cloud":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.run(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")

    def start(self) -> None:
        self.run(self._server.start())

    def stop(self) -> None:
        self._http.clear()
        self.run(self._server.stop())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_SECONDS)

    def advance(self, seconds: float) -> None:
        self.run(self.clock.advance(seconds))

    def send(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        patience_s: float = PATIENCE_SECONDS,
    ) -> Answer:
        """Send one request as it is."""
        response = self._http.request(method, self.url + target, body=body, headers=headers, timeout=patience_s)
        return Answer(response.status, response.headers, response.data)

    def sign(self, ask: Ask, dialect: Dialect = "acs3", **other: str) -> Request:
        """Sign for this emulator and its time."""
        return DIALECTS[dialect](ask, self.address, self.clock.now(), **other)

    def deliver(self, request: Request, method: str = "POST", patience_s: float = PATIENCE_SECONDS) -> Answer:
        """Send a signed request."""
        return self.send(method, request.target, request.body, request.headers, patience_s)

    def call(self, ask: Ask, dialect: Dialect = "acs3", patience_s: float = PATIENCE_SECONDS) -> Answer:
        """Make one signed call of the API."""
        return self.deliver(self.sign(ask, dialect), ask.method, patience_s)

    def create(
        self,
        parameters: Mapping[str, str] = GROUP,
        dialect: Dialect = "acs3",
        patience_s: float = PATIENCE_SECONDS,
        **how: Any,
    ) -> Answer:
        return self.call(Ask("CreateExpressSync", parameters, **how), dialect, patience_s)

    def describe(self, filters: Mapping[str, str] = ALL, patience_s: float = PATIENCE_SECONDS, **how: Any) -> Answer:
        return self.call(Ask("DescribeExpressSyncs", filters, **how), patience_s=patience_s)

    def control(self, method: str, path: str, document: object = None) -> Answer:
        body = b"" if document is None else json.dumps(document).encode()
        return self.send(method, f"/_local/{path}", body)

    def queue_faults(self, *faults: str, **more: object) -> None:
        answer = self.control("POST", "faults", {"faults": faults, **more})
        assert answer.status == 200, answer.body

    def names(self) -> list[str]:
        return [group["Name"] for group in self.control("GET", "groups").json()]

    def calls(self) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = self.control("GET", "calls").json()
        return calls

    async def _make_clock(self) -> Clock:
        return Clock()

    async def _note(self, point: str) -> None:
        self.points.append(point)
        self.someone_called.set()


async def _cancel_others() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
