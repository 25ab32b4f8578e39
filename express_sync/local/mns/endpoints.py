"""Queue endpoints as the SDKs generate them.

The SDKs for Java, Go and PHP take the account from the first label of the endpoint's host, and that for PHP also the
region from the third (`generateQueueEndpoint` in their sources, read 2026): right for
`http://ACCOUNT.mns.REGION.aliyuncs.com`, but for `http://127.0.0.1:PORT` they generate `acs:mns:0:127:queues/NAME`. To
the SDK for PHP the port is part of the last label: for `http://localhost:PORT` it generates
`acs:mns::localhost:PORT:queues/NAME`.
Chosen: exactly these labels of the address that the client called stand for the account and the region.
"""

import re

from express_sync.local.account import Account

_QUEUE = re.compile(r"acs:mns:([^:/]*):([^/]*):(/?queues/[^:/]+)")


def canonical_endpoint(endpoint: str, host: str, account: Account) -> str:
    """Return `endpoint`, with the account's own id and region if they were taken from `host` (`HOST:PORT`)."""
    match = _QUEUE.fullmatch(endpoint)
    if match is None:
        return endpoint
    region, owner, queue = match.groups()
    labels = [*host.partition(":")[0].split("."), "", "", ""]
    region = account.region if region == labels[2] else region
    owner = account.account_id if owner in (labels[0], host.partition(".")[0]) else owner
    return f"acs:mns:{region}:{owner}:{queue}"
