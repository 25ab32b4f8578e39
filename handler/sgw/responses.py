"""Turns HTTP responses of the API, which are not trusted, into answers and lookup results."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handler.model import Answer, Created, Fragment, Group, GroupList, LookupResult, Refused
from handler.provisioning import error_table, errors
from handler.sgw import api_document
from handler.transport import retry_after

_OK = 200
_INTERRUPTED = frozenset({408, 499, 502, 504})  # the call may have been forwarded before
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,127}")
_NOTHING: tuple[object, ...] = (None, "", {})
_COUNT = re.compile("[0-9]{1,9}")
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True, slots=True)
class Reply:
    """HTTP status, headers with lower-case names, the body, and the time of the call in the format of x-acs-date."""

    status: int
    headers: Mapping[str, str]
    data: bytes
    asked_at: str = ""


def answer(reply: Reply) -> Answer:
    """Return the answer in a reply to CreateExpressSync."""
    body = api_document.parse(reply.data)
    express_sync_id = _plain(body, "ExpressSyncId", _ID)
    if _is_success(reply.status, body) and express_sync_id:
        return Created(express_sync_id, _plain(body, "RequestId", _ID))
    return _refused(reply, body)


def lookup_result(reply: Reply) -> LookupResult:
    """Return the groups in a reply to DescribeExpressSyncs."""
    body = api_document.parse(reply.data)
    entries = _listed(body) if _is_success(reply.status, body) else None
    if entries is None:
        return _refused(reply, body)
    read = [_group(entry) or _fragment(entry) for entry in entries if isinstance(entry, Mapping)]
    groups = tuple(entry for entry in read if isinstance(entry, Group))
    fragments = tuple(entry for entry in read if isinstance(entry, Fragment))
    return GroupList(groups, fragments, is_complete=_is_complete(body, len(entries)))


def _is_success(status: int, body: Mapping[str, Any]) -> bool:
    """Return whether the service reports a success, and not an error at the same time."""
    return status == _OK and _claims_success(body) and not errors.is_known(_plain(body, "Code", _CODE))


def _claims_success(body: Mapping[str, Any]) -> bool:
    return str(body.get("Success")).lower() == "true"  # text in XML


def _refused(reply: Reply, body: Mapping[str, Any]) -> Refused:
    return Refused(
        code=_code(reply.status, body),
        http_status=reply.status,
        api_request_id=_plain(body, "RequestId", _ID),
        retry_after_seconds=retry_after.seconds(reply.headers, reply.asked_at),
    )


def _code(status: int, body: Mapping[str, Any]) -> str:
    """Return the code of the API, or one of the function's own if the service itself has not answered."""
    given = _code_of_the_api(body)
    if status == _OK:
        return given if given and not _claims_success(body) else "MalformedAnswer"
    if status in _INTERRUPTED:
        return "GatewayLostService"
    if status in error_table.CLIENT_ERRORS:
        return given or "GatewayRefused"
    return (status in error_table.SERVER_ERRORS and given) or "GatewayLostService"


def _code_of_the_api(body: Mapping[str, Any]) -> str:
    """Return the code if it is the API's: a known one, or another one together with a RequestId.

    Proxies answer in JSON too, some with a `Code`; their refusal does not tell whether the call was executed. The
    function's own codes are not accepted from outside.
    """
    code = _plain(body, "Code", _CODE)
    is_of_the_api = errors.is_known(code) or (code not in error_table.OWN and _plain(body, "RequestId", _ID))
    return code if is_of_the_api else ""


def _plain(body: Mapping[str, Any], key: str, allowed: re.Pattern[str]) -> str:
    text = body.get(key)
    return text if isinstance(text, str) and allowed.fullmatch(text) else ""


def _listed(body: Mapping[str, Any]) -> Sequence[object] | None:
    """Return the entries of the list of groups, None if the reply has no list.

    A reply without the member is an empty list only if it counts 0 groups: it might be an answer to another call.
    """
    return _entries(body.get("ExpressSyncs", None if str(body.get("TotalCount")) == "0" else "absent"))


def _is_complete(body: Mapping[str, Any], listed: int) -> bool:
    """Return whether the reply mentions no further groups. The operation has no pages, but may get them one day."""
    total = str(body.get("TotalCount"))
    return not body.get("NextToken") and not (_COUNT.fullmatch(total) and int(total) > listed)


def _entries(listed: object) -> Sequence[object] | None:
    """Return the listed entries. Gateways write an empty one as `{}` or null, and in XML a list of one is an object."""
    entries = listed["ExpressSync"] if isinstance(listed, Mapping) and "ExpressSync" in listed else listed
    if isinstance(entries, list):
        return entries
    if entries in _NOTHING:
        return ()
    is_one = isinstance(entries, Mapping) and (entries is not listed or "ExpressSyncId" in entries)
    return (entries,) if is_one else None


def _group(entry: Mapping[str, Any]) -> Group | None:
    """Return the group that an entry shows, None if any field of it cannot be read, or its id cannot be published."""
    needed = [_plain(entry, "ExpressSyncId", _ID), *map(entry.get, ("Name", "BucketName", "BucketRegion"))]
    optional = [entry.get(name) or "" for name in ("BucketPrefix", "Description")]
    texts = [text for text in (*needed, *optional) if isinstance(text, str)]
    return Group(*texts) if all(needed) and len(texts) == 6 else None


def _fragment(entry: Mapping[str, Any]) -> Fragment:
    return Fragment(*(_text(entry.get(name)) for name in ("Name", "BucketName", "BucketPrefix")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
