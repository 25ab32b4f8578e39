"""The bucket that holds packages, through the official SDK (alibabacloud-oss-v2, signature V4). Must not know stacks.

Whether an object holds a package is told by its size and its ETag, which for an object made by PutObject is the MD5 of
its content (OSS, PutObject).
"""

import hashlib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from express_sync.ops.deployment.errors import NOT_REACHED, RefusedError, quotable
from express_sync.ops.terminal.certificates import UNTRUSTED, is_untrusted
from express_sync.ops.terminal.errors import CliError
from handler.credentials import Credentials

SERVICE = "OSS"
_SECONDS = 30
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Description:
    """Where a bucket is, as a region such as cn-hangzhou, and the id of the account that owns it."""

    region: str
    account_id: str


def checked_name(name: str) -> str:
    """The name, if a bucket can have it (OSS, bucket naming conventions). CliError if none can."""
    if not _NAME.fullmatch(name):
        raise CliError(
            f"{name!r} is no bucket's name; name one for --code-bucket, such as my-code: 3 to 63 lower-case letters and"
            " digits, with hyphens between them."
        )
    return name


class Bucket:
    """One bucket; every method may raise RefusedError."""

    def __init__(self, name: str, region: str, endpoint: str, credentials: Credentials) -> None:
        import alibabacloud_oss_v2 as sdk  # noqa: PLC0415 - a third of a second that only these commands should wait

        self.name = name
        self._credentials = credentials
        self._sdk = sdk
        key = (credentials.access_key_id, credentials.access_key_secret, credentials.security_token or None)
        config = sdk.config.load_default()
        config.region, config.endpoint = region, endpoint
        config.use_path_style = _is_address(urlsplit(endpoint).hostname or "")  # an address has no subdomains
        config.credentials_provider = sdk.credentials.StaticCredentialsProvider(*key)
        config.connect_timeout = config.readwrite_timeout = _SECONDS
        config.http_client = _http_client()
        self._client = sdk.Client(config)

    def described(self) -> Description:
        """Where the bucket is and whose."""
        with self._asking("oss:GetBucketInfo"):
            info = self._client.get_bucket_info(self._sdk.GetBucketInfoRequest(bucket=self.name)).bucket_info
        return Description(str(info.location).removeprefix("oss-"), str(info.owner.id))

    def holds(self, key: str, path: Path) -> bool:
        """Whether the object `key` has the content of the file at `path`."""
        content = path.read_bytes()
        try:
            with self._asking("oss:GetObject"):
                found = self._client.head_object(self._sdk.HeadObjectRequest(bucket=self.name, key=key))
        except RefusedError as refused:
            if refused.code == "NoSuchKey":
                return False
            raise
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest().upper()
        return (found.content_length, str(found.etag).strip('"').upper()) == (len(content), digest)

    def put(self, key: str, path: Path) -> None:
        """Make the file's content the object's."""
        with self._asking("oss:PutObject"):
            request = self._sdk.PutObjectRequest(bucket=self.name, key=key, body=path.read_bytes())
            self._client.put_object(request)

    def delete(self, key: str) -> None:
        """Delete the object; none is well too."""
        with self._asking("oss:DeleteObject"):
            self._client.delete_object(self._sdk.DeleteObjectRequest(bucket=self.name, key=key))

    @contextmanager
    def _asking(self, action: str) -> Iterator[None]:
        try:
            yield
        except self._sdk.exceptions.OperationError as error:
            raise self._refused(action, error.unwrap()) from None
        except self._sdk.exceptions.BaseError as error:
            raise self._refused(action, error) from None

    def _refused(self, action: str, error: Exception) -> RefusedError:
        kinds = self._sdk.exceptions
        if isinstance(error, kinds.ServiceError):
            return self._answered(action, error)
        if isinstance(error, kinds.RequestError | kinds.ResponseError):
            return RefusedError(SERVICE, action, UNTRUSTED if is_untrusted(error) else NOT_REACHED)
        return RefusedError(SERVICE, action, type(error).__name__, quotable(str(error), self._credentials))

    def _answered(self, action: str, error: Any) -> RefusedError:
        fields = error.error_fileds or {}  # the SDK's own spelling
        code = error.code if error.code and error.code != "BadErrorResponse" else f"Http{error.status_code}"
        text = quotable(error.message or "", self._credentials)
        return RefusedError(SERVICE, action, code, text, str(fields.get("Endpoint") or ""))


def _http_client() -> Any:
    """Return the SDK's own client over a session that takes no proxy and no password from its environment.

    It trusts the certificates that Python's own TLS trusts, besides those of `requests`.
    """
    import requests  # noqa: PLC0415 - as slow as the SDK that brings it
    from alibabacloud_oss_v2.transport.requests_client import RequestsHttpClient  # noqa: PLC0415 - the same

    session = requests.Session()
    session.trust_env = False
    adapter = requests.adapters.HTTPAdapter()
    adapter.init_poolmanager(1, 1, ssl_context=ssl.create_default_context())
    session.mount("https://", adapter)
    return RequestsHttpClient(session=session)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
