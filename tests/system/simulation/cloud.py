"""The API, the topic and the queues as one invocation of the function sees them in virtual time.

Reproduces the effects of the calls, how long they take, and how each kind of outage answers them. A call that begins
in the outage is answered by the outage. A create call that lands late takes effect 10 to 40 seconds after it was sent.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from handler.model import Answer, LookupResult, ProvisionRequest, Refused, Unanswered
from handler.smq.client import Received, SmqError
from tests.system.model.account import Account
from tests.system.model.faults import Killed
from tests.system.simulation.outages import Answering, Kind
from tests.system.simulation.queues import Message, Queue
from tests.system.simulation.virtual_time import Alarm, VirtualTime

CREATE_SECONDS, DESCRIBE_SECONDS, SMQ_SECONDS = 0.2, 0.1, 0.02
LANDING_SECONDS = (10.0, 40.0)


@dataclass(slots=True)
class Api:
    """The account with its groups, and the calls that were made; `outage` tells what fails at this instant."""

    time: VirtualTime
    chance: random.Random
    outage: Callable[[], Kind | None]
    account: Account = field(default_factory=Account)
    in_flight: list[tuple[float, ProvisionRequest]] = field(default_factory=list)
    creates: int = 0
    describes: int = 0

    def land(self) -> None:
        """Let every create call that is due take effect."""
        due = sorted((each for each in self.in_flight if each[0] <= self.time.now), key=lambda each: each[0])
        for each in due:
            self.in_flight.remove(each)
            self.account.create(each[1])


class Process:
    """A running invocation: its clock and chance. It dies when it is killed, at the latest when the function times out.

    `kill` is asked after each request that was requeued whether the process dies.
    """

    def __init__(
        self, time: VirtualTime, chance: random.Random, timeout_seconds: float, kill: Callable[[int], bool]
    ) -> None:
        self._kill = kill
        self._sent_back = 0
        self._time = time
        self._chance = chance
        self._dies_at = time.now + timeout_seconds
        self._sleeping: dict[Alarm, None] = {}  # in order, unlike a set

    def now(self) -> float:
        return self._time.now

    def uniform(self, low: float, high: float) -> float:
        return self._chance.uniform(low, high)

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds; raise Killed if the process dies before."""
        alarm = Alarm()
        self._sleeping[alarm] = None
        self._time.set(alarm, min(self._time.now + seconds, self._dies_at))
        self._time.wait(alarm)
        del self._sleeping[alarm]
        if self._time.now >= self._dies_at:
            raise Killed

    def has_sent_back(self) -> None:
        """Count a request that was requeued; die with all threads if this is the time for it."""
        self._sent_back += 1
        if self._kill(self._sent_back):
            self._dies_at = self._time.now
            for alarm in self._sleeping:
                self._time.set(alarm, self._time.now)


@dataclass(frozen=True, slots=True)
class SimulatedService:
    """The two calls of the API, made by one process."""

    api: Api
    process: Process

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        self.api.creates += 1
        outage = self.api.outage()
        if outage and outage.create:
            if outage.create.lands:
                lands_at = self.api.time.now + self.api.chance.uniform(*LANDING_SECONDS)
                self.api.in_flight.append((lands_at, request))
            return self._answered(outage.create, timeout_seconds)
        self.process.sleep(CREATE_SECONDS)
        self.api.land()
        return self.api.account.create(request)

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> LookupResult:
        self.api.describes += 1
        outage = self.api.outage()
        if outage and outage.describe:
            return self._answered(outage.describe, timeout_seconds)
        self.process.sleep(DESCRIBE_SECONDS)
        self.api.land()
        return self.api.account.describe(bucket_name)

    def _answered(self, answering: Answering, timeout_seconds: float) -> Refused | Unanswered:
        self.process.sleep(timeout_seconds if answering.after_seconds is None else answering.after_seconds)
        return answering.result


@dataclass(frozen=True, slots=True)
class SimulatedSmq:
    """The topic and the queues, used by one process; `hear` is called with each published event."""

    queues: dict[str, Queue]
    process: Process
    outage: Callable[[], Kind | None]
    hear: Callable[[dict[str, Any]], None]
    timeout_seconds: float = 10.0

    def with_timeout(self, seconds: float) -> "SimulatedSmq":
        return replace(self, timeout_seconds=seconds)

    def publish(self, _topic: str, body: str, _tag: str) -> str:
        outage = self.outage()
        if outage and outage.publish:
            refusing = outage.publish
            self.process.sleep(self.timeout_seconds if refusing.after_seconds is None else refusing.after_seconds)
            raise SmqError(refusing.code, transient=refusing.transient)
        self.process.sleep(SMQ_SECONDS)
        self.hear(json.loads(body))
        return "message"

    def send(self, queue: str, bodies: Sequence[str], delay_seconds: int = 0) -> tuple[str, ...]:
        self.process.sleep(SMQ_SECONDS)
        if any(len(body.encode()) > self.queues[queue].declared.maximum_message_size for body in bodies):
            raise SmqError("InvalidArgument", transient=False)
        ids = tuple(self.queues[queue].send(body, delay_seconds) for body in bodies)
        self.process.has_sent_back()
        self.process.sleep(SMQ_SECONDS)
        return ids

    def receive(self, queue: str, count: int = 16, wait_seconds: int = 0) -> tuple[Received, ...]:
        found = self._taken(queue, count)
        if not found:
            self.process.sleep(wait_seconds)
            found = self._taken(queue, count)
        self.process.sleep(SMQ_SECONDS)
        return tuple(Received(each.message_id, each.body, each.handle, 0) for each in found)

    def _taken(self, queue: str, count: int) -> list[Message]:
        return self.queues[queue].receive(count, self.queues[queue].declared.visibility_timeout)

    def change_visibility(self, queue: str, receipt_handle: str, seconds: int) -> str:
        self.process.sleep(SMQ_SECONDS)
        message = self.queues[queue].held(receipt_handle)
        if message is None:
            raise SmqError("MessageNotExist", transient=False)
        return self.queues[queue].hide(message, seconds)

    def delete(self, queue: str, receipt_handles: Sequence[str]) -> None:
        self.process.sleep(SMQ_SECONDS)
        held = [self.queues[queue].held(handle) for handle in receipt_handles]
        for message in held:
            if message is not None:
                self.queues[queue].delete(message)
        if None in held:
            raise SmqError("MessageNotExist", transient=False)
