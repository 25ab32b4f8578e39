"""The local cloud put together: MNS, sgw and FC on three loopback ports, built from one template.

The composition root of `local`: it alone knows all of them, holds the clock's factor and starts what runs.
Local substitutions in the function's environment are the two service endpoints, and only those.
Does not reproduce: the trigger's way to the queue over HTTP; while MNS is down, the trigger still takes messages.
"""

import asyncio
import shutil
import sys
import threading
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette

from express_sync.local.account import LOCAL_ACCOUNT, Account
from express_sync.local.console import State, console_routes, state_of
from express_sync.local.crash_points import Traffic
from express_sync.local.fc.admin import Runtime
from express_sync.local.fc.app import routes
from express_sync.local.fc.async_invocations import AsyncInvocations
from express_sync.local.fc.description import Description
from express_sync.local.fc.destination import destination
from express_sync.local.fc.fleet import Code, Fleet, new_request_id
from express_sync.local.fc.kill_switch import KillSwitch
from express_sync.local.mns.app import create_app as mns_app
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.outage import Outages, outage_routes
from express_sync.local.resources import deploy
from express_sync.local.server import LoopbackServer
from express_sync.local.sgw.app import create_app as sgw_app
from express_sync.local.sgw.groups import GroupService
from express_sync.local.template.deployment import Function, read_template
from express_sync.local.trigger.admin import trigger_routes
from express_sync.local.trigger.queue_trigger import Pace, Stream
from express_sync.local.trigger.timer import Clockwork
from express_sync.paths import CODE, TEMPLATE

T = TypeVar("T")

RESULT_TOPIC = "EXPRESS_SYNC_RESULT_TOPIC"
REQUEST_QUEUE = "EXPRESS_SYNC_REQUEST_QUEUE"
DEAD_LETTER_QUEUE = "EXPRESS_SYNC_DEAD_LETTER_QUEUE"
MNS_ENDPOINT = "EXPRESS_SYNC_MNS_ENDPOINT"
SGW_ENDPOINT = "EXPRESS_SYNC_SGW_ENDPOINT"


class PortTakenError(OSError):
    """A port that was asked for is in use; the message names the service and the port."""


class NotRunnableError(ValueError):
    """What is to run the function is not there: the interpreter or the code directory."""


