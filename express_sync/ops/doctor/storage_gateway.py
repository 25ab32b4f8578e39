"""Checks the permissions, the service role and the usable buckets of Cloud Storage Gateway.

The calls are made with the user's key, not with the role of the function, so a permission seen here is the key's.
CreateExpressSync is never called.

DescribeSharesBucketInfoForExpressSync lists the buckets with a share. It is in the SDK of 2024 and on its help page,
but no longer in the published metadata of the API (April 2026), so a region without it is not at fault.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from express_sync.ops.doctor.cloud import GATEWAY, InspectedCloud
from express_sync.ops.doctor.endpoints import needs
from express_sync.ops.doctor.finding import Finding, ok, unknown, wrong
from express_sync.ops.terminal.output import counted
from handler.provisioning.errors import error_info

MAX_NAMES = 5
_DENIED = ("NoPermission", "Forbidden.RAM")
_ROLE = ("RoleNotExist", "AssumeRoleFail")
_NOT_OFFERED = ("InvalidApi.NotFound", "InvalidAction.NotFound")
_SHARE_FIRST = "create a file share on the bucket with a Standard, Enhanced or Performance Optimized gateway"


@needs(GATEWAY)
def permissions(cloud: InspectedCloud) -> Iterator[Finding]:
    """Check that the key may look up groups, and that the service has the role that it needs to create them."""
    code = cloud.groups.code
    if code:
        rights = "hcs-sgw:DescribeExpressSyncs to it, and with hcs-sgw:CreateExpressSync to the function's role"
        denied = wrong(f"The key is not permitted to look up groups ({code})", f"grant {rights}")
        yield _lookup_failed("Groups", code, denied)
    else:
        count = len(_items(cloud.groups.document, "ExpressSyncs", "ExpressSync"))
        yield ok(f"The key may look up groups; there are {count}")


@needs(GATEWAY)
def buckets(cloud: InspectedCloud) -> Iterator[Finding]:
    """Report which buckets can be used for express synchronization, if the API still lists them."""
    code = cloud.buckets.code
    if code in _NOT_OFFERED:
        yield unknown(
            "The list of usable buckets is not available here", "see the shares of your gateways in the console"
        )
    elif code:
        right = "hcs-sgw:DescribeSharesBucketInfoForExpressSync"
        denied = unknown(f"The key is not permitted to list usable buckets ({code})", f"grant {right} to it")
        yield _lookup_failed("Usable buckets", code, denied)
    else:
        yield _usable(_items(cloud.buckets.document, "BucketInfos", "BucketInfo"))


def _lookup_failed(subject: str, code: str, denied: Finding) -> Finding:
    """Return the finding for an error code; `denied` is the one for a key without permission."""
    if code in _DENIED:
        return denied
    if code in _ROLE:
        message = error_info(code, None).message.rstrip(".")
        return wrong(f"{message} ({code})", "authorize it once in its console, role AliyunServiceRoleForHCSSGW")
    return unknown(f"{subject} could not be looked up ({code})", "try again in a minute")


def _usable(infos: Sequence[Any]) -> Finding:
    names = sorted({str(info.get("BucketName")) for info in infos if isinstance(info, dict)})
    if not names:
        return wrong("No bucket can be used, because none has a share", _SHARE_FIRST)
    shown = ", ".join(names[:MAX_NAMES]) + (", …" if len(names) > MAX_NAMES else "")
    return ok(f"{counted(len(names), 'bucket')} can be used: {shown}")


def _items(document: Any, outer: str, inner: str) -> Sequence[Any]:
    holder = document.get(outer)
    found = holder.get(inner) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else ()
