"""A local cloud for tests: they send requests, queue faults, wait until all is done, and read what has happened.

It keeps every log line and every result of an invocation, where the cloud itself keeps only the latest.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.local.fc.instance_pool import InstancePool
from express_sync.local.fc.invocation_log import Invocation, InvocationLog
from express_sync.local.fc.output import Logs
from express_sync.local.fc.result import InvocationResult
from express_sync.paths import TEMPLATE
from handler.smq.client import Smq
from tests.support.patience import PATIENCE_SECONDS, wait_for
from tests.support.role_credentials import USER
from tests.system.storm.disruptions import Disruption, Disruptions

Document = dict[str, Any]

# The second tier takes minutes by design; where a test does not ask for a short one, the first generation is the last.
ONE_TIER = {"EXPRESS_SYNC_MAX_DEFERRALS": "0"}
TWO_TIERS = {
    "EXPRESS_SYNC_MAX_DEFERRALS": "2",
    "EXPRESS_SYNC_DEFER_BASE_SECONDS": "1",
    "EXPRESS_SYNC_DEFER_CAP_SECONDS": "1",
}
MANY_RETRIES = "EXPONENTIAL_DECAY_RETRY"  # so that a batch is redelivered after each disruption
FAST = {
    "EXPRESS_SYNC_BACKOFF_BASE_SECONDS": "0.01",
    "EXPRESS_SYNC_BACKOFF_CAP_SECONDS": "0.05",
    "EXPRESS_SYNC_LATE_PAUSE_SECONDS": "0.3",
    "EXPRESS_SYNC_LOG_LEVEL": "DEBUG",
}
SHORT_TIMEOUT = {"EXPRESS_SYNC_API_TIMEOUT_SECONDS": "1"}  # where calls of the API are never answered

DRAINED = ("requestQueue", "deadLetterQueue")
BEYOND_EVERY_VISIBILITY_SECONDS = 1000.0
PULL_SECONDS = 60  # the shortest timeout in which the function drains a queue


class AllLines(Logs):
    """Every line that the instances wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def add(self, request_id: str, line: str) -> None:
        super().add(request_id, line)
        self.lines.append(line)


