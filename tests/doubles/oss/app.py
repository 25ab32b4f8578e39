"""OSS over HTTP: GetBucketInfo, PutObject, HeadObject, DeleteObject, and the admin API at `/_local`.

Reproduces: signature V4, path style addresses, ETag as the MD5 of the content, the error body (for HEAD in the header
`x-oss-err`), the refusal of a bucket that is in another region, Content-MD5, x-oss-forbid-overwrite, the rules for
the names of objects (1 to 1023 bytes, not beginning with a slash or a backslash).
Does not reproduce: every other operation, sub-resource, parameter and header of OSS (all are the error NotEmulated),
addresses by host name. Unknown: whether an endpoint of another region refuses GetBucketInfo like other operations or
describes the bucket; each bucket has a flag.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from express_sync.local.account import Account
from express_sync.local.admin import ADMIN_ERRORS
from express_sync.local.api_error import ApiError
from express_sync.local.call_log import CallLog
from express_sync.local.fault_routes import fault_routes
from express_sync.local.faults import FaultQueue, Kind
from express_sync.local.not_emulated import NotEmulatedError
from tests.doubles.oss.errors import ELSEWHERE, ERRORS, OssError, body_of
from tests.doubles.oss.signature import Signed, verify

# (method, whether there is a key, the query's names) -> operation
_OPERATIONS = {
    ("GET", False, ("bucketInfo",)): "GetBucketInfo",
    ("PUT", True, ()): "PutObject",
    ("HEAD", True, ()): "HeadObject",
    ("DELETE", True, ()): "DeleteObject",
}
_HEADERS = frozenset({"x-oss-date", "x-oss-content-sha256", "x-oss-security-token", "x-oss-forbid-overwrite"})
# Of the headers without a prefix those that change what an operation does, or what it stores beside the content.
_NOT_EMULATED = frozenset(
    {
        *("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "range"),
        *("cache-control", "content-disposition", "content-encoding", "content-language", "expires"),
    }
)
MAX_KEY_BYTES = 1023
_FAULTS = {code: Kind("never", code) for code in ERRORS}


@dataclass(slots=True)
class Bucket:
    """A bucket in a region with its objects by key; `is_told` if the endpoints of other regions describe it too."""

    region: str
    is_told: bool = False
    objects: dict[str, bytes] = field(default_factory=dict)


def create_app(account: Account, buckets: dict[str, Bucket], now: Callable[[], float] = time.time) -> Starlette:
    """Serve `buckets` at the endpoint of the account's region; `now` is in seconds since the epoch."""
    service = _Service(account, buckets, now)
    local = [*fault_routes(service.faults), service.calls.route()]
    methods = ["GET", "PUT", "HEAD", "DELETE", "POST", "OPTIONS", "PATCH"]
    routes = [Mount("/_local", routes=local), Route("/{path:path}", service.call, methods=methods)]
    return Starlette(routes=routes, exception_handlers=ADMIN_ERRORS)


class _Service:
    def __init__(self, account: Account, buckets: dict[str, Bucket], now: Callable[[], float]) -> None:
        self.faults: FaultQueue[str] = FaultQueue(_FAULTS, tuple(_OPERATIONS.values()))
        self.calls: CallLog[dict[str, str]] = CallLog()
        self._account = account
        self._buckets = buckets
        self._now = now

    async def call(self, request: Request) -> Response:
        """Respond to a call of the API."""
        request_id = secrets.token_hex(12).upper()
        body = await request.body()
        name, _, key = request.path_params["path"].partition("/")
        logged = self.calls.add({"operation": "", "bucket": name, "key": key})
        try:
            operation = logged["operation"] = _operation(request, key)
            self._admit(request, operation, key or name)
            bucket = self._bucket(name, operation)
            if operation == "PutObject":
                _check_put(request, bucket, key, body)
            response = self._run(operation, bucket, name, key, body)
        except ApiError as error:
            response = _failed(error, request, request_id)
        response.headers["x-oss-request-id"] = request_id
        return response

    def _admit(self, request: Request, operation: str, name: str) -> None:
        signed = Signed(request.method, request.url.path, request.url.query, request.headers)
        verify(signed, self._account.keys(), self._account.region, self._now())
        if fault := self.faults.take(operation, name):
            raise OssError(fault.wire)

    def _bucket(self, name: str, operation: str) -> Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            raise OssError("NoSuchBucket", BucketName=name)
        is_told = bucket.is_told and operation == "GetBucketInfo"
        if bucket.region != self._account.region and not is_told:
            raise OssError("AccessDenied", ELSEWHERE, Endpoint=f"oss-{bucket.region}.aliyuncs.com")
        return bucket

    def _run(self, operation: str, bucket: Bucket, name: str, key: str, body: bytes) -> Response:
        if operation == "GetBucketInfo":
            return Response(self._info(name, bucket), media_type="application/xml")
        if operation == "PutObject":
            bucket.objects[key] = body
            return Response(headers={"etag": _etag(body)})
        if operation == "DeleteObject":
            bucket.objects.pop(key, None)
            return Response(status_code=204)
        if key not in bucket.objects:
            raise OssError("NoSuchKey", Key=key)
        return Response(bucket.objects[key], headers={"etag": _etag(bucket.objects[key])})

    def _info(self, name: str, bucket: Bucket) -> str:
        owner = f"<Owner><ID>{self._account.account_id}</ID><DisplayName>local</DisplayName></Owner>"
        where = f"<Location>oss-{bucket.region}</Location><Name>{name}</Name>"
        return f"<BucketInfo><Bucket>{where}{owner}<StorageClass>Standard</StorageClass></Bucket></BucketInfo>"


def _operation(request: Request, key: str) -> str:
    """Return the operation of a request. NotEmulatedError unless all that could change its meaning is emulated."""
    names = tuple(name for name, _ in parse_qsl(request.url.query, keep_blank_values=True))
    operation = _OPERATIONS.get((request.method, bool(key), names))
    if operation is None:
        raise NotEmulatedError(f"{request.method} of {'an object' if key else 'a bucket'} with ?{'&'.join(names)}")
    headers = {name for name in request.headers if name.startswith("x-oss-")}
    if unknown := sorted((headers - _HEADERS) | _NOT_EMULATED.intersection(request.headers)):
        raise NotEmulatedError(f"the header {unknown[0]}")
    return operation


def _check_put(request: Request, bucket: Bucket, key: str, body: bytes) -> None:
    """Return if the object may be stored. OssError."""
    if len(key.encode()) > MAX_KEY_BYTES or key.startswith(("/", "\\")):
        raise OssError("InvalidObjectName")
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    if request.headers.get("content-md5", digest) != digest:
        raise OssError("InvalidDigest")
    if request.headers.get("x-oss-forbid-overwrite", "").lower() == "true" and key in bucket.objects:
        raise OssError("FileAlreadyExists", Key=key)


def _failed(error: ApiError, request: Request, request_id: str) -> Response:
    body = body_of(error, request_id, request.headers.get("host", ""))
    if request.method == "HEAD":
        return Response(status_code=error.status, headers={"x-oss-err": base64.b64encode(body).decode()})
    return Response(body, error.status, media_type="application/xml")


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest().upper()}"'
