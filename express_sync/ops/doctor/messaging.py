"""Whether the queues, the topic and its subscriptions of template.yml are there. Must not know how SMQ is asked."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from express_sync.ops.doctor.cloud import SMQ, Patient
from express_sync.ops.doctor.endpoints import closed
from express_sync.ops.doctor.finding import Finding, unknown, well, wrong
from express_sync.ops.doctor.smq_inventory import Subscription
from express_sync.ops.queues.client import RESULT_QUEUE
from handler.smq.client import SmqError

QUEUES = ("requestQueue", RESULT_QUEUE, "failureQueue", "deadLetterQueue")
_ABSENT = ("QueueNotExist", "TopicNotExist")
_DEPLOY = "deploy template.yml"


class _Wanted(NamedTuple):
    """A subscription of the result topic: which queue it feeds, and with which outcomes (all if `tag` is empty)."""

    role: str
    tag: str


SUBSCRIPTIONS = (
    _Wanted(RESULT_QUEUE, ""),
    _Wanted("failureQueue", "failed"),
    _Wanted("failureQueue", "indeterminate"),
)


def queues(patient: Patient) -> Iterator[Finding]:
    """Whether each queue exists, and about how much lies in it."""
    if shut := closed(patient, SMQ):
        yield shut
        return
    for role in QUEUES:
        yield _seen(patient, "Queue", role, lambda name: _content(patient.records.messages_in(name)))


def topic(patient: Patient) -> Iterator[Finding]:
    """Whether the result topic exists."""
    yield closed(patient, SMQ) or _seen(patient, "Topic", "resultTopic", lambda name: _there(patient, name))


def subscriptions(patient: Patient) -> Iterator[Finding]:
    """Whether the result topic feeds the queues with just what belongs there."""
    if shut := closed(patient, SMQ):
        yield shut
        return
    name = patient.named(SMQ, "resultTopic")
    try:
        found = patient.records.subscriptions(name) if name else ()
    except SmqError as error:
        yield unknown(f"Who subscribes to {name} is not known ({error.code})", "see to the topic first")
        return
    for wanted in SUBSCRIPTIONS:
        if wanted.role != RESULT_QUEUE or patient.named(SMQ, RESULT_QUEUE):
            yield _subscribed(patient, wanted, found)


def _seen(patient: Patient, kind: str, role: str, look: Callable[[str], str]) -> Finding:
    name = patient.named(SMQ, role)
    if not name and role == RESULT_QUEUE:
        return well("There is no result queue, and none has to be; submit --wait and watch would need one")
    if not name:
        return unknown(f"The profile names no {role}", f"add mns.{role} to it")
    try:
        return well(f"{kind} {name} is there{look(name)}")
    except SmqError as error:
        return _unseen(f"{kind} {name}", role, error.code)


def _unseen(subject: str, role: str, code: str) -> Finding:
    if code in _ABSENT:
        return wrong(f"{subject} does not exist", f"{_DEPLOY}, or correct mns.{role} of the profile")
    if code == "AccessDenied":
        return unknown(
            f"{subject} may not be looked at", "grant the key mns:GetQueueAttributes and mns:GetTopicAttributes"
        )
    return unknown(f"{subject} could not be looked at ({code})", "try again in a minute")


def _there(patient: Patient, name: str) -> str:
    patient.records.see_topic(name)
    return ""


def _content(count: int) -> str:
    return f" with about {count} message{'s' if count > 1 else ''}" if count else ""


def _subscribed(patient: Patient, wanted: _Wanted, found: tuple[Subscription, ...]) -> Finding:
    queue = patient.named(SMQ, wanted.role)
    outcomes = f"{wanted.tag} outcomes" if wanted.tag else "all outcomes"
    if not queue:
        return unknown(f"Where {outcomes} should go is not known", f"add mns.{wanted.role} to the profile")
    fitting = [each for each in found if (each.queue, each.tag) == (queue, wanted.tag)]
    if not fitting:
        tag = f"the filter tag {wanted.tag}" if wanted.tag else "no filter tag"
        return wrong(f"No subscription brings {outcomes} to {queue}", f"{_DEPLOY}, or subscribe the queue with {tag}")
    other = next((each for each in fitting if each.content_format != "SIMPLIFIED"), None)
    if other:
        says = f"Subscription {other.name} wraps outcomes in {other.content_format}"
        return wrong(says, "subscribe anew with the content format SIMPLIFIED")
    return well(f"Subscription {fitting[0].name} brings {outcomes} to {queue}")
