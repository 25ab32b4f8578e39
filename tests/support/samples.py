"""Samples: a request, the API's answers to it, deliveries and the context of an outcome."""

from dataclasses import fields, replace
from datetime import datetime, timezone
from typing import Any

from handler.inbound.envelope import Delivery
from handler.inbound.request_event import Lineage
from handler.model import Created, Group, GroupList, ProvisionRequest, Refused, Unanswered
from handler.outcome import OutcomeContext, Processing
from handler.provisioning.retry import Deadlines
from handler.smq.client import SmqError

DOCUMENT = {
    "requestId": "REQ-1",
    "name": "photos",
    "bucketName": "holiday-bucket",
    "bucketRegion": "cn-hangzhou",
    "bucketPrefix": "teams/a",
    "description": "of summer",
    "requester": "lin.wei",
}
REQUEST = ProvisionRequest("REQ-1", "photos", "holiday-bucket", "cn-hangzhou", "teams/a", "of summer")

CREATED = Created("sync-new", "API-1")
NO_GROUPS = GroupList(())
THROTTLED = Refused("Throttling.User", 400)
INTERNAL_ERROR = Refused("InternalError", 500)
ASSUME_ROLE_FAIL = Refused("AssumeRoleFail", 403)
DUPLICATE = Refused("DuplicateExpressSyncName", 400)
NO_PERMISSION = Refused("NoPermission", 403)
READ_TIMEOUT = Unanswered("ReadTimeout", sent=True)
NOT_CONNECTED = Unanswered("NotConnected", sent=False)

# The codes of requests that can never have made a group.
IMPOSSIBLE = (
    "EmptyExpressSyncName",
    "EmptyBucketName",
    "EmptyBucketRegion",
    "InvalidExpressSyncName",
    "DescriptionOverLimit",
    "InvalidRegionId",
    "InvalidBucketName",
)

TOPIC_GONE = SmqError("TopicNotExist", transient=False)
QUEUE_CLOSED = SmqError("AccessDenied", transient=False)

# The attributes of a CloudEvent that travel from the request to its outcome.
TRAVELLERS = ("requestsource", "causationid", "correlationid", "traceparent", "tracestate")

DEADLINES = Deadlines(create=1078.0, lookup=1103.0, publish=1118.0)  # of an invocation that began at 1000
MOMENT = datetime(2026, 11, 23, 8, 0, tzinfo=timezone.utc)
PROCESSING = Processing(started_at=MOMENT, finished_at=MOMENT)


def group_of(**changes: str) -> Group:
    """Return the group that REQUEST asks for, with `changes`."""
    group = Group("sync-there", "photos", "holiday-bucket", "cn-hangzhou", "teams/a", "of summer")
    return replace(group, **changes)


def delivery(document: object = DOCUMENT, message_id: str = "M-1", **more: Any) -> Delivery:
    """Return a delivery of `document`, whose message is its submission unless a lineage names another."""
    lineage = more.pop("lineage", Lineage())
    return Delivery(
        message_id, document, lineage=replace(lineage, submission_id=lineage.submission_id or message_id), **more
    )


def outcome_context(**changes: Any) -> OutcomeContext:
    """Return the context of an outcome, with `changes` of it or of its processing."""
    of_processing = {field.name: changes.pop(field.name) for field in fields(Processing) if field.name in changes}
    context = OutcomeContext(
        source="acs:fc:cn-hangzhou:1234567890123456:functions/provision",
        message_id="M-1",
        request_id="REQ-1",
        lineage=Lineage(submission_id="M-1"),
        processing=replace(PROCESSING, **of_processing),
    )
    return replace(context, **changes)
