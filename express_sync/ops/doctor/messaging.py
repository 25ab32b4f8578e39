"""Checks whether the queues, the topic and the subscriptions of template.yml exist."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from express_sync.ops.doctor.cloud import SMQ, InspectedCloud
from express_sync.ops.doctor.endpoints import needs
from express_sync.ops.doctor.finding import DEPLOY, Finding, ok, unknown, wrong
from express_sync.ops.queues.client import OPTIONAL_QUEUES, PORTAL_QUEUE, RESULT_QUEUE
from express_sync.ops.queues.inventory import Subscription
from express_sync.ops.terminal.output import counted
from handler.smq.client import SmqError

QUEUES = ("requestQueue", RESULT_QUEUE, PORTAL_QUEUE, "failureQueue", "deadLetterQueue")
_WITHOUT = {
    RESULT_QUEUE: "No result queue is configured, which is optional; `submit --wait` and `watch` require one",
    PORTAL_QUEUE: "No queue for the portal is configured, which is optional; `portal` requires one",
}
_ABSENT = ("QueueNotExist", "TopicNotExist")


class _ExpectedSubscription(NamedTuple):
    """A subscription of the result topic: the key of its queue in the profile, and the status it filters by."""

    queue_key: str
    tag: str  # empty for outcomes of every status


SUBSCRIPTIONS = (
    _ExpectedSubscription(RESULT_QUEUE, ""),
    _ExpectedSubscription(PORTAL_QUEUE, ""),
    _ExpectedSubscription("failureQueue", "failed"),
    _ExpectedSubscription("failureQueue", "indeterminate"),
)


@needs(SMQ)
def queues(cloud: InspectedCloud) -> Iterator[Finding]:
    """Check that each queue exists, and report about how many messages it holds."""
    for key in QUEUES:
        yield _existing(cloud, "Queue", key, lambda name: _content(cloud.queue_state(name).total))


@needs(SMQ)
def topic(cloud: InspectedCloud) -> Iterator[Finding]:
    """Check that the result topic exists."""
    yield _existing(cloud, "Topic", "resultTopic", cloud.inventory.check_topic)


@needs(SMQ)
def subscriptions(cloud: InspectedCloud) -> Iterator[Finding]:
    """Check that the result topic delivers to each queue exactly the outcomes that belong there."""
    name = cloud.setting(SMQ, "resultTopic")
    try:
        actual = cloud.inventory.subscriptions(name) if name else ()
    except SmqError as error:
        yield unknown(f"The subscriptions of {name} could not be looked up ({error.code})", "fix the topic first")
        return
    for expected in SUBSCRIPTIONS:
        if expected.queue_key not in OPTIONAL_QUEUES or cloud.setting(SMQ, expected.queue_key):
            yield _subscription(cloud, expected, actual)


def _existing(cloud: InspectedCloud, kind: str, key: str, look_up: Callable[[str], str | None]) -> Finding:
    name = cloud.setting(SMQ, key)
    if not name and key in _WITHOUT:
        return ok(_WITHOUT[key])
    if not name:
        return unknown(f"The profile does not name {key}", f"add mns.{key} to it")
    try:
        return ok(f"{kind} {name} exists{look_up(name) or ''}")
    except SmqError as error:
        return _lookup_failed(f"{kind} {name}", key, error.code)


def _lookup_failed(subject: str, key: str, code: str) -> Finding:
    if code in _ABSENT:
        return wrong(f"{subject} does not exist", f"{DEPLOY}, or correct mns.{key} of the profile")
    if code == "AccessDenied":
        fix = "grant mns:GetQueueAttributes and mns:GetTopicAttributes to the key"
        return unknown(f"The key is not permitted to look up {subject}", fix)
    return unknown(f"{subject} could not be looked up ({code})", "try again in a minute")


def _content(count: int) -> str:
    return f" with about {counted(count, 'message')}" if count else ""


def _subscription(cloud: InspectedCloud, expected: _ExpectedSubscription, actual: tuple[Subscription, ...]) -> Finding:
    queue = cloud.setting(SMQ, expected.queue_key)
    outcomes = f"{expected.tag} outcomes" if expected.tag else "all outcomes"
    if not queue:
        return unknown(f"The profile does not name a queue for {outcomes}", f"add mns.{expected.queue_key} to it")
    matching = [each for each in actual if (each.queue, each.tag) == (queue, expected.tag)]
    if not matching:
        tag = f"the filter tag {expected.tag}" if expected.tag else "no filter tag"
        message = f"No subscription delivers {outcomes} to {queue}"
        return wrong(message, f"{DEPLOY}, or subscribe the queue with {tag}")
    wrapping = next((each for each in matching if each.content_format != "SIMPLIFIED"), None)
    if wrapping:
        message = f"Subscription {wrapping.name} wraps outcomes in {wrapping.content_format}"
        return wrong(message, "create it again with the content format SIMPLIFIED")
    return ok(f"Subscription {matching[0].name} delivers {outcomes} to {queue}")
