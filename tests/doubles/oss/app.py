"""OSS over HTTP: GetBucketInfo, PutObject, HeadObject, DeleteObject, and the tests' own door at `/_local`.

Reproduces: signature V4, path style addresses, ETag as the MD5 of the content, the error body (for HEAD in the header
`x-oss-err`), the refusal of a bucket that is in another region. Does not reproduce: every other operation, addresses
by host name, versions, encryption, checksums, metadata, policies. Unknown: what an endpoint of another region answers
to GetBucketInfo: the refusal that it gives to the other operations, or the description; here each bucket has its way.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from express_sync.local.account import Account
from tests.doubles.oss.errors import ELSEWHERE, RefusalError
from tests.doubles.oss.signature import Signed, verify


@dataclass(slots=True)
class Bucket:
    """A bucket in a region, with its objects by their keys; `is_told` if other regions' endpoints describe it too."""

    region: str
    is_told: bool = False
    objects: dict[str, bytes] = field(default_factory=dict)


def create_app(account: Account, buckets: dict[str, Bucket], now: Callable[[], float] = time.time) -> Starlette:
    """Serve `buckets` at the endpoint of the account's region; `now` is in seconds since the epoch."""
    service = _Service(account, buckets, now)
    local = [Route("/faults", service.script, methods=["POST"]), Route("/calls", service.calls, methods=["GET"])]
    methods = ["GET", "PUT", "HEAD", "DELETE", "POST"]
    return Starlette(routes=[Mount("/_local", routes=local), Route("/{path:path}", service.call, methods=methods)])


class _Service:
    def __init__(self, account: Account, buckets: dict[str, Bucket], now: Callable[[], float]) -> None:
        self._account = account
        self._buckets = buckets
        self._now = now
        self._scripted: dict[str, str] = {}
        self._calls: list[dict[str, str]] = []

    async def call(self, request: Request) -> Response:
        """Answer a call of the API."""
        request_id = secrets.token_hex(12).upper()
        body = await request.body()
        name, _, key = request.path_params["path"].partition("/")
        operation = _operation(request.method, key, request.url.query)
        self._calls.append({"operation": operation, "bucket": name, "key": key})
        try:
            self._admit(request, operation)
            response = self._run(operation, self._bucket(name, operation), name, key, body)
        except RefusalError as refusal:
            response = _refused(refusal, request, request_id)
        response.headers["x-oss-request-id"] = request_id
        return response

    async def script(self, request: Request) -> Response:
        """Have the next call of an operation refused with a code."""
        order = json.loads(await request.body())
        self._scripted[order["operation"]] = order["code"]
        return JSONResponse({})

    async def calls(self, _request: Request) -> Response:
        """Every call so far."""
        return JSONResponse(self._calls)

    def _admit(self, request: Request, operation: str) -> None:
        signed = Signed(request.method, request.url.path, request.url.query, request.headers)
        verify(signed, self._account.keys(), self._account.region, self._now())
        if code := self._scripted.pop(operation, None):
            raise RefusalError(code)

    def _bucket(self, name: str, operation: str) -> Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            raise RefusalError("NoSuchBucket", BucketName=name)
        is_told = bucket.is_told and operation == "GetBucketInfo"
        if bucket.region != self._account.region and not is_told:
            raise RefusalError("AccessDenied", ELSEWHERE, Endpoint=f"oss-{bucket.region}.aliyuncs.com")
        return bucket

    def _run(self, operation: str, bucket: Bucket, name: str, key: str, body: bytes) -> Response:
        match operation:
            case "GetBucketInfo":
                return Response(self._info(name, bucket), media_type="application/xml")
            case "PutObject":
                bucket.objects[key] = body
                return Response(headers={"etag": _etag(body)})
            case "HeadObject":
                if key not in bucket.objects:
                    raise RefusalError("NoSuchKey", Key=key)
                return Response(bucket.objects[key], headers={"etag": _etag(bucket.objects[key])})
            case "DeleteObject":
                bucket.objects.pop(key, None)
                return Response(status_code=204)
            case _:
                raise RefusalError("MethodNotAllowed")

    def _info(self, name: str, bucket: Bucket) -> str:
        owner = f"<Owner><ID>{self._account.account_id}</ID><DisplayName>local</DisplayName></Owner>"
        where = f"<Location>oss-{bucket.region}</Location><Name>{name}</Name>"
        return f"<BucketInfo><Bucket>{where}{owner}<StorageClass>Standard</StorageClass></Bucket></BucketInfo>"


_OPERATIONS = {"PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}


def _operation(method: str, key: str, query: str) -> str:
    if not key:
        return "GetBucketInfo" if method == "GET" and query.partition("=")[0] == "bucketInfo" else "Other"
    return _OPERATIONS.get(method, "Other")


def _refused(refusal: RefusalError, request: Request, request_id: str) -> Response:
    body = refusal.body(request_id, request.headers.get("host", ""))
    if request.method == "HEAD":
        return Response(status_code=refusal.status, headers={"x-oss-err": base64.b64encode(body).decode()})
    return Response(body, refusal.status, media_type="application/xml")


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest().upper()}"'
