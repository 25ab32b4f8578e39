"""The shipped pipeline over the effects of a test, and what a test may put into it."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Protocol, cast

from handler.inbound.envelope import Delivery
from handler.outcome import Outcome
from handler.pipeline import Pipeline
from handler.provisioning.deferral import Deferral
from handler.provisioning.provisioner import Policy, Provisioner, Service
from handler.provisioning.retry import ApiCall, Backoff, Clock
from handler.settlement import DeliveryLog, Settlement
from handler.smq.client import Smq, SmqError
from handler.smq.senders import QueueSender, ResultTopic

_START = datetime(2026, 1, 1, tzinfo=timezone.utc)
_MAX_DELAY_SECONDS = 302_400.0

Shape = Callable[[Pipeline], Pipeline]
Publish = Callable[[Outcome, float], None]


def as_shipped(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline unchanged."""
    return pipeline


class SilentLog:
    """A delivery log that keeps nothing."""

    def call(self, call: ApiCall) -> None: ...

    def published(self, outcome: Outcome) -> None: ...

    def not_published(self, outcome: Outcome, code: str) -> None: ...

    def not_settled(self, outcome: Outcome, code: str) -> None: ...

    def crashed(self, fault: Exception) -> None:
        """Raise: no schedule has a fault of the function itself, and it must not become an `indeterminate`."""
        raise AssertionError from fault


class Effects(Service, Clock, Protocol):
    """The effects of a pipeline; it also has what topic and queue need of an `Smq`."""

    def note_refusal(self, submission: str) -> None:
        """Note that an outcome of this submission was not published."""


def composed(
    effects: Effects,
    policy: Policy,
    deferrals: int,
    log_of: Callable[[Delivery, str | None], DeliveryLog],
    concurrency: int = 1,
    clock_seconds: float = 0.0,
) -> Pipeline:
    """Return the shipped pipeline; after `deferrals` deferrals a verdict is final, and `clock_seconds` is the error."""
    smq = cast("Smq", effects)
    return Pipeline(
        provisioner=Provisioner(policy, effects, effects),
        settlement=Settlement(
            deferral=Deferral(Backoff(deferrals + 1, 60.0, 3600.0), _MAX_DELAY_SECONDS),
            publish=_noting_refusals(ResultTopic(smq, "outcomes", effects).publish, effects),
            requeue=QueueSender(smq, "requests", effects).send,
            uniform=effects.uniform,
            source="model",
        ),
        utc_now=lambda: _START + timedelta(seconds=effects.now() + clock_seconds),
        log_of=log_of,
        concurrency=concurrency,
    )


def _noting_refusals(publish: Publish, effects: Effects) -> Publish:
    """Return `publish`, whose refusals are noted, also where the time for the topic is up before it is called."""

    def publish_noted(outcome: Outcome, until: float) -> None:
        try:
            publish(outcome, until)
        except SmqError:
            effects.note_refusal(str(outcome.event["data"]["submissionId"]))
            raise

    return publish_noted
