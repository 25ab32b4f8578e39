"""Builds the messages that the portal sends: the event of a request, with a submission id chosen by the portal.

The id is chosen before the message is sent, so that the submission is in the store before its outcome can arrive.
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from express_sync.portal.store.submitting import SOURCE, Envelope
from handler.inbound.request_event import Lineage, encode, plain

MAX_ATTRIBUTE_LENGTH = 256
# header of the HTTP request: extension attribute of every later event of the request
_ATTRIBUTES = {"traceparent": "traceparent", "tracestate": "tracestate", "x-correlation-id": "correlationid"}


def new_submission(document: Mapping[str, Any], headers: Mapping[str, str], at_ms: int) -> Envelope:
    """Return the message for a new request, which carries the trace and correlation headers of its sender."""
    submission_id = f"ps-{uuid4().hex}"
    texts = {name: plain(headers.get(header), MAX_ATTRIBUTE_LENGTH) for header, name in _ATTRIBUTES.items()}
    attributes = {name: text for name, text in texts.items() if text is not None}
    lineage = Lineage({"requestsource": SOURCE, **attributes}, submission_id=submission_id)
    return Envelope(submission_id, encode(document, lineage, SOURCE, submission_id), at_ms)
