"""Every documented region has its documented endpoint."""

import pytest

from handler.sgw.endpoints import INTERNAL_URL, SAFE_URL, public_endpoint

MAINLAND = (
    "cn-hangzhou cn-shanghai cn-qingdao cn-beijing cn-zhangjiakou cn-huhehaote cn-wulanchabu cn-shenzhen cn-heyuan "
    "cn-guangzhou cn-chengdu cn-hongkong"
)
OWN = (
    "ap-southeast-1 ap-southeast-3 ap-southeast-5 ap-southeast-6 ap-northeast-1 ap-northeast-2 eu-central-1 "
    "eu-west-1 us-west-1 me-central-1"
)


@pytest.mark.parametrize("region", MAINLAND.split())
def test_the_mainland_and_hong_kong_share_shanghais_endpoint(region: str) -> None:
    """There is no sgw.cn-hangzhou."""
    assert public_endpoint(region) == "https://sgw.cn-shanghai.aliyuncs.com"


@pytest.mark.parametrize("region", OWN.split())
def test_other_regions_have_their_own(region: str) -> None:
    """Named after the region."""
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
def test_a_few_regions_are_served_elsewhere(region: str, host: str) -> None:
    """As the table of endpoints says."""
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
def test_a_url_is_safe_with_tls_or_on_this_machine(url: str) -> None:
    """With a port and a slash at its end, or without."""
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
def test_any_other_url_is_not_safe(url: str) -> None:
    """Nor is one that holds more than scheme, host and port: a password, for one."""
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
def test_an_address_inside_a_region_is_known_by_its_name(url: str, is_internal: bool) -> None:
    """The names that Alibaba Cloud documents."""
    assert bool(INTERNAL_URL.fullmatch(url)) is is_internal
