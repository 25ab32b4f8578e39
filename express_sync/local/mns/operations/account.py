"""The operations on the account: its attributes, its id, and activating the service.

Reproduces: the requests and the elements that the official SDKs send and read (LoggingBucket of all SDKs, TraceEnabled
and AccountId of the Java SDK 2.0, OrderId of the Python and Java SDKs).
Chosen: the service is always active, and every activation gets a new order id. Attributes have no effect.
Unknown: whether an attribute that was never set is left out or empty (here LoggingBucket is empty, as the Python SDK
requires the element, and TraceEnabled is left out); the form of an order id; the statuses (here 204, and 200).
"""

import secrets
from dataclasses import replace

from express_sync.local.mns import schema, xml
from express_sync.local.mns.operation import NO_CONTENT, Call, Operation
from express_sync.local.mns.protocol import Request, Response
from express_sync.local.mns.xml import Node

_SCHEMA: schema.Schema = {
    "LoggingBucket": ("logging_bucket", schema.text),
    "TraceEnabled": ("trace_enabled", schema.integer),
}


async def set_account_attributes(call: Call) -> Response:
    """Change the attributes that are given."""
    changes = schema.read(schema.document(call.request.body, "Account"), _SCHEMA)
    call.service.attributes = replace(call.service.attributes, **changes)
    return NO_CONTENT


async def get_account_attributes(call: Call) -> Response:
    """Return the attributes."""
    attributes = call.service.attributes
    traced: list[Node] = [] if attributes.trace_enabled is None else [("TraceEnabled", attributes.trace_enabled)]
    return Response(200, xml.write(("Account", [("LoggingBucket", attributes.logging_bucket), *traced])))


async def get_account(call: Call) -> Response:
    """Return the id of the account."""
    return Response(200, xml.write(("Account", [("AccountId", call.service.account.account_id)])))


async def open_service(_call: Call) -> Response:
    """Activate the service, which is always active."""
    return Response(200, xml.write(("OpenService", [("OrderId", secrets.token_hex(8))])))


def _has_meta(request: Request) -> bool:
    return request.query.get("accountmeta", "").lower() == "true"


def _is_account(request: Request) -> bool:
    return "account" in request.query


OPERATIONS = (
    Operation("SetAccountAttributes", "PUT", "/", set_account_attributes, _has_meta),
    Operation("GetAccountAttributes", "GET", "/", get_account_attributes, _has_meta),
    Operation("GetAccount", "GET", "/", get_account, _is_account),
    Operation("OpenService", "POST", "/commonbuy/openservice", open_service),
)
