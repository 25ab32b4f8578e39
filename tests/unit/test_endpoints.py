"""Every documented region has its documented endpoint."""

import pytest

from handler.endpoints import public_endpoint

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
