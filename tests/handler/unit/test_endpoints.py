"""Every documented region has its documented endpoint."""

import pytest

from handler.sgw.endpoints import INTERNAL_URL, SAFE_URL, public_endpoint
from tests.support.regions import MAINLAND, OWN


@pytest.mark.parametrize("region", MAINLAND.split())
def test_mainland_regions_share_the_endpoint_of_shanghai(region: str) -> None:
    """Hong Kong does too; sgw.cn-hangzhou does not exist."""
    assert public_endpoint(region) == "https://sgw.cn-shanghai.aliyuncs.com"


@pytest.mark.parametrize("region", OWN.split())
def test_regions_abroad_have_their_own_endpoint(region: str) -> None:
    assert public_endpoint(region) == f"https://sgw.{region}.aliyuncs.com"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "us-west-1"),
        ("cn-shanghai-finance-1", "cn-shanghai-finance-1"),
        ("cn-shenzhen-finance-1", "cn-shanghai-finance-1"),
        ("cn-north-2-gov-1", "cn-north-2-gov-1"),
    ],
)
def test_few_regions_have_the_endpoint_of_another_region(region: str, host: str) -> None:
    assert public_endpoint(region) == f"https://sgw.{host}.aliyuncs.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://1234567890123456.mns.cn-hangzhou.aliyuncs.com",
        "https://127.0.0.1:8443/",
        "https://[2001:db8::1]:443",
        "http://127.0.0.1:40017",
        "http://127.1.2.3/",
        "http://localhost:1",
        "http://[::1]:65535/",
    ],
)
def test_url_is_safe_with_tls_or_on_loopback(url: str) -> None:
    """A port and a slash at its end are allowed."""
    assert SAFE_URL.fullmatch(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sgw.cn-shanghai.aliyuncs.com",
        "http://sgw.cn-shanghai.aliyuncs.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example",
        "http://127.0.0.1@example",
        "http://example#127.0.0.1",
        "http://localhost.example",
        "http://localhost\n",
        "http://[::2]",
        "https://user:password@example",
        "https://example/path",
        "https://example?query",
        "HTTPS://example",
        "ftp://127.0.0.1",
    ],
)
def test_other_urls_are_not_safe(url: str) -> None:
    """A URL with more than scheme, host and port, such as a password, is not safe either."""
    assert not SAFE_URL.fullmatch(url)


@pytest.mark.parametrize(
    ("url", "is_internal"),
    [
        ("http://1.mns.cn-hangzhou-internal.aliyuncs.com", True),
        ("http://1.mns.cn-hangzhou-internal-vpc.aliyuncs.com:80/", True),
        ("http://1.mns.cn-hangzhou.aliyuncs.com", False),
        ("http://1.mns.cn-hangzhou-internal.aliyuncs.com.example", False),
        ("http://example/1-internal.aliyuncs.com", False),
        ("http://user@1-internal.aliyuncs.com", False),
    ],
)
def test_internal_url_is_recognised_by_its_documented_name(url: str, is_internal: bool) -> None:
    assert bool(INTERNAL_URL.fullmatch(url)) is is_internal
