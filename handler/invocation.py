"""One invocation, composed: the collaborators with the real clock and chance, and with the invocation's time."""

import json
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from handler import config, control, log
from handler.credentials import Credentials
from handler.faults import DeliveriesUnfinishedError
from handler.inbound import envelope
from handler.inbound.strict_json import read_bytes
from handler.outcome import Outcome
from handler.pipeline import Pipeline
from handler.provisioning.deferral import Deferral
from handler.provisioning.provisioner import Policy, Provisioner
from handler.provisioning.retry import Backoff, Deadlines
from handler.settlement import Settlement
from handler.sgw.client import Sgw, Stamps
from handler.smq.client import Smq
from handler.smq.senders import QueueSender, ResultTopic
from handler.transport.pool import Connections

MAX_SHARE_OF_RETENTION = 0.5  # a message becomes visible again before this share of its retention time has passed


class SystemClock:
    """Real time and real randomness."""

    now = staticmethod(time.monotonic)
    uniform = staticmethod(random.uniform)

    @staticmethod
    def sleep(seconds: float) -> None:
        """Sleep; to sleep for no time would still yield the processor."""
        if seconds:
            time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Resources:
    """What an instance has: settings, a key for this invocation, connections to Cloud Storage Gateway and to SMQ."""

    settings: config.Settings
    keys: Credentials
    sgw: Connections
    smq: Connections


def run(event: bytes, context: Any, began: float, resources: Resources) -> str:
    """Process every message of one event, or a command, and return the answer to the caller.

    `began` is the monotonic start of the invocation. Raises DeliveriesUnfinishedError if the event has to be delivered
    again.
    """
    settings = resources.settings
    log.configure(settings.log_level)
    logger = log.invocation_log(str(context.request_id))
    deadlines = Deadlines.of(
        began, int(context.function.timeout), settings.look_reserve_seconds, settings.publish_reserve_seconds
    )
    smq = Smq(resources.smq.url, resources.keys, resources.smq)
    value = read_bytes(event)
    command = control.parse(value)
    # In a batch of a trigger, one delivery that has to come back would bring all others back; in a drain it would not.
    can_dead_letter = command is None and bool(settings.dead_letter_queue)
    pipeline = _pipeline(resources, context, smq, logger, can_dead_letter=can_dead_letter)
    if command is not None:
        dispatcher = control.ControlDispatcher(settings, smq, pipeline.process, SystemClock())
        summary = dispatcher.run(command, deadlines)
        logger.info("carried out", **summary)  # a timer does not read the answer
        return json.dumps(summary)
    intake = envelope.intake_of(value, event)
    # Every delivery ends in a publication: connections for that are opened while the API is called.
    resources.smq.prepare(len(intake.deliveries))
    return _answer(pipeline.process(intake.deliveries, deadlines), is_direct=intake.direct)


def _answer(outcomes: Sequence[Outcome | None], *, is_direct: bool) -> str:
    unfinished = outcomes.count(None)
    if unfinished:
        raise DeliveriesUnfinishedError(f"{unfinished} of {len(outcomes)} deliveries have to come back")
    settled = [outcome.event for outcome in outcomes if outcome is not None]
    return json.dumps(settled[0] if is_direct and len(settled) == 1 else {"settled": len(settled)})


def _pipeline(resources: Resources, context: Any, smq: Smq, logger: log.Logger, *, can_dead_letter: bool) -> Pipeline:
    return Pipeline(
        provisioner=_provisioner(resources),
        settlement=_settlement(resources.settings, context, smq, can_dead_letter=can_dead_letter),
        utc_now=_utc_now,
        log_of=lambda delivery, request_id: log.DeliveryLog.of(
            logger, delivery.message_id, request_id, delivery.lineage.attributes.get("traceparent", "")
        ),
        concurrency=resources.settings.concurrency,
    )


def _provisioner(resources: Resources) -> Provisioner:
    settings = resources.settings
    stamps = Stamps(date=lambda: _utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"), nonce=lambda: os.urandom(16).hex())
    policy = Policy(
        backoff=Backoff(settings.max_attempts, settings.backoff_base_seconds, settings.backoff_cap_seconds),
        call_timeout_seconds=settings.api_timeout_seconds,
        late_pause_seconds=settings.late_pause_seconds,
        adoption=settings.adoption,
    )
    sgw = Sgw(resources.sgw.url, resources.keys, resources.sgw, stamps)
    return Provisioner(policy, sgw, SystemClock())


def _settlement(settings: config.Settings, context: Any, smq: Smq, *, can_dead_letter: bool) -> Settlement:
    clock = SystemClock()
    dead_letters = QueueSender(smq, settings.dead_letter_queue, clock)
    return Settlement(
        deferral=_deferral(settings),
        publish=ResultTopic(smq, settings.result_topic, clock).publish,
        requeue=QueueSender(smq, settings.request_queue, clock).send,
        uniform=clock.uniform,
        source=f"acs:fc:{context.region}:{context.account_id}:functions/{context.function.name}",
        dead_letter=dead_letters.send if can_dead_letter else None,
    )


def _deferral(settings: config.Settings) -> Deferral:
    deferrals = settings.max_deferrals if settings.request_queue else 0
    waits = Backoff(deferrals + 1, settings.defer_base_seconds, settings.defer_cap_seconds)
    return Deferral(waits, settings.request_retention_seconds * MAX_SHARE_OF_RETENTION)


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)
