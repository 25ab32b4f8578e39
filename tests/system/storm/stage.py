"""A local cloud under watch, with the doors that tests need: send, bend, kill, wait, and read what came of it.

Keeps every log line and every end of an invocation, where the cloud itself keeps the latest. Must not know what a
verdict should be.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.local.fc.fleet import Fleet
from express_sync.local.fc.invocation_log import Invocation, InvocationLog
from express_sync.local.fc.output import Logs
from express_sync.local.fc.result import InvocationResult
from express_sync.paths import TEMPLATE
from handler.credentials import Credentials
from handler.smq.client import Smq
from tests.support.patience import PATIENCE_SECONDS
from tests.system.storm.strikes import Strike, Strikes

Document = dict[str, Any]

# The second tier takes minutes by design; where a test does not ask for a short one, the first generation is the last.
ONE_TIER = {"EXPRESS_SYNC_MAX_DEFERRALS": "0"}
TWO_TIERS = {
    "EXPRESS_SYNC_MAX_DEFERRALS": "2",
    "EXPRESS_SYNC_DEFER_BASE_SECONDS": "1",
    "EXPRESS_SYNC_DEFER_CAP_SECONDS": "1",
}
TENACIOUS = "EXPONENTIAL_DECAY_RETRY"  # so that a batch comes back as often as it is struck
FAST = {
    "EXPRESS_SYNC_BACKOFF_BASE_SECONDS": "0.01",
    "EXPRESS_SYNC_BACKOFF_CAP_SECONDS": "0.05",
    "EXPRESS_SYNC_LATE_PAUSE_SECONDS": "0.3",
    "EXPRESS_SYNC_LOG_LEVEL": "DEBUG",
}
IMPATIENT = {"EXPRESS_SYNC_API_TIMEOUT_SECONDS": "1"}  # where calls of the API are never answered


BEYOND_EVERY_VISIBILITY_SECONDS = 1000.0
PULL_SECONDS = 60  # the shortest function that has time to drain a queue: a look, a publication and a wait fit in, too


class EveryLine(Logs):
    """All that the instances ever wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def add(self, request_id: str, line: str) -> None:
        super().add(request_id, line)
        self.lines.append(line)


