"""A running local gateway whose clock the test controls, and a plain HTTP client that signs with `sgw_signer`."""

import asyncio
import json
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

import urllib3

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.crash_points import CrashPoints
from express_sync.local.server import LoopbackServer
from express_sync.local.sgw.app import create_app
from express_sync.local.sgw.groups import GroupService
from tests.local.sgw_signer import SCHEMES, Ask, Request
from tests.support.clock import SkippingClock
from tests.support.patience import PATIENCE_SECONDS
from tests.support.running import running_loop

USER, ROLE = LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role
ALL: Mapping[str, str] = {}
GROUP = {"Name": "photos", "BucketName": "holiday-bucket", "BucketRegion": "cn-hangzhou"}
Scheme = Literal["rpc", "acs3"]


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class RunningSgw:
    """The local gateway in another thread, as a context manager."""

    def __init__(self, groups: GroupService | None = None) -> None:
        self._exit = ExitStack()
        self.run = self._exit.enter_context(running_loop())
        self.groups = groups or GroupService(LOCAL_ACCOUNT)
        self.points: list[str] = []
        self.was_called = threading.Event()
        self.clock = SkippingClock()
        crash_points = CrashPoints()
        crash_points.listen(self._record)
        app = create_app(self.groups, LOCAL_ACCOUNT, crash_points, self.clock.now, self.clock.sleep)
        self._server = LoopbackServer(app)
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(PATIENCE_SECONDS))

    def __enter__(self) -> "RunningSgw":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.run(_cancel_others())
        self._exit.close()

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

    def reset(self) -> None:
        """Remove everything that earlier calls left."""
        self.admin("POST", "reset")
        self.points.clear()
        self.was_called.clear()
        self.clock.is_sleeping.clear()

    def advance(self, seconds: float) -> None:
        self.run(self.clock.advance(seconds))

    def send(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        patience_s: float = PATIENCE_SECONDS,
    ) -> Response:
        """Send one request as it is."""
        response = self._http.request(method, self.url + target, body=body, headers=headers, timeout=patience_s)
        return Response(response.status, response.headers, response.data)

    def sign(self, ask: Ask, scheme: Scheme = "acs3", **other: str) -> Request:
        """Sign for this gateway and its time."""
        return SCHEMES[scheme](ask, self.address, self.clock.now(), **other)

    def deliver(self, request: Request, method: str = "POST", patience_s: float = PATIENCE_SECONDS) -> Response:
        """Send a signed request."""
        return self.send(method, request.target, request.body, request.headers, patience_s)

    def call(self, ask: Ask, scheme: Scheme = "acs3", patience_s: float = PATIENCE_SECONDS) -> Response:
        """Make one signed call of the API."""
        return self.deliver(self.sign(ask, scheme), ask.method, patience_s)

    def create(
        self,
        parameters: Mapping[str, str] = GROUP,
        scheme: Scheme = "acs3",
        patience_s: float = PATIENCE_SECONDS,
        **how: Any,
    ) -> Response:
        return self.call(Ask("CreateExpressSync", parameters, **how), scheme, patience_s)

    def describe(self, filters: Mapping[str, str] = ALL, patience_s: float = PATIENCE_SECONDS, **how: Any) -> Response:
        return self.call(Ask("DescribeExpressSyncs", filters, **how), patience_s=patience_s)

    def admin(self, method: str, path: str, document: object = None) -> Response:
        body = b"" if document is None else json.dumps(document).encode()
        return self.send(method, f"/_local/{path}", body, {"Content-Type": "application/json"})

    def queue_faults(self, *faults: str, **more: object) -> None:
        response = self.admin("POST", "faults", {"faults": faults, **more})
        assert response.status == 200, response.body

    def names(self) -> list[str]:
        return [group["Name"] for group in self.admin("GET", "groups").json()]

    def calls(self) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = self.admin("GET", "calls").json()
        return calls

    async def _record(self, point: str) -> None:
        self.points.append(point)
        self.was_called.set()


async def _cancel_others() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
