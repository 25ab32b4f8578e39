"""The checks, in the order in which they are shown: what can be reached first, what is there after it."""

from collections.abc import Callable, Iterator, Mapping

from express_sync.ops.doctor.cloud import Patient
from express_sync.ops.doctor.endpoints import credentials, endpoints
from express_sync.ops.doctor.finding import Finding
from express_sync.ops.doctor.function import function
from express_sync.ops.doctor.messaging import queues, subscriptions, topic
from express_sync.ops.doctor.storage_gateway import buckets, permissions
from express_sync.ops.doctor.triggers import role, trigger

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
