"""The function that Function Compute calls: `handler.entry.handle`.

The composition root: it reads clock and environment, builds the collaborators, gives them the invocation's time, and
raises if a delivery has to come back.
"""

import json
import os
import random
import time
import uuid
from datetime import datetime, timezone
from functools import cache
from typing import Any

from handler import config, control, log
from handler.credentials import Credentials
from handler.inbound import envelope
from handler.inbound.strict_json import read_bytes
from handler.pipeline import Pipeline
from handler.provisioning.deferral import Deferral
from handler.provisioning.provisioner import Policy, Provisioner
from handler.provisioning.retry import Backoff, Deadlines
from handler.settlement import Settlement
from handler.sgw.client import Sgw, Stamps
from handler.sgw.endpoints import public_endpoint
from handler.smq.client import Smq
from handler.smq.senders import QueueSender, ResultTopic
from handler.transport.pool import Connections

MAX_SHARE_OF_RETENTION = 0.5  # a message becomes visible again before this share of its retention time has passed


class DeliveriesUnfinishedError(Exception):
    """Some outcomes could not be published and their requests not requeued; the trigger must redeliver the event."""


class FunctionFaultError(Exception):
    """A fault of the function, with its type and place only: the runtime logs it, and other texts may quote a key."""


class SystemClock:
    """Real time and real randomness."""

    now = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)
    uniform = staticmethod(random.uniform)


def handle(event: bytes, context: Any) -> str:
    """Process every message of one event and publish each verdict.

    Returns the outcome to a direct caller of one request, else a summary. Raises DeliveriesUnfinishedError if the event
    has to be delivered again, ConfigurationError if the function's settings or its key are wrong, and
    FunctionFaultError for anything else.
    """
    try:
        return _handled(event, context)
    except (DeliveriesUnfinishedError, config.ConfigurationError):
        raise
    except Exception as fault:
        what = f"{type(fault).__name__} at {log.place_of(fault)}"
    raise FunctionFaultError(what)  # outside of `except` it has no context, whose text the runtime would log


def _handled(event: bytes, context: Any) -> str:
    began = time.monotonic()
    settings = _settings()
    logger = log.invocation_log(str(context.request_id))
    deadlines = Deadlines.of(
        began, int(context.function.timeout), settings.look_reserve_seconds, settings.publish_reserve_seconds
    )
    keys = config.credentials(context, os.environ)
    smq = Smq(settings.mns_endpoint, keys, _connections(settings.mns_endpoint, settings.concurrency))
    value = read_bytes(event)
    command = control.parse(value)
    # In a batch of a trigger, one delivery that has to come back would bring all others back; in a drain it would not.
    can_dead_letter = command is None and bool(settings.dead_letter_queue)
    pipeline = _pipeline(settings, context, smq, logger, can_dead_letter=can_dead_letter)
    if command is not None:
        dispatcher = control.ControlDispatcher(settings, smq, pipeline.process, SystemClock())
        summary = dispatcher.run(command, deadlines)
        logger.info("carried out", **summary)  # a timer does not read the answer
        return json.dumps(summary)
    intake = envelope.intake_of(value, event)
    # Every delivery ends in a publication: connections for that are opened while the API is called.
    smq.connections.prepare(min(len(intake.deliveries), settings.concurrency), smq.timeout_seconds)
    outcomes = pipeline.process(intake.deliveries, deadlines)
    unfinished = outcomes.count(None)
    if unfinished:
        raise DeliveriesUnfinishedError(f"{unfinished} of {len(outcomes)} deliveries have to come back")
    settled = [outcome.event for outcome in outcomes if outcome is not None]
    if intake.direct and len(settled) == 1:
        return json.dumps(settled[0])
    return json.dumps({"settled": len(settled)})


@cache
def _settings() -> config.Settings:
    settings = config.settings(os.environ)
    log.configure(settings.log_level)
    return settings


@cache
def _connections(endpoint: str, concurrency: int) -> Connections:
    """Return the connections to an endpoint, which the instance keeps; keys belong to requests, not to connections."""
    return Connections(endpoint, concurrency)


def _pipeline(
    settings: config.Settings, context: Any, smq: Smq, logger: log.Logger, *, can_dead_letter: bool
) -> Pipeline:
    return Pipeline(
        provisioner=_provisioner(settings, context, smq.credentials),
        settlement=_settlement(settings, context, smq, can_dead_letter=can_dead_letter),
        utc_now=_utc_now,
        log_of=lambda delivery, request_id: log.DeliveryLog.of(
            logger, delivery.message_id, request_id, delivery.lineage.attributes.get("traceparent", "")
        ),
        concurrency=settings.concurrency,
    )


def _provisioner(settings: config.Settings, context: Any, credentials: Credentials) -> Provisioner:
    endpoint = settings.sgw_endpoint or public_endpoint(context.region)
    stamps = Stamps(date=lambda: _utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"), nonce=lambda: uuid.uuid4().hex)
    policy = Policy(
        backoff=Backoff(settings.max_attempts, settings.backoff_base_seconds, settings.backoff_cap_seconds),
        call_timeout_seconds=settings.api_timeout_seconds,
        late_pause_seconds=settings.late_pause_seconds,
        adoption=settings.adoption,
    )
    sgw = Sgw(endpoint, credentials, _connections(endpoint, settings.concurrency), stamps)
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