class AllAnswers(InvocationLog):
    """The result of every invocation; those of the timers apart from the others."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[InvocationResult] = []
        self.sweeps: list[InvocationResult] = []

    def end(self, entry: Invocation, answer: InvocationResult) -> None:
        super().end(entry, answer)
        (self.sweeps if entry.kind == "Timer" else self.answers).append(answer)


@dataclass(frozen=True)
class WatchedCloud:
    """One running cloud and everything that it has recorded."""

    running: RunningCloud
    pool: InstancePool
    disruptions: Disruptions
    lines: list[str]
    answers: list[InvocationResult]
    sweeps: list[InvocationResult]
    http: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)

    @property
    def ready(self) -> Document:
        """Return the ready object of the cloud."""
        return self.running.ready

    def send(self, bodies: Sequence[str]) -> list[str]:
        """Send messages to the request queue, 16 at once; return their ids in order."""
        smq = Smq.at(self.ready["mns"]["endpoint"], USER)
        batches = [bodies[start : start + 16] for start in range(0, len(bodies), 16)]
        return [sent for batch in batches for sent in smq.send(self.ready["mns"]["requestQueue"], batch)]

    def invoke(self, event: bytes) -> InvocationResult:
        """Invoke the function with an event, and wait for the result."""
        return self.running.run(self.pool.invoke(event, "a-direct-invocation", "Sync"))

    def fail_creates(self, name: str, faults: Sequence[str], count: int = 1) -> None:
        """Queue faults for the next create calls of a group."""
        self.admin("sgw", "POST", "/_local/faults", {"name": name, "faults": [*faults], "count": count})

    def fail_lookups(self, faults: Sequence[str]) -> None:
        """Queue faults for the next lookups."""
        self.admin("sgw", "POST", "/_local/faults", {"operation": "DescribeExpressSyncs", "faults": [*faults]})

    def fail_publications(self, faults: Sequence[str]) -> None:
        """Queue faults for the next publications."""
        self.admin("mns", "POST", "/_local/faults", {"operation": "PublishMessage", "faults": [*faults]})

    def seed_group(self, **fields: str) -> str:
        """Create a group that no request of the test has made; return its id."""
        return str(self.admin("sgw", "POST", "/_local/groups", fields)["ExpressSyncId"])

    def groups(self) -> list[Document]:
        """Return every group of the account."""
        found: list[Document] = self.admin("sgw", "GET", "/_local/groups")
        return found

    def calls(self, service: str) -> list[Document]:
        """Return every call that `sgw` or `mns` has received."""
        found: list[Document] = self.admin(service, "GET", "/_local/calls")
        return found

    def pushes(self) -> int:
        """Return how many batches the trigger has delivered."""
        return int(self.admin("fc", "GET", "/_local/trigger")[0]["pushes"])

    def published(self) -> list[Document]:
        """Return every outcome of the result queue in the order of publication, repetitions included."""
        return [json.loads(message["body"]) for message in self._messages("resultQueue")]

    def settle(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until every message is acknowledged, no call can still land, and no disruption is in progress.

        The messages that a killed drain or sweep has received become visible again as soon as no other is running.
        """
        try:
            wait_for(self._is_settled, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(self._unsettled(), indent=1)}") from None

    def admin(self, service: str, method: str, path: str, body: object = None) -> Any:
        """Call the admin API of a service; raise AssertionError if it refuses, HTTPError while it is down."""
        sections = {"mns": self.ready["mns"], "sgw": self.ready["sgw"], "fc": self.ready["fc"]}
        url = f"{sections[service]['endpoint']}{path}"
        response = self.http.request(method, url, json=body, retries=False, timeout=PATIENCE_SECONDS)
        assert response.status == 200, response.data
        return json.loads(response.data)

    def _messages(self, role: str) -> list[Document]:
        found: list[Document] = self.admin("mns", "GET", f"/_local/queues/{self.ready['mns'][role]}")["messages"]
        return found

    def _is_settled(self) -> bool:
        is_idle = self.disruptions.is_idle  # asked first: a service answers only after that has brought it back
        try:
            # A message is sent to the one queue before it is deleted from the other: before and after, none is missed.
            before, dead_letters, after = map(self._messages, ("requestQueue", "deadLetterQueue", "requestQueue"))
            waiting = [*before, *dead_letters, *after]
            pending = self._pending_calls()
            if any(message["state"] == "active" for message in dead_letters) and not self._is_sweeping():
                self.admin("fc", "POST", "/_local/timer", {"name": "sweep"})
        except HTTPError:
            return False  # the service is restarting
        if waiting:
            self.running.run(self._let_time_pass())
        return not waiting and not pending and is_idle

    def _pending_calls(self) -> list[Document]:
        return [call for call in self.calls("sgw") if call["outcome"] == "pending"]

    def _unsettled(self) -> Document:
        """Return what may explain that something is not settled."""
        return {
            "disruptions": repr(self.disruptions),
            "messages": [{**message, "queue": role} for role in DRAINED for message in self._messages(role)],
            "pending": self._pending_calls(),
            "triggers": self.admin("fc", "GET", "/_local/trigger"),
            "instances": [repr(vars(instance)) for instance in self.pool._instances],
            "invocations": [repr(answer) for answer in self.answers[-5:]],
            "log": self.lines[-50:],
        }

    def _is_sweeping(self) -> bool:
        return any(
            timer.to_json()["state"] == "running"
            for timer in self.running.cloud._triggers.timers
            if timer.timer.name == "sweep"
        )

    async def _let_time_pass(self) -> None:
        """Advance the clock of the queues if no message is visible and every drain waits for one."""
        cloud = self.running.cloud
        requests, dead_letters = (self.ready["mns"][role] for role in DRAINED)
        has_trigger = bool(cloud._triggers.queue_triggers)
        if has_trigger and [*cloud.messages.queues.messages(requests)]:
            return  # the trigger has received these, and renews their invisibility
        queues = [dead_letters] if has_trigger else [requests, dead_letters]
        states = {state for queue in queues for _, state in cloud.messages.queues.messages(queue)}
        drains = [timer for timer in cloud._triggers.timers if timer.to_json()["state"] == "running"]
        if "active" not in states and sum(map(cloud.messages.queues.polls.waiting, queues)) == len(drains):
            before = cloud.messages.queues._clock
            cloud.messages.queues._clock = lambda: before() + BEYOND_EVERY_VISIBILITY_SECONDS


@contextmanager
def watched_cloud(
    environment: dict[str, str], disruptions: Sequence[Disruption] = (), options: CloudOptions | None = None
) -> Iterator[WatchedCloud]:
    """Run a cloud whose function has `environment` beside that of the template, with disruptions in their order."""
    given = options or CloudOptions()
    parameters = {"RetryStrategy": MANY_RETRIES, **given.parameters}
    chosen = replace(given, environment={**ONE_TIER, **environment}, parameters=parameters)
    with background(chosen) as running:
        runtime = running.cloud._runtime
        assert runtime is not None
        logs, answers = AllLines(), AllAnswers()
        runtime.pool.logs, runtime.pool.invocation_log = logs, answers
        planned = Disruptions(runtime.pool, running.ready["fc"]["endpoint"], disruptions)
        running.cloud._crash_points.listen(planned.reached)
        watched = WatchedCloud(running, runtime.pool, planned, logs.lines, answers.answers, answers.sweeps)
        try:
            yield watched
        finally:
            watched.http.clear()


def with_timeout(seconds: int, directory: Path) -> CloudOptions:
    """Return options with a copy of the template in `directory` whose function has another timeout."""
    text = TEMPLATE.read_text(encoding="utf-8")
    copy = directory / TEMPLATE.name
    copy.write_text(text.replace("      Timeout: 120\n", f"      Timeout: {seconds}\n"), encoding="utf-8")
    assert f"Timeout: {seconds}\n" in copy.read_text(encoding="utf-8")
    return CloudOptions(template=copy, code=TEMPLATE.parent)


def pulling(directory: Path) -> CloudOptions:
    """Return options for pull intake, in which a timer makes the function take the messages itself."""
    return replace(with_timeout(PULL_SECONDS, directory), parameters={"Intake": "pull"})


def request(name: str, **changes: object) -> Document:
    """Return a valid request for the group `name` with its own bucket, and with `changes`."""
    document = {"requestId": f"REQ-{name}", "name": name, "bucketName": f"bucket-{name}", "bucketRegion": "cn-hangzhou"}
    return {**document, **changes}
