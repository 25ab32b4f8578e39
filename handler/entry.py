"""What Function Compute calls: `handler.entry.handle`. The composition root; only here are clock and environment read.

It builds the collaborators, gives them the invocation's time, and raises when a delivery has to come back. It must
not know field rules, error codes or retry arithmetic.
"""

import json
import os
import random
import time
import uuid
from dataclasses import replace
from datetime import datetime, timezone
from functools import cache, partial
from typing import Any

from handler import config, log
from handler.duties import Duties
from handler.inbound import envelope
from handler.pipeline import Pipeline
from handler.provisioning.backoff import Backoff
from handler.provisioning.deferral import Deferral
from handler.provisioning.provisioner import Deadlines, Policy, Provisioner
from handler.queue import RequestQueue
from handler.settlement import Settlement
from handler.sgw.client import Sgw, Stamps
from handler.sgw.endpoints import public_endpoint
from handler.smq.client import Smq
from handler.smq.senders import Persistence
from handler.topic import ResultTopic
from handler.transport.connection import Connections

LARGEST_SHARE_OF_RETENTION = 0.5  # of a message's time in the queue may pass before it is shown
PERSISTING = Backoff(attempts=1000, base_seconds=0.2, cap_seconds=2.0)  # in truth as often as the time allows


class DeliveriesUnfinishedError(Exception):
    """Some outcomes could neither be published nor their requests sent back; the trigger must redeliver the event."""


class FunctionFaultError(Exception):
    """A fault of the function itself, told by kind and place: the runtime logs this, and a text may quote a key."""


class SystemClock:
    """Real time and real chance."""

    now = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)
    uniform = staticmethod(random.uniform)


def handle(event: bytes, context: Any) -> str:
    """Process every message of one event and announce each verdict.

    Returns the outcome to a direct caller, else a summary, which for an order says what was done. Raises
    DeliveriesUnfinishedError when the event has to be delivered again, ConfigurationError when the function's settings
    or its key are wrong, and FunctionFaultError for anything else.
    """
    try:
        return _handled(event, context)
    except (DeliveriesUnfinishedError, config.ConfigurationError):
        raise
    except Exception as fault:
        told = f"{type(fault).__name__} at {log.place_of(fault)}"
    raise FunctionFaultError(told)  # out here it has no context, whose text the runtime would log


def _handled(event: bytes, context: Any) -> str:
    began = time.monotonic()
    settings = _settings()
    logger = log.invocation_log(str(context.request_id))
    intake = envelope.parse(event)
    pipeline = _pipeline(settings, context, logger)
    deadlines = Deadlines.of(
        began, int(context.function.timeout), settings.look_reserve_seconds, settings.publish_reserve_seconds
    )
    if intake.order is not None:
        duties = Duties(settings, _persistence(settings, context), pipeline.work, _utc_now)
        told = duties.carry_out(intake.order, deadlines)
        logger.info("carried out", **told)  # the giver of a timer's order hears no answer
        return json.dumps(told)
    outcomes = _setting_aside(pipeline, settings, context).work(intake.deliveries, deadlines)
    unfinished = outcomes.count(None)
    if unfinished:
        raise DeliveriesUnfinishedError(f"{unfinished} of {len(outcomes)} deliveries have to come back")
    announced = [outcome.event for outcome in outcomes if outcome is not None]
    if intake.direct and len(announced) == 1:
        return json.dumps(announced[0])
    return json.dumps({"settled": len(announced)})


@cache
def _settings() -> config.Settings:
    settings = config.settings(os.environ)
    log.configure(settings.log_level)
    return settings


def _pipeline(settings: config.Settings, context: Any, logger: log.Logger) -> Pipeline:
    keys = config.credentials(context, os.environ)
    clock = SystemClock()
    endpoint = settings.sgw_endpoint or public_endpoint(context.region)
    stamps = Stamps(date=lambda: _utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"), nonce=lambda: uuid.uuid4().hex)
    service = Sgw(endpoint, keys, Connections(endpoint), stamps)
    policy = Policy(
        backoff=Backoff(settings.max_attempts, settings.backoff_base_seconds, settings.backoff_cap_seconds),
        call_timeout_seconds=settings.api_timeout_seconds,
        late_pause_seconds=settings.late_pause_seconds,
        adoption=settings.adoption,
    )
    persistence = _persistence(settings, context)
    return Pipeline(
        provisioner=Provisioner(policy, service, clock),
        settlement=Settlement(
            deferral=_deferral(settings),
            publish=ResultTopic(persistence, settings.result_topic).publish,
            send_back=RequestQueue(persistence, settings.request_queue).send_back,
            uniform=clock.uniform,
            source=f"acs:fc:{context.region}:{context.account_id}:functions/{context.function.name}",
        ),
        utc_now=_utc_now,
        journal_of=lambda delivery, request_id: log.Journal.of(logger, delivery.message_id, request_id),
        concurrency=settings.concurrency,
    )


def _setting_aside(pipeline: Pipeline, settings: config.Settings, context: Any) -> Pipeline:
    """Return the pipeline for deliveries that would all come back because of one; in a drain only that one would."""
    if not settings.dead_letter_queue:
        return pipeline
    dead_letters = RequestQueue(_persistence(settings, context), settings.dead_letter_queue)
    set_aside = partial(dead_letters.send_back, delay_seconds=0)
    return replace(pipeline, settlement=replace(pipeline.settlement, set_aside=set_aside))


def _persistence(settings: config.Settings, context: Any) -> Persistence:
    smq = Smq(settings.mns_endpoint, config.credentials(context, os.environ))
    return Persistence(smq, PERSISTING, SystemClock())


def _deferral(settings: config.Settings) -> Deferral:
    deferrals = settings.max_deferrals if settings.request_queue else 0
    waits = Backoff(deferrals + 1, settings.defer_base_seconds, settings.defer_cap_seconds)
    return Deferral(waits, settings.request_retention_seconds * LARGEST_SHARE_OF_RETENTION)


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)
