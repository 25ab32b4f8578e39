"""What Cloud Storage Gateway tells of permissions, of its service role, and of buckets that can be used.

The key that asks is not the function's role: a permission seen here is the key's. CreateExpressSync itself is never
tried. Must not know how the API is asked.

DescribeSharesBucketInfoForExpressSync lists the buckets with a share. It is in the SDK of 2024 and on its help page,
but no longer in the published metadata of the API (April 2026), so a region without it is no fault.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from express_sync.ops.doctor.cloud import GATEWAY, Patient
from express_sync.ops.doctor.endpoints import closed
from express_sync.ops.doctor.finding import Finding, unknown, well, wrong
from handler.provisioning.errors import error_info

MOST_NAMES = 5
_DENIED = ("NoPermission", "Forbidden.RAM")
_ROLE = ("RoleNotExist", "AssumeRoleFail")
_NOT_OFFERED = ("InvalidApi.NotFound", "InvalidAction.NotFound")
_SHARE_FIRST = "create a file share on the bucket with a Standard, Enhanced or Performance Optimized gateway"


def permissions(patient: Patient) -> Iterator[Finding]:
    """Whether groups may be looked up, and whether the service has the role it needs for making them."""
    if shut := closed(patient, GATEWAY):
        yield shut
        return
    answer = patient.groups
    if answer.code in _DENIED:
        rights = "hcs-sgw:DescribeExpressSyncs to it, and with hcs-sgw:CreateExpressSync to the function's role"
        yield wrong(f"The key may not look up groups ({answer.code})", f"grant {rights}")
    elif answer.code in _ROLE:
        yield _role(answer.code)
    elif answer.code:
        yield _unclear("Whether groups may be looked up", answer.code)
    else:
        yield well(f"Groups may be looked up; there are {len(_listed(answer.document, 'ExpressSyncs', 'ExpressSync'))}")


def buckets(patient: Patient) -> Iterator[Finding]:
    """Which buckets can be used for express synchronization, where the API still tells."""
    if shut := closed(patient, GATEWAY):
        yield shut
        return
    answer = patient.buckets
    if answer.code in _NOT_OFFERED:
        yield unknown(
            "The list of usable buckets is not available here", "see the shares of your gateways in the console"
        )
    elif answer.code in _DENIED:
        right = "hcs-sgw:DescribeSharesBucketInfoForExpressSync"
        yield unknown(f"The key may not list usable buckets ({answer.code})", f"grant {right} to it")
    elif answer.code in _ROLE:
        yield _role(answer.code)
    elif answer.code:
        yield _unclear("Which buckets can be used", answer.code)
    else:
        yield _usable(_listed(answer.document, "BucketInfos", "BucketInfo"))


def _role(code: str) -> Finding:
    row = error_info(code, None)
    return wrong(
        f"{row.message.rstrip('.')} ({code})", "authorize it once in its console, role AliyunServiceRoleForHCSSGW"
    )


def _unclear(question: str, code: str) -> Finding:
    return unknown(f"{question} is not known ({code})", "try again in a minute")


def _usable(infos: Sequence[Any]) -> Finding:
    names = sorted({str(info.get("BucketName")) for info in infos if isinstance(info, dict)})
    if not names:
        return wrong("No bucket can be used, as none has a share", _SHARE_FIRST)
    shown = ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")
    return well(f"{len(names)} bucket{'s' if len(names) > 1 else ''} can be used: {shown}")


def _listed(document: Any, outer: str, inner: str) -> Sequence[Any]:
    holder = document.get(outer)
    found = holder.get(inner) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else ()
