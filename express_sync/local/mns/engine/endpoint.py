"""The endpoints of subscriptions: queues of the account, and HTTP servers on this machine.

Reproduces: `acs:mns:REGION:ACCOUNT:queues/NAME` and `http://HOST[:PORT][/PATH]`, with the documented default path
`/notifications`, and without paths that start with `mns-reserverd-` (sic, help page "Endpoint").
Does not reproduce: mail, SMS, mobile push, functions, event buses, HTTPS (the error NotEmulated).
Chosen: so is an HTTP endpoint on another machine, because a local cloud must not call strangers; a name that no queue
can have makes the endpoint invalid.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from express_sync.local.account import Account
from express_sync.local.mns.engine import limits
from express_sync.local.mns.errors import MnsError
from express_sync.local.not_emulated import NotEmulatedError

DEFAULT_PATH = "/notifications"
_RESERVED_PATH = "/mns-reserverd-"
_QUEUE = re.compile(r"acs:mns:([^:/]+):([^:/]+):/?queues/([^:/]+)")
_NOT_EMULATED: Mapping[str, str] = {
    "mail:": "mail subscribers",
    "sms:": "SMS subscribers",
    "dm:": "mail subscribers",
    "dysms:": "SMS subscribers",
    "push:": "mobile push subscribers",
    "acs:fc:": "functions as subscribers",
    "acs:eventbridge:": "event buses as subscribers",
    "https:": "HTTPS subscribers",
}
_NOT_IN_A_REQUEST = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """An HTTP server on this machine; `target` is the path with the query, `authority` is as the endpoint has it."""

    host: str
    port: int
    target: str
    authority: str


def queue_of(endpoint: str, account: Account) -> str:
    """Return the name of the queue of `endpoint`; EndpointInvalid if it is not a queue of this account."""
    match = _QUEUE.fullmatch(endpoint)
    if match is None or match.groups()[:2] != (account.region, account.account_id):
        raise MnsError("EndpointInvalid")
    if not limits.QUEUE_NAME.allows(match[3]):
        raise MnsError("EndpointInvalid")
    return match[3]


def http_target(endpoint: str) -> HttpTarget | None:
    """Return the server of `endpoint`, None if it is a queue; EndpointInvalid, NotEmulatedError."""
    for prefix, what in _NOT_EMULATED.items():
        if endpoint.startswith(prefix):
            raise NotEmulatedError(what)
    if not endpoint.startswith("http://"):
        return None
    try:
        url = urlsplit(endpoint)
        port = 80 if url.port is None else url.port
    except ValueError:
        raise MnsError("EndpointInvalid") from None
    if not url.hostname or not port or url.username is not None or _is_refused(endpoint, url.path):
        raise MnsError("EndpointInvalid")
    return HttpTarget(_loopback(url.hostname), port, _request_target(url), url.netloc)


def _is_refused(endpoint: str, path: str) -> bool:
    return _NOT_IN_A_REQUEST.search(endpoint) is not None or path.startswith(_RESERVED_PATH)


def _request_target(url: SplitResult) -> str:
    return (url.path or DEFAULT_PATH) + (f"?{url.query}" if url.query else "")


def _loopback(host: str) -> str:
    """Return the address of a host name that is this machine. NotEmulatedError for any other."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass  # a name, which could be resolved to any address
    raise NotEmulatedError("HTTP subscribers on other machines")
