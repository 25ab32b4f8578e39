"""Checks the permissions, the service role and the usable buckets of Cloud Storage Gateway.

The calls are made with the user's key, not with the role of the function, so a permission seen here is the key's.
CreateExpressSync is never called.

DescribeSharesBucketInfoForExpressSync lists the buckets with a share. It is in the SDK of 2024 and on its help page,
but no longer in the published metadata of the API (April 2026), so a region without it is not at fault.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from express_sync.ops.doctor.cloud import GATEWAY, InspectedCloud
from express_sync.ops.doctor.endpoints import unavailable
from express_sync.ops.doctor.finding import Finding, ok, unknown, wrong
from handler.provisioning.errors import error_info

MAX_NAMES = 5
_DENIED = ("NoPermission", "Forbidden.RAM")
_ROLE = ("RoleNotExist", "AssumeRoleFail")
_NOT_OFFERED = ("InvalidApi.NotFound", "InvalidAction.NotFound")
_SHARE_FIRST = "create a file share on the bucket with a Standard, Enhanced or Performance Optimized gateway"


def permissions(cloud: InspectedCloud) -> Iterator[Finding]:
    """Check that the key may look up groups, and that the service has the role that it needs to create them."""
    if finding := unavailable(cloud, GATEWAY):
        yield finding
        return
    response = cloud.groups
    if response.code in _DENIED:
        rights = "hcs-sgw:DescribeExpressSyncs to it, and with hcs-sgw:CreateExpressSync to the function's role"
        yield wrong(f"The key is not permitted to look up groups ({response.code})", f"grant {rights}")
    elif response.code in _ROLE:
        yield _missing_role(response.code)
    elif response.code:
        yield _undetermined("Groups could not be looked up", response.code)
    else:
        count = len(_items(response.document, "ExpressSyncs", "ExpressSync"))
        yield ok(f"The key may look up groups; there are {count}")


def buckets(cloud: InspectedCloud) -> Iterator[Finding]:
    """Report which buckets can be used for express synchronization, if the API still lists them."""
    if finding := unavailable(cloud, GATEWAY):
        yield finding
        return
    response = cloud.buckets
    if response.code in _NOT_OFFERED:
        yield unknown(
            "The list of usable buckets is not available here", "see the shares of your gateways in the console"
        )
    elif response.code in _DENIED:
        right = "hcs-sgw:DescribeSharesBucketInfoForExpressSync"
        yield unknown(f"The key is not permitted to list usable buckets ({response.code})", f"grant {right} to it")
    elif response.code in _ROLE:
        yield _missing_role(response.code)
    elif response.code:
        yield _undetermined("Usable buckets could not be looked up", response.code)
    else:
        yield _usable(_items(response.document, "BucketInfos", "BucketInfo"))


def _missing_role(code: str) -> Finding:
    message = error_info(code, None).message.rstrip(".")
    return wrong(f"{message} ({code})", "authorize it once in its console, role AliyunServiceRoleForHCSSGW")


def _undetermined(message: str, code: str) -> Finding:
    return unknown(f"{message} ({code})", "try again in a minute")


def _usable(infos: Sequence[Any]) -> Finding:
    names = sorted({str(info.get("BucketName")) for info in infos if isinstance(info, dict)})
    if not names:
        return wrong("No bucket can be used, because none has a share", _SHARE_FIRST)
    shown = ", ".join(names[:MAX_NAMES]) + (", …" if len(names) > MAX_NAMES else "")
    return ok(f"{len(names)} bucket{'s' if len(names) > 1 else ''} can be used: {shown}")


def _items(document: Any, outer: str, inner: str) -> Sequence[Any]:
    holder = document.get(outer)
    found = holder.get(inner) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else ()
