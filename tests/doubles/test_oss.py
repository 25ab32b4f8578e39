"""The OSS double, called with the official SDK: signatures, responses, and what it does not emulate."""

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import partial
from typing import Any

import alibabacloud_oss_v2 as sdk
import pytest
import urllib3
from alibabacloud_oss_v2.signer.v4 import SignerV4
from alibabacloud_oss_v2.types import Credentials, HttpRequest, SigningContext

from express_sync.local.account import LOCAL_ACCOUNT, Key
from tests.doubles.oss.app import Bucket, create_app
from tests.doubles.oss.errors import OssError
from tests.doubles.oss.signature import Signed, verify
from tests.support.running import serving

USER, ROLE = LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role
NOW = 1_795_420_800.0
PATH = "/bucket/a key/ü.zip"


@pytest.fixture
def url() -> Iterator[str]:
    """Serve an OSS with one bucket, and give its URL."""
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
def test_object_is_stored_found_and_deleted(key: Key, url: str) -> None:
    """The SDK's signature is checked each time."""
    oss = client(url, key)
    oss.put_object(sdk.PutObjectRequest(bucket="bucket", key="a key/ü.zip", body=b"content"))
    found = oss.head_object(sdk.HeadObjectRequest(bucket="bucket", key="a key/ü.zip"))
    assert (found.content_length, found.etag) == (7, '"9A0364B9E99BB480DD25E1F0284C8555"')
    oss.delete_object(sdk.DeleteObjectRequest(bucket="bucket", key="a key/ü.zip"))
    assert code(lambda: oss.head_object(sdk.HeadObjectRequest(bucket="bucket", key="a key/ü.zip"))) == "NoSuchKey"


def test_bucket_info_has_location_and_owner(url: str) -> None:
    """A bucket that does not exist is an error."""
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
    """The codes are the service's."""
    request = sdk.GetBucketInfoRequest(bucket="bucket")
    assert code(lambda: client(url, key, region).get_bucket_info(request)) == refusal


def test_unsigned_request_is_refused(url: str) -> None:
    """It counts as anonymous."""
    answer = urllib3.request("GET", f"{url}/bucket?bucketInfo")
    assert (answer.status, b"<Code>AccessDenied</Code>" in answer.data) == (403, True)


def signed(now: float = NOW) -> Signed:
    """Return a request that the SDK's signer has signed at that time."""
    request = HttpRequest("PUT", "http://127.0.0.1/bucket/a%20key/%C3%BC.zip?b=2&a=1&c", {"content-type": "x/y"})
    context = SigningContext("oss", "cn-hangzhou", "bucket", "a key/ü.zip", request)
    context.credentials = Credentials(ROLE.access_key_id, ROLE.access_key_secret, ROLE.security_token)
    context.signing_time = datetime.fromtimestamp(now, timezone.utc)
    SignerV4().sign(context)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Signed("PUT", PATH, "b=2&a=1&c", headers)


def refused(request: Signed) -> str:
    with pytest.raises(OssError) as refusal:
        verify(request, LOCAL_ACCOUNT.keys(), LOCAL_ACCOUNT.region, NOW)
    return refusal.value.code


def test_signature_of_the_sdk_is_admitted() -> None:
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
def test_changed_part_breaks_the_signature(change: dict[str, Any]) -> None:
    """Every part of the canonical request is signed."""
    request = signed()
    parts = {"method": request.method, "path": request.path, "query": request.query, "headers": request.headers}
    assert refused(Signed(**{**parts, **change})) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("seconds", [-901, 901])
def test_signature_of_another_time_is_refused(seconds: int) -> None:
    """The limit is 15 minutes either way."""
    assert refused(signed(NOW + seconds)) == "RequestTimeTooSkewed"


@pytest.fixture
def stored(url: str) -> Any:
    """Return a client of an OSS with the object `key`."""
    oss = client(url)
    oss.put_object(sdk.PutObjectRequest(bucket="bucket", key="key", body=b"content"))
    return oss


