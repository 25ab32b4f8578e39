"""The function in virtual time: the shipped core, composed as in handler.invocation, invoked by a trigger or a timer.

Real: parsing, pipeline, settlement, deferrals, deadlines, drain, and the settings of template.yml over the defaults of
handler.config. Simulated: clock, API, topic and queues. Not simulated: cold starts.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import cast

from handler import config, invocation
from handler.drain import QueueDrain
from handler.inbound import envelope
from handler.inbound.envelope import Delivery
from handler.outcome import Outcome
from handler.pipeline import Pipeline
from handler.provisioning.provisioner import Policy, Provisioner
from handler.provisioning.retry import Backoff, Deadlines
from handler.settlement import Settlement
from handler.smq.client import Smq
from handler.smq.senders import QueueSender, ResultTopic
from tests.system.model.composition import Shape, SilentLog, as_shipped
from tests.system.model.faults import Killed
from tests.system.simulation.cloud import Api, Process, SimulatedService, SimulatedSmq
from tests.system.simulation.listener import Listener
from tests.system.simulation.queues import Queue
from tests.system.simulation.virtual_time import VirtualTime

_DAWN = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass(slots=True)
class Function:
    """The function and what it has done: `counts` by name, and the seconds that it ran.

    `variant` may put another pipeline in the place of the shipped one. `kill` is asked after each requeued request
    whether the process dies; its argument is how many this process has requeued.
    """

    settings: config.Settings
    timeout_seconds: float
    time: VirtualTime
    api: Api
    queues: dict[str, Queue]
    listener: Listener
    kill: Callable[[int], bool]
    variant: Shape = as_shipped
    counts: Counter[str] = field(default_factory=Counter)
    billed_seconds: float = 0.0

    def handle(self, event: bytes) -> bool:
        """Process a trigger's event; return False if the invocation raised or was killed."""
        deliveries = envelope.parse(event).deliveries

        def work(process: Process, smq: Smq, deadlines: Deadlines) -> bool:
            dead_letters = QueueSender(smq, self.settings.dead_letter_queue, process)
            pipeline = self._pipeline(process, smq)
            pipeline = replace(pipeline, settlement=replace(pipeline.settlement, dead_letter=dead_letters.send))
            return None not in self._work(pipeline, deliveries, deadlines)

        return self._invoke(work)

    def sweep(self) -> None:
        """Process dead letters, as the timer's command asks for."""

        def drain(process: Process, smq: Smq, deadlines: Deadlines) -> bool:
            work = partial(self._work, self._pipeline(process, smq))
            QueueDrain(smq, self.settings.dead_letter_queue, work, process).run(deadlines)
            return True

        self._invoke(drain)

    def _work(self, pipeline: Pipeline, deliveries: Sequence[Delivery], deadlines: Deadlines) -> list[Outcome | None]:
        self.counts["deliveries"] += len(deliveries)
        return self.variant(pipeline).process(deliveries, deadlines)

    def _invoke(self, work: Callable[[Process, Smq, Deadlines], bool]) -> bool:
        settings, began = self.settings, self.time.now
        process = Process(self.time, self.api.chance, self.timeout_seconds, self.kill)
        smq = SimulatedSmq(self.queues, process, self.api.outage, self.listener.hear)
        reserves = (settings.look_reserve_seconds, settings.publish_reserve_seconds)
        is_done = False
        self.counts["invocations"] += 1
        try:
            is_done = work(process, cast("Smq", smq), Deadlines.of(began, self.timeout_seconds, *reserves))
            self.counts["raised"] += not is_done
        except Killed:
            self.counts["killed"] += 1
        self.billed_seconds += self.time.now - began
        return is_done

    def _pipeline(self, process: Process, smq: Smq) -> Pipeline:
        settings = self.settings
        policy = Policy(
            backoff=Backoff(settings.max_attempts, settings.backoff_base_seconds, settings.backoff_cap_seconds),
            call_timeout_seconds=settings.api_timeout_seconds,
            late_pause_seconds=settings.late_pause_seconds,
            adoption=settings.adoption,
        )
        return Pipeline(
            provisioner=Provisioner(policy, SimulatedService(self.api, process), process),
            settlement=Settlement(
                deferral=invocation._deferral(settings),
                publish=ResultTopic(smq, settings.result_topic, process).publish,
                requeue=QueueSender(smq, settings.request_queue, process).send,
                uniform=process.uniform,
                source="simulation",
            ),
            utc_now=lambda: _DAWN + timedelta(seconds=self.time.now),
            log_of=lambda _delivery, _request_id: SilentLog(),
            concurrency=settings.concurrency,
        )
