"""What an HTTP reply of the API says, read with suspicion: status, headers and bytes in, answers and findings out.

It must not know which connection the reply came over, or what happens next.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handler.model import Answer, Created, Finding, Fragment, Group, Refused, Seen
from handler.provisioning import errors
from handler.sgw import api_document
from handler.transport import retry_after

_OK = 200
_GAVE_UP = frozenset({408, 499, 502, 504})  # whoever says so has passed the call on, or was still reading it
_CLIENT_ERRORS = range(400, 500)
_SERVER_ERRORS = range(500, 600)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,127}")
_NOTHING: tuple[object, ...] = (None, "", {})
_COUNT = re.compile("[0-9]{1,9}")
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True, slots=True)
class Reply:
    """HTTP status, headers with lower-case names, and the whole body; when the call was made, as x-acs-date says it."""

    status: int
    headers: Mapping[str, str]
    data: bytes
    asked_at: str = ""


def answer(reply: Reply) -> Answer:
    """Return what a reply to CreateExpressSync amounts to."""
    body = api_document.parse(reply.data)
    express_sync_id = _plain(body, "ExpressSyncId", _ID)
    if _is_success(reply, body) and express_sync_id:
        return Created(express_sync_id, _plain(body, "RequestId", _ID))
    return _refused(reply, body)


def finding(reply: Reply) -> Finding:
    """Return what a reply to DescribeExpressSyncs amounts to."""
    body = api_document.parse(reply.data)
    entries = _listed(body) if _is_success(reply, body) else None
    if entries is None:
        return _refused(reply, body)
    read = [_group(entry) or _fragment(entry) for entry in entries if isinstance(entry, Mapping)]
    groups = tuple(entry for entry in read if isinstance(entry, Group))
    return Seen(groups, tuple(entry for entry in read if isinstance(entry, Fragment)))


def _is_success(reply: Reply, body: Mapping[str, Any]) -> bool:
    return reply.status == _OK and str(body.get("Success")).lower() == "true"  # text in XML


def _refused(reply: Reply, body: Mapping[str, Any]) -> Refused:
    return Refused(
        code=_code(reply.status, body),
        http_status=reply.status,
        api_request_id=_plain(body, "RequestId", _ID),
        retry_after_seconds=retry_after.seconds(reply.headers, reply.asked_at),
    )


def _code(status: int, body: Mapping[str, Any]) -> str:
    """Return the code of the API, or a name of ours where the service itself has not answered."""
    given = _code_of_the_api(body)
    if status == _OK:
        return given or "MalformedAnswer"
    if status in _GAVE_UP:
        return "GatewayLostService"
    if status in _CLIENT_ERRORS:
        return given or "GatewayRefused"
    return (status in _SERVER_ERRORS and given) or "GatewayLostService"


def _code_of_the_api(body: Mapping[str, Any]) -> str:
    """Return the code if the API has given it: one that is known, or any other beside the RequestId of each answer.

    Proxies answer in JSON too, and some have a `Code`; a refusal of theirs does not say what became of the call. Nor
    may anybody but this function use the function's own names.
    """
    code = _plain(body, "Code", _CODE)
    is_of_the_api = errors.is_known(code) or (code not in errors.OWN and _plain(body, "RequestId", _ID))
    return code if is_of_the_api else ""


def _plain(body: Mapping[str, Any], key: str, allowed: re.Pattern[str]) -> str:
    text = body.get(key)
    return text if isinstance(text, str) and allowed.fullmatch(text) else ""


def _listed(body: Mapping[str, Any]) -> Sequence[object] | None:
    """Return the entries of a list of groups, None if the reply has no list or does not show all of it.

    A reply without the member is an empty list only if it counts 0 groups: it might be an answer to another call.
    """
    total = str(body.get("TotalCount", ""))
    count = int(total) if _COUNT.fullmatch(total) else None
    entries = _entries(body.get("ExpressSyncs", None if count == 0 else "absent"))
    return None if count is not None and entries is not None and count > len(entries) else entries


def _entries(listed: object) -> Sequence[object] | None:
    """Return what is listed. Gateways write an empty list as `{}` or null, and in XML a list of one is an object."""
    entries = listed["ExpressSync"] if isinstance(listed, Mapping) and "ExpressSync" in listed else listed
    if isinstance(entries, list):
        return entries
    if entries in _NOTHING:
        return ()
    is_one = isinstance(entries, Mapping) and (entries is not listed or "ExpressSyncId" in entries)
    return (entries,) if is_one else None


def _group(entry: Mapping[str, Any]) -> Group | None:
    """Return the group that an entry shows, None if any field of it cannot be read."""
    needed = [entry.get(name) for name in ("ExpressSyncId", "Name", "BucketName", "BucketRegion")]
    optional = [entry.get(name) or "" for name in ("BucketPrefix", "Description")]
    texts = [text for text in (*needed, *optional) if isinstance(text, str)]
    return Group(*texts) if all(needed) and len(texts) == 6 else None


def _fragment(entry: Mapping[str, Any]) -> Fragment:
    return Fragment(*(_text(entry.get(name)) for name in ("Name", "BucketName", "BucketPrefix")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