@dataclass(frozen=True)
class CloudOptions:
    """What to run and how.

    `code` is the directory that stands for the unpacked package (default: where the template is); `port_base` N puts
    mns, sgw and fc on N, N+1 and N+2, 0 on free ports; `clock_factor` shortens the waits of triggers and async retries;
    `runtime` overrides the template's; `environment` is added to the function's; `parameters` are the template's.
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
    """Everything that runs; in one event loop, in memory. TemplateError or NotRunnableError if it never could."""

    def __init__(self, options: CloudOptions = DEFAULT, account: Account = LOCAL_ACCOUNT) -> None:
        self.deployment = read_template(options.template, account, options.parameters)
        self.messages = MessageService(account)
        self.groups = GroupService(account)
        self._options = options
        self._code = _code(options)
        self._account = account
        self._traffic = Traffic()
        self._runtime: Runtime | None = None
        self._streams: list[Stream] = []
        self._timers: list[Clockwork] = []
        self._servers: dict[str, LoopbackServer] = {}
        self._outages = Outages(self._servers)
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Deploy and serve; return once everything answers. PortTakenError if a port is in use."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End everything that was started, processes included; harmless when nothing was."""
        await self._outages.cancel()
        await _cancel(self._running)
        await asyncio.gather(*(server.stop() for server in self._servers.values()))
        await asyncio.gather(*(server.abandon() for server in self._servers.values()))
        if self._runtime:
            await self._runtime.later.drop()
            await self._runtime.fleet.stop()

    def ready(self) -> dict[str, Any]:
        """What tools need to know of a running cloud, as one JSON object."""
        named = self.deployment.function.environment
        topic = named.get(RESULT_TOPIC, "")
        trigger = next(iter(self.deployment.triggers), None)
        return {
            "region": self._account.region,
            "accountId": self._account.account_id,
            "accessKeyId": self._account.user.access_key_id,
            "accessKeySecret": self._account.user.access_key_secret,
            "mns": {
                "endpoint": self._servers["mns"].url,
                "requestQueue": trigger.queue if trigger else named.get(REQUEST_QUEUE, ""),
                "resultTopic": topic,
                "resultQueue": self._subscriber(topic, ""),
                "failureQueue": self._subscriber(topic, "failed"),
                "deadLetterQueue": trigger.dead_letter_queue if trigger else named.get(DEAD_LETTER_QUEUE, ""),
            },
            "sgw": {"endpoint": self._servers["sgw"].url},
            "fc": {"endpoint": self._servers["fc"].url, "function": self.deployment.function.name},
            "console": f"{self._servers['fc'].url}/",
        }

    async def _start(self) -> None:
        deploy(self.deployment, self.messages)
        await self._serve("mns", mns_app(self.messages, self._account, self._traffic))
        await self._serve("sgw", sgw_app(self.groups, self._account, self._traffic))
        if self._options.with_function:
            self._runtime = self._run_function()
        fc = [*console_routes(self._state), *outage_routes(self._outages)]
        fc.extend(trigger_routes(self._streams, self._timers))
        await self._serve("fc", Starlette(routes=[*fc, *routes(self._runtime, self._account)]))
        if self._runtime:
            self._pull_triggers(self._runtime)
            self._wind_timers(self._runtime)

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
        failed = destination(deployed, self._account, self.messages)
        later = AsyncInvocations(fleet, self._pace().wait, deployed.async_policy.retries, failed)
        shown = {name: function.environment[name] for name in deployed.function.environment}
        description = Description(function, shown, (*deployed.triggers, *deployed.timers), self._account)
        return Runtime(fleet, later, KillSwitch(fleet, self._traffic), description)

    def _local_function(self) -> Function:
        declared = self.deployment.function
        environment = {
            **declared.environment,
            MNS_ENDPOINT: self._servers["mns"].url,
            SGW_ENDPOINT: self._servers["sgw"].url,
            **self._options.environment,
        }
        return replace(declared, runtime=self._options.runtime or declared.runtime, environment=environment)

    def _pull_triggers(self, runtime: Runtime) -> None:
        async def push(event: bytes, request_id: str) -> bool:
            return (await runtime.fleet.invoke(event, request_id, "Trigger")).succeeded

        for trigger in self.deployment.triggers:
            stream = Stream(trigger, self._account, self.messages, push, self._pace())
            self._streams.append(stream)
            self._running.append(asyncio.create_task(stream.run()))

    def _wind_timers(self, runtime: Runtime) -> None:
        def accept(event: bytes) -> tuple[str, asyncio.Task[None]]:
            request_id = new_request_id()
            return request_id, runtime.later.accept(event, request_id, "Timer")

        for timer in self.deployment.timers:
            clockwork = Clockwork(timer, accept, self._pace())
            self._timers.append(clockwork)
            self._running.append(asyncio.create_task(clockwork.run()))

    def _pace(self) -> Pace:
        return Pace(factor=self._options.clock_factor)

    def _state(self) -> State:
        invocations = self._runtime.fleet.journal.recent() if self._runtime else []
        triggers, timers = ([each.to_json() for each in several] for several in (self._streams, self._timers))
        return state_of(self.messages, self.groups, invocations, triggers, timers)

    def _subscriber(self, topic: str, tag: str) -> str:
        wanted = (topic, tag)
        return next((s.queue for s in self.deployment.subscriptions if (s.topic, s.filter_tag) == wanted), "")


def _code(options: CloudOptions) -> Code:
    beside = CODE if options.template == TEMPLATE else options.template.parent
    directory = (options.code or beside).resolve()
    if not directory.is_dir():
        raise NotRunnableError(f"{directory} is no directory to run the function from")
    if shutil.which(options.python) is None:
        raise NotRunnableError(f"{options.python} is no interpreter to run the function with")
    return Code(options.python, directory)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True)
class RunningCloud:
    """A cloud that runs in a thread of its own; `ready` is its ready object."""

    cloud: LocalCloud
    ready: dict[str, Any]
    _loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the cloud's loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@contextmanager
def background(options: CloudOptions = DEFAULT) -> Iterator[RunningCloud]:
    """Run a cloud beside the caller for the length of a `with` block."""
    cloud = LocalCloud(options)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="local-cloud", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(cloud.start(), loop).result()
        yield RunningCloud(cloud, cloud.ready(), loop)
    finally:
        asyncio.run_coroutine_threadsafe(cloud.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
