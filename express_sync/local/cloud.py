"""The local cloud: MNS, sgw and FC on three loopback ports, built from one template. The composition root of `local`.

Only the two service endpoints differ in the function's environment from what the template declares.
Does not reproduce: the trigger's access to the queue over HTTP; it receives messages also while the port is closed.
"""

import asyncio
import shutil
import sys
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette

from express_sync.local.account import LOCAL_ACCOUNT, Account
from express_sync.local.admin import ADMIN_ERRORS
from express_sync.local.console import State, console_routes, state_of
from express_sync.local.crash_points import Traffic
from express_sync.local.fc.admin import Runtime
from express_sync.local.fc.app import routes
from express_sync.local.fc.async_invocations import AsyncInvocations, failure_destination
from express_sync.local.fc.description import Description
from express_sync.local.fc.fleet import Code, Fleet, new_request_id
from express_sync.local.fc.kill_switch import KillSwitch
from express_sync.local.loop_thread import LoopThread, loop_thread
from express_sync.local.mns.app import create_app as mns_app
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.outage import Outages, outage_routes
from express_sync.local.ready import ready_object
from express_sync.local.resources import create_resources
from express_sync.local.server import LoopbackServer
from express_sync.local.sgw.app import create_app as sgw_app
from express_sync.local.sgw.groups import GroupService
from express_sync.local.template.deployment import Function, read_template
from express_sync.local.trigger.admin import admin_routes as trigger_routes
from express_sync.local.trigger.queue_trigger import QueueTrigger, ScaledClock
from express_sync.local.trigger.timer import TimerTrigger

T = TypeVar("T")
TEMPLATE = Path(__file__).resolve().parents[2] / "template.yml"
MNS_ENDPOINT = "EXPRESS_SYNC_MNS_ENDPOINT"
SGW_ENDPOINT = "EXPRESS_SYNC_SGW_ENDPOINT"


class PortTakenError(OSError):
    """A requested port is in use; the message names the service and the port."""


class NotRunnableError(ValueError):
    """The interpreter or the code directory for the function does not exist."""


@dataclass(frozen=True)
class CloudOptions:
    """The options of a local cloud.

    `code` is the directory of the unpacked package (default: that of the template); with `port_base` N the ports of
    mns, sgw and fc are N, N+1 and N+2, with 0 free ports; the waits of triggers and async retries are multiplied by
    `clock_factor`; `runtime` overrides the template's; `environment` is added to the function's; `parameters` are the
    template's.
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


DEFAULT = CloudOptions()


class LocalCloud:
    """All services in one event loop, in memory. TemplateError or NotRunnableError if they cannot be run."""

    def __init__(self, options: CloudOptions = DEFAULT, account: Account = LOCAL_ACCOUNT) -> None:
        self.deployment = read_template(options.template, account, options.parameters)
        self.messages = MessageService(account)
        self.groups = GroupService(account)
        self._options = options
        self._clock = ScaledClock(options.clock_factor)
        self._code = _code(options)
        self._account = account
        self._traffic = Traffic()
        self._runtime: Runtime | None = None
        self._queue_triggers: list[QueueTrigger] = []
        self._timers: list[TimerTrigger] = []
        self._servers: dict[str, LoopbackServer] = {}
        self._outages = Outages(self._servers)
        self._running: list[asyncio.Task[None]] = []

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
        await _cancel(self._running)
        await asyncio.gather(*(server.stop() for server in self._servers.values()))
        await asyncio.gather(*(server.cancel() for server in self._servers.values()))
        if self._runtime:
            await self._runtime.async_invocations.cancel()
            await self._runtime.fleet.stop()

    def ready(self) -> dict[str, Any]:
        """Return the ready object of a running cloud."""
        urls = {service: server.url for service, server in self._servers.items()}
        return ready_object(self.deployment, self._account, urls)

    async def _start(self) -> None:
        create_resources(self.deployment, self.messages)
        await self._serve("mns", mns_app(self.messages, self._account, self._traffic))
        await self._serve("sgw", sgw_app(self.groups, self._account, self._traffic))
        if self._options.with_function:
            self._runtime = self._run_function()
        await self._serve("fc", self._fc_app())
        if self._runtime:
            self._start_queue_triggers(self._runtime)
            self._start_timers(self._runtime)

    def _fc_app(self) -> Starlette:
        served = [
            *console_routes(self._state),
            *outage_routes(self._outages),
            *trigger_routes(self._queue_triggers, self._timers),
            *routes(self._runtime, self._account),
        ]
        return Starlette(routes=served, exception_handlers=ADMIN_ERRORS)

    async def _serve(self, service: str, app: Starlette) -> None:
        base = self._options.port_base
        port = base + len(self._servers) if base else 0
        server = self._servers[service] = LoopbackServer(app, port)
        try:
            await server.start()
        except OSError as error:
            raise PortTakenError(f"{service} cannot have port {port}: {error.strerror}") from error

    def _run_function(self) -> Runtime:
        function, deployed = self._local_function(), self.deployment
        fleet = Fleet(function, self._account, self._code)
        on_failure = failure_destination(deployed, self._account, self.messages)
        invocations = AsyncInvocations(fleet, self._clock.wait, deployed.async_policy.retries, on_failure)
        shown = {name: function.environment[name] for name in deployed.function.environment}
        description = Description(function, shown, (*deployed.triggers, *deployed.timers), self._account)
        return Runtime(fleet, invocations, KillSwitch(fleet, self._traffic), description)

    def _local_function(self) -> Function:
        declared = self.deployment.function
        environment = {
            **declared.environment,
            MNS_ENDPOINT: self._servers["mns"].url,
            SGW_ENDPOINT: self._servers["sgw"].url,
            **self._options.environment,
        }
        return replace(declared, runtime=self._options.runtime or declared.runtime, environment=environment)

    def _start_queue_triggers(self, runtime: Runtime) -> None:
        async def push(event: bytes, request_id: str) -> bool:
            return (await runtime.fleet.invoke(event, request_id, "Trigger")).succeeded

        for trigger in self.deployment.triggers:
            queue_trigger = QueueTrigger(trigger, self._account, self.messages.queues, push, self._clock)
            self._queue_triggers.append(queue_trigger)
            self._running.append(asyncio.create_task(queue_trigger.run()))

    def _start_timers(self, runtime: Runtime) -> None:
        def accept(event: bytes) -> tuple[str, asyncio.Task[None]]:
            request_id = new_request_id()
            return request_id, runtime.async_invocations.accept(event, request_id, "Timer")

        for timer in self.deployment.timers:
            timer_trigger = TimerTrigger(timer, accept, self._clock)
            self._timers.append(timer_trigger)
            self._running.append(asyncio.create_task(timer_trigger.run()))

    def _state(self) -> State:
        invocations = self._runtime.fleet.invocation_log.recent() if self._runtime else []
        triggers, timers = ([each.to_json() for each in several] for several in (self._queue_triggers, self._timers))
        return state_of(self.messages, self.groups, invocations, triggers, timers)


def _code(options: CloudOptions) -> Code:
    directory = (options.code or options.template.parent).resolve()
    if not directory.is_dir():
        raise NotRunnableError(f"{directory} is not a directory with a function")
    if shutil.which(options.python) is None:
        raise NotRunnableError(f"{options.python} is not an interpreter for the function")
    return Code(options.python, directory)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


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
