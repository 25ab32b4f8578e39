"""The faults that calls of this service can meet."""

from typing import Literal, NamedTuple

from express_sync.local.faults import Fault, Kind, Kinds
from express_sync.local.mns.errors import ERRORS
from express_sync.local.mns.protocol import Response


class ErrorResponse(NamedTuple):
    """An error instead of the result."""

    code: str


# What is sent: the result, a TCP RST, nothing at all, an error of the service, or another response.
Wire = Literal["result", "reset", "silence"] | ErrorResponse | Response

_HTML = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"
# The names of the operations of the dispatcher, whose modules need a web server.
OPERATIONS = (
    *("CreateQueue", "SetQueueAttributes", "GetQueueAttributes", "DeleteQueue", "ListQueue"),
    *("SendMessage", "BatchSendMessage", "ReceiveMessage", "BatchReceiveMessage", "PeekMessage", "BatchPeekMessage"),
    *("DeleteMessage", "BatchDeleteMessage", "ChangeMessageVisibility"),
    *("CreateTopic", "SetTopicAttributes", "GetTopicAttributes", "DeleteTopic", "ListTopic", "PublishMessage"),
    *("Subscribe", "SetSubscriptionAttributes", "GetSubscriptionAttributes", "Unsubscribe"),
    *("ListSubscriptionByTopic", "SetAccountAttributes", "GetAccountAttributes", "GetAccount", "OpenService"),
)
NO_FAULT: Fault[Wire] = Fault("", "now", "result")
KINDS: Kinds[Wire] = {
    **{code: Kind("never", ErrorResponse(code)) for code in ERRORS},
    "reset-before": Kind("never", "reset"),
    "reset-after": Kind("now", "reset"),
    "timeout-before": Kind("never", "silence"),
    "timeout-after": Kind("now", "silence"),
    "error-after": Kind("now", ErrorResponse("InternalError")),
    "unavailable": Kind("never", Response(503, content_type="text/html")),
    "http-502-html": Kind("never", Response(502, _HTML, content_type="text/html")),
    "slow": Kind("now", "result", "MILLISECONDS"),
}
