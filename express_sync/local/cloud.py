"""The local cloud: MNS, sgw and FC on three loopback ports, built from one template. The composition root of `local`.

Does not reproduce: the trigger's access to the queue over HTTP; it receives messages also while the port is closed.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette

from express_sync.local.account import LOCAL_ACCOUNT, Account
from express_sync.local.admin import ADMIN_ERRORS
from express_sync.local.certificates import Certificates
from express_sync.local.console import State, console_routes, state_of
from express_sync.local.crash_points import CrashPoints
from express_sync.local.fc.app import routes
from express_sync.local.fc.instance_pool import new_request_id
from express_sync.local.fc.runtime import Runtime, run_function
from express_sync.local.local_function import code_of, local_function
from express_sync.local.loop_thread import LoopThread, loop_thread
from express_sync.local.mns.app import create_app as mns_app
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.push.sender import HttpPush
from express_sync.local.not_emulated import NotEmulatedReports
from express_sync.local.outage import Outages, outage_routes
from express_sync.local.ready import ready_object
from express_sync.local.resources import create_resources
from express_sync.local.server import Link
from express_sync.local.servers import Servers
from express_sync.local.sgw.app import create_app as sgw_app
from express_sync.local.sgw.groups import GroupService
from express_sync.local.template.deployment import read_template
from express_sync.local.trigger.admin import admin_routes as trigger_routes
from express_sync.local.trigger.queue_trigger import ScaledClock
from express_sync.local.trigger.triggers import Triggers
from express_sync.paths import TEMPLATE

T = TypeVar("T")


@dataclass(frozen=True)
class CloudOptions:
    """The options of a local cloud.

    `code` is the directory of the unpacked package (default: that of the template); with `port_base` N the ports of
    mns, sgw and fc are N, N+1 and N+2, with 0 free ports; the waits of triggers and async retries are multiplied by
    `clock_factor`; `runtime` overrides the template's; `environment` is added to the function's; `parameters` are the
    template's; with `tls` mns and sgw are served over TLS, with `rtt_ms` each round trip to them takes that long.
    """

    template: Path = TEMPLATE
    code: Path | None = None
    with_function: bool = True
    port_base: int = 0
    clock_factor: float = 0.02
    python: str = sys.executable
    runtime: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    tls: bool = False
    rtt_ms: float = 0.0


DEFAULT = CloudOptions()


class LocalCloud:
    """All services in one event loop, in memory. TemplateError or NotRunnableError if they cannot be run."""

    def __init__(
        self,
        options: CloudOptions = DEFAULT,
        account: Account = LOCAL_ACCOUNT,
        report_not_emulated: Callable[[str], None] = lambda _what: None,
    ) -> None:
        self.deployment = read_template(options.template, account, options.parameters)
        self.messages = MessageService(account)
        self.groups = GroupService(account)
        self._options = options
        self._clock = ScaledClock(options.clock_factor)
        self._code = code_of(options.template, options.code, options.python)
        self._account = account
        self._crash_points = CrashPoints()
        self._reports = NotEmulatedReports(report_not_emulated)
        self._runtime: Runtime | None = None
        self._triggers = Triggers(account, self.messages.queues, self._clock)
        self._servers = Servers(options.port_base)
        self._certificates = Certificates() if options.tls else None
        self._push = HttpPush(lambda: self._servers.urls["mns"], self._clock.wait)
        self._outages = Outages(self._servers.by_service)

    async def start(self) -> None:
        """Create the resources, and return once all services respond. PortTakenError if a port is in use."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End everything that was started, including processes."""
        await self._outages.cancel()
        await self._triggers.cancel()
        self._push.cancel()
        await self._servers.stop()
        if self._runtime:
            await self._runtime.stop()
        if self._certificates:
            self._certificates.remove()

    def ready(self) -> dict[str, Any]:
        """Return the ready object of a running cloud."""
        return ready_object(self.deployment, self._account, self._servers.urls, self.ca_file)

    @property
    def ca_file(self) -> Path | None:
        """Return the certificates to trust for its https URLs, None if it has none."""
        return self._certificates.ca_file if self._certificates else None

    def on_handshake(self, observe: Callable[[], object]) -> None:
        """Call `observe` at every TLS handshake from now on."""
        if self._certificates:
            self._certificates.server.sni_callback = lambda *_handshake: (observe(), None)[1]

    def log_lines(self, after: int) -> list[dict[str, Any]]:
        """Return the function's log lines with a greater number than `after`, oldest first."""
        return self._runtime.pool.logs.recent(after) if self._runtime else []

    async def _start(self) -> None:
        create_resources(self.deployment, self.messages)
        link = Link(self._certificates.server if self._certificates else None, self._options.rtt_ms / 1000)
        messages = mns_app(self.messages, self._account, self._crash_points, reports=self._reports, push=self._push)
        await self._servers.serve("mns", messages, link)
        groups = sgw_app(self.groups, self._account, self._crash_points, reports=self._reports)
        await self._servers.serve("sgw", groups, link)
        if self._options.with_function:
            self._runtime = self._run_function()
        await self._servers.serve("fc", self._fc_app())
        if self._runtime:
            self._start_triggers(self._runtime)

    def _fc_app(self) -> Starlette:
        served = [
            *console_routes(self._state),
            *outage_routes(self._outages),
            *trigger_routes(self._triggers),
            *routes(self._runtime, self._account, reports=self._reports),
        ]
        return Starlette(routes=served, exception_handlers=ADMIN_ERRORS)

    def _run_function(self) -> Runtime:
        return run_function(
            self.deployment,
            local_function(
                self.deployment.function,
                self._servers.urls,
                self.ca_file,
                self._options.runtime,
                self._options.environment,
            ),
            self._code,
            account=self._account,
            messages=self.messages,
            crash_points=self._crash_points,
            pause=self._clock.wait,
        )

    def _start_triggers(self, runtime: Runtime) -> None:
        async def push(event: bytes, request_id: str) -> bool:
            return (await runtime.pool.invoke(event, request_id, "Trigger")).succeeded

        def accept(event: bytes) -> tuple[str, asyncio.Task[None]]:
            request_id = new_request_id()
            return request_id, runtime.async_invocations.accept(event, request_id, "Timer")

        self._triggers.start(self.deployment, push, accept)

    def _state(self) -> State:
        invocations = self._runtime.pool.invocation_log.recent() if self._runtime else []
        queue_triggers = [each.to_json() for each in self._triggers.queue_triggers]
        timers = [each.to_json() for each in self._triggers.timers]
        return state_of(self.messages, self.groups, invocations, queue_triggers, timers)


@dataclass(frozen=True)
class RunningCloud:
    """A cloud that runs in its own thread; `ready` is its ready object."""

    cloud: LocalCloud
    ready: dict[str, Any]
    _loop: LoopThread

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the cloud's loop and return its result."""
        return self._loop.run(work)


@contextmanager
def background(options: CloudOptions = DEFAULT) -> Iterator[RunningCloud]:
    """Run a cloud in another thread for the length of a `with` block."""
    cloud = LocalCloud(options)
    with loop_thread() as loop:
        try:
            loop.run(cloud.start())
            yield RunningCloud(cloud, cloud.ready(), loop)
        finally:
            loop.run(cloud.stop())
