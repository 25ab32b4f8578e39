"""Asynchronous invocations through FC 2.0's API of 2016-08-15: the official fc2 client's requests over our transport.

The client's own would take proxies and ~/.netrc from the environment, follow redirects with the token, write the signed
headers of a refused request to the root log, and try a refused connection for half a minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import fc2

from express_sync.ops.fc.invocation import post
from handler.credentials import Credentials


@dataclass(frozen=True, slots=True)
class _Accepted:
    """An answer as the client reads one; what it says is not asked for."""

    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


class _Client(fc2.Client):  # type: ignore[misc]  # the package has no types
    def _do_request(self, _method: str, path: str, headers: Mapping[str, str], *, body: bytes) -> _Accepted:
        own_length = {name: value for name, value in headers.items() if name != "content-length"}  # it says 0
        post(self.endpoint, path, own_length, body)
        return _Accepted()


def invoke_later(endpoint: str, service: str, function: str, credentials: Credentials, event: bytes) -> None:
    """Leave `event` with the function of an FC 2.0 service. CliError unless it is accepted."""
    client = _Client(
        endpoint=endpoint.rstrip("/"),
        accessKeyID=credentials.access_key_id,
        accessKeySecret=credentials.access_key_secret,
        securityToken=credentials.security_token,
    )
    client.invoke_function(service, function, payload=event, headers={"x-fc-invocation-type": "Async"})