@pytest.mark.parametrize(
    "operation",
    [
        lambda oss: oss.put_object_acl(sdk.PutObjectAclRequest(bucket="bucket", key="key", acl="private")),
        lambda oss: oss.put_object_tagging(
            sdk.PutObjectTaggingRequest(bucket="bucket", key="key", tagging=sdk.Tagging(tag_set=sdk.TagSet(tags=[])))
        ),
        lambda oss: oss.delete_object_tagging(sdk.DeleteObjectTaggingRequest(bucket="bucket", key="key")),
        lambda oss: oss.delete_object(sdk.DeleteObjectRequest(bucket="bucket", key="key", version_id="1")),
        lambda oss: oss.put_object(sdk.PutObjectRequest(bucket="bucket", key="key", body=b"x", storage_class="IA")),
        lambda oss: oss.put_object(
            sdk.PutObjectRequest(bucket="bucket", key="key", body=b"x", content_encoding="gzip")
        ),
        lambda oss: oss.head_object(sdk.HeadObjectRequest(bucket="bucket", key="key", if_match="other")),
        lambda oss: oss.get_object(sdk.GetObjectRequest(bucket="bucket", key="key")),
        lambda oss: oss.get_bucket_acl(sdk.GetBucketAclRequest(bucket="bucket")),
        lambda oss: oss.delete_bucket(sdk.DeleteBucketRequest(bucket="bucket")),
    ],
    ids=[
        "acl",
        "tagging",
        "delete-tagging",
        "version",
        "storage-class",
        "encoding",
        "if-match",
        "get",
        "bucket-acl",
        "delete-bucket",
    ],
)
def test_unknown_operation_is_not_emulated(stored: Any, operation: Callable[[Any], object]) -> None:
    """The object is neither overwritten nor deleted."""
    assert code(lambda: operation(stored)) == "NotEmulated"
    found = stored.head_object(sdk.HeadObjectRequest(bucket="bucket", key="key"))
    assert found.etag == '"9A0364B9E99BB480DD25E1F0284C8555"'


def test_queued_fault_applies_to_one_call(stored: Any, url: str) -> None:
    """The admin API has the same form as that of every emulator."""
    queued = {"operation": "HeadObject", "name": "k*", "faults": ["AccessDenied"]}
    assert urllib3.request("POST", f"{url}/_local/faults", json=queued).json() == {"queued": 1}
    request = sdk.HeadObjectRequest(bucket="bucket", key="key")
    assert code(lambda: stored.head_object(request)) == "AccessDenied"
    assert stored.head_object(request).content_length == 7


def test_content_with_another_digest_is_refused(url: str) -> None:
    """The digest is that of RFC 1864."""
    oss = client(url)
    right = "mgNkuembtIDdJeHwKEyFVQ=="
    oss.put_object(sdk.PutObjectRequest(bucket="bucket", key="k", body=b"content", content_md5=right))
    wrong = sdk.PutObjectRequest(bucket="bucket", key="k", body=b"other", content_md5=right)
    assert code(lambda: oss.put_object(wrong)) == "InvalidDigest"
    assert oss.head_object(sdk.HeadObjectRequest(bucket="bucket", key="k")).content_length == 7


def test_overwriting_can_be_forbidden(url: str) -> None:
    """Without the header the object is replaced."""
    oss = client(url)
    for body, forbid, result in ((b"1", True, ""), (b"22", True, "FileAlreadyExists"), (b"333", False, "")):
        request = sdk.PutObjectRequest(bucket="bucket", key="k", body=body, forbid_overwrite=forbid)
        if result:
            assert code(partial(oss.put_object, request)) == result
        else:
            oss.put_object(request)
    assert oss.head_object(sdk.HeadObjectRequest(bucket="bucket", key="k")).content_length == 3


def test_too_long_name_of_an_object_is_refused(url: str) -> None:
    request = sdk.PutObjectRequest(bucket="bucket", key="k" * 1024, body=b"")
    assert code(lambda: client(url).put_object(request)) == "InvalidObjectName"
