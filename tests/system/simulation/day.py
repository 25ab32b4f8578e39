"""One simulated day: requests arrive, an outage begins and ends, and everything that follows until all is settled.

Simulated as template.yml declares them: the trigger with its batch window, its retries and its dead letters, and the
timer of the sweep. Chosen, because no document says it: the trigger pushes one batch at a time, hides the messages of a
batch until it is settled, and pushes a batch again after an invocation that raised, was killed or ran out of time.
Timer invocations that would find no dead letter are not counted. Not simulated: retries of asynchronous invocations.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest import mock

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.retry_strategy import waits
from express_sync.local.template.deployment import Deployment, read_template
from express_sync.local.trigger import events
from handler import config, pipeline
from handler.model import ProvisionRequest
from tests.system.model.composition import Shape, as_shipped
from tests.system.simulation.cloud import Api
from tests.system.simulation.function import Function
from tests.system.simulation.listener import Listener
from tests.system.simulation.outages import HOUR, MINUTE, Fault, Kind, Scenario
from tests.system.simulation.queues import Message, Queue
from tests.system.simulation.virtual_time import Item, Result, VirtualPool, VirtualTime

TEMPLATE = Path(__file__).resolve().parents[3] / "template.yml"
PULL = 16
POLL_SECONDS = 30.0
MAX_SECONDS = 10 * 24 * HOUR  # longer than any queue keeps a message


@dataclass(frozen=True, slots=True)
class Figures:
    """What a day cost and what came of it.

    `messages` counts those of the request queue, `hit` those that came back because of a kill or a lost
    acknowledgement, `after_seconds` runs from the end of the outage to the last first success of a submission that had
    arrived by then, or None.
    """

    submissions: int
    messages: int
    creates: int
    describes: int
    invocations: int
    deliveries: int
    billed_seconds: float
    raised: int
    killed: int
    hit: int
    dead_letters: int
    outcomes: Counter[str]
    after_seconds: float | None
    lost: int
    untrue: int


@cache
def deployment() -> Deployment:
    """Return what template.yml declares."""
    return read_template(TEMPLATE, LOCAL_ACCOUNT, {})


@cache
def settings() -> config.Settings:
    """Return the settings that the function is deployed with."""
    return config.settings(deployment().function.environment)


class Day:
    """The cloud of one scenario; `copies` is how often the doubled request is submitted in all."""

    def __init__(self, scenario: Scenario, variant: Shape = as_shipped, copies: int = 2) -> None:
        self._scenario = scenario
        self._copies = copies if scenario.fault is Fault.DOUBLE_SUBMISSION else 1
        self._fault = scenario.fault
        self._time = VirtualTime()
        self._chance = random.Random(scenario.seed)
        self._api = Api(self._time, self._chance, self._outage)
        self._listener = Listener(self._api)
        queues = self._declared_queues()
        self._requests = queues[settings().request_queue]
        self._dead_letters = queues[settings().dead_letter_queue]
        timeout = deployment().function.timeout
        self._function = Function(
            settings(), timeout, self._time, self._api, queues, self._listener, self._is_killed, variant
        )
        (self._trigger,) = deployment().triggers
        self._begins = MINUTE + scenario.arrival.outage_after_seconds
        self._ends = self._begins + scenario.seconds
        self._all_arrived = self._is_over = False
        self._hit = 0

    def run(self) -> Figures:
        """Let the day pass and return its figures."""
        with mock.patch.object(pipeline, "side_by_side", self._side_by_side):
            self._time.run(self._submit, self._push_batches, self._sweep, self._watch)
        return self._figures()

    def _side_by_side(self, process: Callable[[Item], Result], lanes: Sequence[Item], concurrency: int) -> list[Result]:
        """Take the place of the pipeline's threads, which an instance keeps, and which real time would wake."""
        return VirtualPool(self._time, concurrency).map(process, lanes)

    def _declared_queues(self) -> dict[str, Queue]:
        queues = {each.name: Queue(each, self._time) for each in deployment().queues}
        for queue in queues.values():
            if queue.declared.dead_letters:
                queue.dead_letters = queues[queue.declared.dead_letters.target_queue]
        return queues

    def _outage(self) -> Kind | None:
        return self._scenario.kind if self._begins <= self._time.now < self._ends else None

    def _occurs(self, fault: Fault) -> bool:
        """Return whether the fault of this scenario occurs now: once, in the outage."""
        occurs = self._fault is fault and self._outage() is not None
        if occurs:
            self._fault = Fault.NONE
        return occurs

    def _is_killed(self, sent_back: int) -> bool:
        return sent_back == self._scenario.arrival.kill_after and self._occurs(Fault.KILL)

    def _submit(self) -> None:
        arrival = self._scenario.arrival
        self._time.sleep(MINUTE)
        for number in range(arrival.requests):
            for _ in range(self._copies if number == arrival.requests // 2 else 1):
                self._send(number)
            self._time.sleep(arrival.over_seconds / arrival.requests)
        self._all_arrived = True

    def _send(self, number: int) -> None:
        document = {
            "requestId": f"REQ-{number}",
            "name": f"share-{number}",
            "bucketName": "team-bucket",
            "bucketRegion": "cn-hangzhou",
            "bucketPrefix": f"team-{number}/",
        }
        message_id = self._requests.send(json.dumps(document))
        self._listener.expect(message_id, ProvisionRequest.of(document))

    def _watch(self) -> None:
        while not self._is_settled() and self._time.now < MAX_SECONDS:
            self._time.sleep(MINUTE)
        self._is_over = True

    def _is_settled(self) -> bool:
        is_empty = not (self._requests.messages or self._dead_letters.messages)
        return is_empty and self._all_arrived and self._time.now >= self._ends

    def _push_batches(self) -> None:
        most = self._trigger.batch_count
        while not self._is_over:
            batch = self._requests.receive(min(PULL, most))
            if not batch:
                self._requests.await_message(POLL_SECONDS)
                continue
            if len(batch) < most:
                self._time.sleep(self._trigger.batch_seconds)
                batch += self._requests.receive(most - len(batch))
            self._push(batch)

    def _push(self, batch: Sequence[Message]) -> None:
        received = [events.Received(each.message_id, each.body, 0, "") for each in batch]
        event = events.payload(self._trigger, LOCAL_ACCOUNT, received, self._time.now)
        retries = waits(self._trigger.retry_strategy, self._chance.uniform)
        while not self._is_handled(event, len(batch)):
            wait = next(retries, None)
            if wait is None:
                return self._give_up(batch)
            self._time.sleep(wait)
        return self._acknowledge(batch)

    def _is_handled(self, event: bytes, messages: int) -> bool:
        killed_before = self._function.counts["killed"]
        is_handled = self._function.handle(event)
        self._hit += messages * (self._function.counts["killed"] - killed_before)
        return is_handled

    def _acknowledge(self, batch: Sequence[Message]) -> None:
        if self._occurs(Fault.LOST_ACKNOWLEDGEMENT):
            self._hit += len(batch)
            for message in batch:
                self._requests.hide(message, self._requests.declared.visibility_timeout)
        else:
            for message in batch:
                self._requests.delete(message)

    def _give_up(self, batch: Sequence[Message]) -> None:
        for message in batch:
            received = events.Received(message.message_id, message.body, 0, "")
            event = events.event(self._trigger, LOCAL_ACCOUNT, received, self._time.now)
            whole = events.encoded(event).decode()
            fits = len(whole.encode()) <= self._dead_letters.declared.maximum_message_size
            self._dead_letters.send(whole if fits else message.body)
            self._requests.delete(message)

    def _sweep(self) -> None:
        (timer,) = (each for each in deployment().timers if each.enabled)
        while not self._is_over:
            self._time.sleep(timer.every_seconds)
            if self._dead_letters.shows_any():
                self._function.sweep()

    def _figures(self) -> Figures:
        counts, outcomes = self._function.counts, self._listener.outcomes()
        expired = self._requests.expired + self._dead_letters.expired
        return Figures(
            submissions=len(self._listener.requests),
            messages=self._requests.sent,
            creates=self._api.creates,
            describes=self._api.describes,
            invocations=counts["invocations"],
            deliveries=counts["deliveries"],
            billed_seconds=self._function.billed_seconds,
            raised=counts["raised"],
            killed=counts["killed"],
            hit=self._hit,
            dead_letters=self._dead_letters.sent,
            outcomes=outcomes,
            after_seconds=self._listener.last_success_after(self._ends),
            lost=expired + outcomes["silence"] + outcomes["deferred"],
            untrue=self._listener.untrue + self._listener.untrue_in_the_end(),
        )


def figures_of(scenario: Scenario) -> Figures:
    """Return the figures of a day with the function as shipped."""
    return Day(scenario).run()
