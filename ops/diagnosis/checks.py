"""The checks, in the order in which they are shown: what can be reached first, what is there after it."""

from collections.abc import Callable, Iterator, Mapping

from ops.diagnosis.access import credentials, endpoints
from ops.diagnosis.calling import role, trigger
from ops.diagnosis.finding import Finding
from ops.diagnosis.function import function
from ops.diagnosis.gateway import buckets, permissions
from ops.diagnosis.messaging import queues, subscriptions, topic
from ops.diagnosis.patient import Patient

CHECKS: Mapping[str, Callable[[Patient], Iterator[Finding]]] = {
    "endpoints": endpoints,
    "credentials": credentials,
    "queues": queues,
    "topic": topic,
    "subscriptions": subscriptions,
    "function": function,
    "role": role,
    "trigger": trigger,
    "permissions": permissions,
    "buckets": buckets,
}


def examine(patient: Patient) -> Iterator[tuple[str, Finding]]:
    """Every finding under the name of its check, as it comes."""
    for name, check in CHECKS.items():
        for finding in check(patient):
            yield name, finding
