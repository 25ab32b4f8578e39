"""Asynchronous invocations through the FC 2.0 API of 2016-08-15: requests of the official fc2 client, our transport.

The client's own transport takes proxies and ~/.netrc from the environment, follows redirects with the token, writes
the signed headers of a rejected request to the root logger, and retries a refused connection for half a minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import fc2

from express_sync.ops.acs import exchange
from express_sync.ops.fc.invocation import TIMEOUT, accepted
from handler.credentials import Credentials


@dataclass(frozen=True, slots=True)
class _Accepted:
    """The response in the form that the client reads; its content is not needed."""

    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


class _Client(fc2.Client):  # type: ignore[misc]  # fc2 is published without types, so mypy takes its class for Any
    def _do_request(self, _method: str, path: str, headers: Mapping[str, str], *, body: bytes) -> _Accepted:
        without_length = {name: value for name, value in headers.items() if name != "content-length"}  # always 0
        accepted(self.endpoint, lambda: exchange("POST", f"{self.endpoint}{path}", without_length, body, TIMEOUT))
        return _Accepted()


def invoke_async(endpoint: str, service: str, function: str, credentials: Credentials, event: bytes) -> None:
    """Queue `event` for a function of an FC 2.0 service. Raise CliError unless Function Compute accepts it."""
    client = _Client(
        endpoint=endpoint.rstrip("/"),
        accessKeyID=credentials.access_key_id,
        accessKeySecret=credentials.access_key_secret,
        securityToken=credentials.security_token,
    )
    client.invoke_function(service, function, payload=event, headers={"x-fc-invocation-type": "Async"})