class EveryEnd(InvocationLog):
    """How every invocation ended; those of the timers, which come at their own time, apart from the others."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[InvocationResult] = []
        self.sweeps: list[InvocationResult] = []

    def end(self, entry: Invocation, answer: InvocationResult) -> None:
        super().end(entry, answer)
        (self.sweeps if entry.kind == "Timer" else self.answers).append(answer)


@dataclass(frozen=True)
class Stage:
    """One running cloud and everything that was seen of it."""

    running: RunningCloud
    fleet: Fleet
    strikes: Strikes
    lines: list[str]
    answers: list[InvocationResult]
    sweeps: list[InvocationResult]
    pool: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)

    @property
    def ready(self) -> Document:
        """The cloud's ready object."""
        return self.running.ready

    def send(self, bodies: Sequence[str]) -> list[str]:
        """Put messages into the request queue, 16 at once; return their ids in order."""
        user = LOCAL_ACCOUNT.user
        smq = Smq(self.ready["mns"]["endpoint"], Credentials(user.access_key_id, user.access_key_secret, ""))
        batches = [bodies[start : start + 16] for start in range(0, len(bodies), 16)]
        return [sent for batch in batches for sent in smq.send(self.ready["mns"]["requestQueue"], batch)]

    def invoke(self, event: bytes) -> InvocationResult:
        """Hand an event to the function beside its trigger, and wait for the end of the invocation."""
        return self.running.run(self.fleet.invoke(event, "a-direct-invocation", "Sync"))

    def bend_create(self, name: str, faults: Sequence[str], count: int = 1) -> None:
        """Let faults strike the coming create calls for a group."""
        self.door("sgw", "POST", "/_local/faults", {"name": name, "faults": [*faults], "count": count})

    def bend_look(self, faults: Sequence[str]) -> None:
        """Let faults strike the coming looks."""
        self.door("sgw", "POST", "/_local/faults", {"operation": "DescribeExpressSyncs", "faults": [*faults]})

    def bend_publish(self, faults: Sequence[str]) -> None:
        """Let faults strike the coming publications."""
        self.door("mns", "POST", "/_local/faults", {"operation": "PublishMessage", "faults": [*faults]})

    def seed_group(self, **fields: str) -> str:
        """Make a group for somebody else; return its id."""
        return str(self.door("sgw", "POST", "/_local/groups", fields)["ExpressSyncId"])

    def groups(self) -> list[Document]:
        """Every group of the account."""
        found: list[Document] = self.door("sgw", "GET", "/_local/groups")
        return found

    def calls(self, service: str) -> list[Document]:
        """Every call that `sgw` or `mns` has got."""
        found: list[Document] = self.door(service, "GET", "/_local/calls")
        return found

    def pushes(self) -> int:
        """How often the trigger has pushed a batch."""
        return int(self.door("fc", "GET", "/_local/trigger")[0]["pushes"])

    def announced(self) -> list[Document]:
        """Every outcome on the result queue, in the order of their publication, repetitions included."""
        return [json.loads(message["body"]) for message in self._messages("resultQueue")]

    def settle(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until every message is acknowledged, nothing can still land, and no blow goes on.

        Where the function drains the queues itself, what a killed one held is shown again as soon as nobody works.
        """
        until(self._is_settled, seconds)

    def door(self, service: str, method: str, path: str, body: object = None) -> Any:
        """One call at a service's `/_local` door; AssertionError if it refuses, HTTPError while it is down."""
        sections = {"mns": self.ready["mns"], "sgw": self.ready["sgw"], "fc": self.ready["fc"]}
        url = f"{sections[service]['endpoint']}{path}"
        response = self.pool.request(method, url, body=json.dumps(body), retries=False, timeout=PATIENCE_SECONDS)
        assert response.status == 200, response.data
        return json.loads(response.data)

    def _messages(self, role: str) -> list[Document]:
        found: list[Document] = self.door("mns", "GET", f"/_local/queues/{self.ready['mns'][role]}")["messages"]
        return found

    def _is_settled(self) -> bool:
        is_calm = self.strikes.are_over  # asked first: a service answers only after that has brought it back
        try:
            dead_letters = self._messages("deadLetterQueue")
            waiting = [*self._messages("requestQueue"), *dead_letters]
            landed = all(call["outcome"] != "pending" for call in self.calls("sgw"))
            if any(message["state"] == "active" for message in dead_letters) and not self._is_sweeping():
                self.door("fc", "POST", "/_local/timer", {"name": "sweep"})  # it would come in five minutes by itself
        except HTTPError:
            return False  # the service is down for the moment, as a storm wants it
        if waiting and not self.running.cloud._triggers.queue_triggers:
            self.running.run(self._let_time_pass())
        return not waiting and landed and is_calm

    def _is_sweeping(self) -> bool:
        return any(
            timer.to_json()["state"] == "running"
            for timer in self.running.cloud._triggers.timers
            if timer.timer.name == "sweep"
        )

    async def _let_time_pass(self) -> None:
        """Put the clock of the queues forward if no message can be had and every drain waits for one; all at once."""
        cloud = self.running.cloud
        queues = [self.ready["mns"][role] for role in ("requestQueue", "deadLetterQueue")]
        states = {state for queue in queues for _, state in cloud.messages.queues.messages(queue)}
        drains = [timer for timer in cloud._triggers.timers if timer.to_json()["state"] == "running"]
        if "active" not in states and sum(map(cloud.messages.queues.polls.waiting, queues)) == len(drains):
            before = cloud.messages.queues._clock
            cloud.messages.queues._clock = lambda: before() + BEYOND_EVERY_VISIBILITY_SECONDS


def until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until `condition` holds; AssertionError if it does not within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} seconds: {condition.__name__}"
        time.sleep(0.02)


@contextmanager
def stage(
    environment: dict[str, str], strikes: Sequence[Strike] = (), options: CloudOptions | None = None
) -> Iterator[Stage]:
    """A cloud whose function has `environment` beside the template's, struck by `strikes` one after the other."""
    given = options or CloudOptions()
    parameters = {"RetryStrategy": TENACIOUS, **given.parameters}
    chosen = replace(given, environment={**ONE_TIER, **environment}, parameters=parameters)
    with background(chosen) as running:
        runtime = running.cloud._runtime
        assert runtime is not None
        logs, log = EveryLine(), EveryEnd()
        runtime.fleet.logs, runtime.fleet.invocation_log = logs, log
        struck = Strikes(runtime.fleet, running.ready["fc"]["endpoint"], strikes)
        running.cloud._crash_points.listen(struck.reached)
        watched = Stage(running, runtime.fleet, struck, logs.lines, log.answers, log.sweeps)
        try:
            yield watched
        finally:
            watched.pool.clear()


def with_timeout(seconds: int, directory: Path) -> CloudOptions:
    """Options with a copy of the template in `directory` whose function has another timeout."""
    text = TEMPLATE.read_text(encoding="utf-8")
    copy = directory / TEMPLATE.name
    copy.write_text(text.replace("      Timeout: 120\n", f"      Timeout: {seconds}\n"), encoding="utf-8")
    assert f"Timeout: {seconds}\n" in copy.read_text(encoding="utf-8")
    return CloudOptions(template=copy, code=TEMPLATE.parent)


def pulling(directory: Path) -> CloudOptions:
    """Options for a function that takes the messages itself, on a timer's order, where no trigger hands them over."""
    return replace(with_timeout(PULL_SECONDS, directory), parameters={"Intake": "pull"})


def request(name: str, **changes: object) -> Document:
    """A valid request for the group `name`, in a bucket of its own, but for `changes`."""
    document = {"requestId": f"REQ-{name}", "name": name, "bucketName": f"bucket-{name}", "bucketRegion": "cn-hangzhou"}
    return {**document, **changes}
