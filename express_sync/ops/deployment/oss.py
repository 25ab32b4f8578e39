"""The bucket for packages, through the official SDK (alibabacloud-oss-v2, signature V4).

Objects and packages are compared by size and ETag, which PutObject sets to the MD5 of the content (OSS, PutObject).
"""

import hashlib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import alibabacloud_oss_v2 as sdk
import requests
from alibabacloud_oss_v2.transport.requests_client import RequestsHttpClient

from express_sync.ops.acs import NOT_REACHED
from express_sync.ops.deployment.errors import ServiceError, without_secrets
from express_sync.ops.terminal.certificates import UNTRUSTED, is_untrusted
from handler.credentials import Credentials

SERVICE = "OSS"
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Description:
    """The region of a bucket, such as cn-hangzhou, and the id of the account that owns it."""

    region: str
    account_id: str


class Bucket:
    """One bucket; every method may raise ServiceError."""

    def __init__(self, name: str, region: str, endpoint: str, credentials: Credentials) -> None:
        self.name = name
        self._credentials = credentials
        key = (credentials.access_key_id, credentials.access_key_secret, credentials.security_token or None)
        config = sdk.config.load_default()
        config.region, config.endpoint = region, endpoint
        config.use_path_style = _is_address(urlsplit(endpoint).hostname or "")  # an IP address has no subdomains
        config.credentials_provider = sdk.credentials.StaticCredentialsProvider(*key)
        config.connect_timeout = config.readwrite_timeout = _SECONDS
        config.http_client = _http_client(urlsplit(endpoint).scheme)
        self._client = sdk.Client(config)

    def describe(self) -> Description:
        """Return the region and the owner of the bucket."""
        with self._translated_errors("oss:GetBucketInfo"):
            info = self._client.get_bucket_info(sdk.GetBucketInfoRequest(bucket=self.name)).bucket_info
        return Description(str(info.location).removeprefix("oss-"), str(info.owner.id))

    def has(self, key: str, path: Path) -> bool:
        """Return whether the object `key` has the content of the file at `path`."""
        content = path.read_bytes()
        try:
            with self._translated_errors("oss:GetObject"):
                found = self._client.head_object(sdk.HeadObjectRequest(bucket=self.name, key=key))
        except ServiceError as error:
            if error.code == "NoSuchKey":
                return False
            raise
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest().upper()
        return (found.content_length, str(found.etag).strip('"').upper()) == (len(content), digest)

    def put(self, key: str, path: Path) -> None:
        """Upload the file as the object `key`."""
        with self._translated_errors("oss:PutObject"):
            request = sdk.PutObjectRequest(bucket=self.name, key=key, body=path.read_bytes())
            self._client.put_object(request)

    def delete(self, key: str) -> None:
        """Delete the object if it exists."""
        with self._translated_errors("oss:DeleteObject"):
            self._client.delete_object(sdk.DeleteObjectRequest(bucket=self.name, key=key))

    @contextmanager
    def _translated_errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except sdk.exceptions.OperationError as error:
            raise self._service_error(action, error.unwrap()) from None
        except sdk.exceptions.BaseError as error:
            raise self._service_error(action, error) from None

    def _service_error(self, action: str, error: Exception) -> ServiceError:
        kinds = sdk.exceptions
        if isinstance(error, kinds.ServiceError):
            return self._rejection(action, error)
        if isinstance(error, kinds.RequestError | kinds.ResponseError):
            return ServiceError(SERVICE, action, UNTRUSTED if is_untrusted(error) else NOT_REACHED)
        return ServiceError(SERVICE, action, type(error).__name__, without_secrets(str(error), self._credentials))

    def _rejection(self, action: str, error: Any) -> ServiceError:
        fields = error.error_fileds or {}  # spelled like this in the SDK
        code = error.code if error.code and error.code != "BadErrorResponse" else f"Http{error.status_code}"
        text = without_secrets(error.message or "", self._credentials)
        return ServiceError(SERVICE, action, code, text, str(fields.get("Endpoint") or ""))


def _http_client(scheme: str) -> Any:
    """Return the HTTP client of the SDK with a session that ignores proxies and passwords of the environment.

    It trusts the certificates that Python trusts, in addition to those of `requests`.
    """
    session = requests.Session()
    session.trust_env = False
    if scheme != "http":  # the certificates of the system take 20 ms to load
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
