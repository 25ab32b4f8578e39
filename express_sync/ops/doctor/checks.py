"""The checks in the order of the report: what has failed, whether services can be reached, what exists there."""

from collections.abc import Iterator, Mapping

from express_sync.ops.doctor.cloud import InspectedCloud
from express_sync.ops.doctor.endpoints import Check, credentials, endpoints
from express_sync.ops.doctor.finding import Finding
from express_sync.ops.doctor.function import function
from express_sync.ops.doctor.health import health
from express_sync.ops.doctor.messaging import queues, subscriptions, topic
from express_sync.ops.doctor.storage_gateway import buckets, permissions
from express_sync.ops.doctor.triggers import role, trigger

CHECKS: Mapping[str, Check] = {
    "health": health,
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


def run_checks(cloud: InspectedCloud) -> Iterator[tuple[str, Finding]]:
    """Run every check and yield each finding with the name of its check."""
    for name, check in CHECKS.items():
        for finding in check(cloud):
            yield name, finding
