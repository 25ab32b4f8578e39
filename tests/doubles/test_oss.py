"""The local OSS admits exactly what the official SDK signs, and answers as the SDK expects."""

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import alibabacloud_oss_v2 as sdk
import pytest
import urllib3
from alibabacloud_oss_v2.signer.v4 import SignerV4
from alibabacloud_oss_v2.types import Credentials, HttpRequest, SigningContext

from express_sync.local.account import LOCAL_ACCOUNT, Key
from tests.doubles.oss.app import Bucket, create_app
from tests.doubles.oss.errors import RefusalError
from tests.doubles.oss.signature import Signed, verify
from tests.support.serving import serving

USER, ROLE = LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role
NOW = 1_795_420_800.0
PATH = "/bucket/a key/ü.zip"


@pytest.fixture
def url() -> Iterator[str]:
    """An OSS with one bucket."""
    with serving(create_app(LOCAL_ACCOUNT, {"bucket": Bucket(LOCAL_ACCOUNT.region)})) as (address,):
        yield address


def client(url: str, key: Key = USER, region: str = LOCAL_ACCOUNT.region) -> Any:
    config = sdk.config.load_default()
    config.region, config.endpoint, config.use_path_style = region, url, True
    secrets = (key.access_key_id, key.access_key_secret, key.security_token or None)
    config.credentials_provider = sdk.credentials.StaticCredentialsProvider(*secrets)
    return sdk.Client(config)


def code(call: Callable[[], object]) -> str:
    with pytest.raises(sdk.exceptions.OperationError) as failed:
        call()
    return str(failed.value.unwrap().code)


@pytest.mark.parametrize("key", [USER, ROLE], ids=["user", "role"])
def test_an_object_goes_in_and_is_found_and_goes_out(key: Key, url: str) -> None:
    """With the official SDK, whose signature is checked each time."""
    oss = client(url, key)
    oss.put_object(sdk.PutObjectRequest(bucket="bucket", key="a key/ü.zip", body=b"content"))
    found = oss.head_object(sdk.HeadObjectRequest(bucket="bucket", key="a key/ü.zip"))
    assert (found.content_length, found.etag) == (7, '"9A0364B9E99BB480DD25E1F0284C8555"')
    oss.delete_object(sdk.DeleteObjectRequest(bucket="bucket", key="a key/ü.zip"))
    assert code(lambda: oss.head_object(sdk.HeadObjectRequest(bucket="bucket", key="a key/ü.zip"))) == "NoSuchKey"


def test_a_bucket_says_where_it_is_and_whose(url: str) -> None:
    """As GetBucketInfo does."""
    info = client(url).get_bucket_info(sdk.GetBucketInfoRequest(bucket="bucket")).bucket_info
    assert (info.location, info.owner.id) == ("oss-cn-hangzhou", LOCAL_ACCOUNT.account_id)
    assert code(lambda: client(url).get_bucket_info(sdk.GetBucketInfoRequest(bucket="none"))) == "NoSuchBucket"


@pytest.mark.parametrize(
    ("key", "region", "refusal"),
    [
        (Key("LTAI5tNobody", "secret"), "cn-hangzhou", "InvalidAccessKeyId"),
        (Key(USER.access_key_id, "another"), "cn-hangzhou", "SignatureDoesNotMatch"),
        (Key(ROLE.access_key_id, ROLE.access_key_secret, "stale"), "cn-hangzhou", "InvalidSecurityToken"),
        (USER, "cn-shanghai", "InvalidArgument"),
    ],
    ids=["id", "secret", "token", "region"],
)
def test_other_keys_and_regions_are_refused(key: Key, region: str, refusal: str, url: str) -> None:
    """With the service's own codes."""
    request = sdk.GetBucketInfoRequest(bucket="bucket")
    assert code(lambda: client(url, key, region).get_bucket_info(request)) == refusal


def test_an_unsigned_request_is_refused(url: str) -> None:
    """As an anonymous one."""
    answer = urllib3.request("GET", f"{url}/bucket?bucketInfo")
    assert (answer.status, b"<Code>AccessDenied</Code>" in answer.data) == (403, True)


def signed(now: float = NOW) -> Signed:
    """A request that the SDK's signer has signed at that time."""
    request = HttpRequest("PUT", "http://127.0.0.1/bucket/a%20key/%C3%BC.zip?b=2&a=1&c", {"content-type": "x/y"})
    context = SigningContext("oss", "cn-hangzhou", "bucket", "a key/ü.zip", request)
    context.credentials = Credentials(ROLE.access_key_id, ROLE.access_key_secret, ROLE.security_token)
    context.signing_time = datetime.fromtimestamp(now, timezone.utc)
    SignerV4().sign(context)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Signed("PUT", PATH, "b=2&a=1&c", headers)


def refused(request: Signed) -> str:
    with pytest.raises(RefusalError) as refusal:
        verify(request, LOCAL_ACCOUNT.keys(), LOCAL_ACCOUNT.region, NOW)
    return refusal.value.code


def test_what_the_sdk_signs_is_admitted() -> None:
    verify(signed(), LOCAL_ACCOUNT.keys(), LOCAL_ACCOUNT.region, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "GET"},
        {"path": PATH + "x"},
        {"query": "b=2&a=1"},
        {"headers": {**signed().headers, "content-type": "x/z"}},
        {"headers": {**signed().headers, "x-oss-meta-more": "1"}},
        {"headers": {**signed().headers, "x-oss-content-sha256": "0"}},
    ],
    ids=["method", "path", "query", "type", "more", "hash"],
)
def test_whatever_is_signed_must_not_differ(change: dict[str, Any]) -> None:
    """In no part of the canonical request."""
    request = signed()
    parts = {"method": request.method, "path": request.path, "query": request.query, "headers": request.headers}
    assert refused(Signed(**{**parts, **change})) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("seconds", [-901, 901])
def test_a_signature_of_another_time_is_refused(seconds: int) -> None:
    """More than 15 minutes either way."""
    assert refused(signed(NOW + seconds)) == "RequestTimeTooSkewed"
