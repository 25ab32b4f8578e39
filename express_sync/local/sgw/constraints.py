"""The constraints on each parameter of CreateExpressSync, as a table in the order of the checks.

From the API's page: the three empty values, the name's 1 to 128 characters, the description's 255. From the
OSS naming rules: the bucket. From the product's endpoint and region lists: the regions. Chosen: the order;
lengths counted in Unicode code points; a name's "letters" are A-Z and a-z (newer pages, and the console, also
allow Chinese characters); a prefix is stored as it is, because no documented error concerns an invalid one.
"""

import re
from collections.abc import Callable, Mapping

from express_sync.local.sgw.errors import SgwError

REGIONS = frozenset(
    (
        "cn-hangzhou",
        "cn-shanghai",
        "cn-qingdao",
        "cn-beijing",
        "cn-zhangjiakou",
        "cn-huhehaote",
        "cn-wulanchabu",
        "cn-shenzhen",
        "cn-heyuan",
        "cn-guangzhou",
        "cn-chengdu",
        "cn-hongkong",
        "cn-heyuan-acdr-1",
        "cn-shanghai-finance-1",
        "cn-shenzhen-finance-1",
        "cn-north-2-gov-1",
        "ap-southeast-1",
        "ap-southeast-3",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-northeast-1",
        "ap-northeast-2",
        "eu-central-1",
        "eu-west-1",
        "us-west-1",
        "us-east-1",
        "me-central-1",
    )
)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,127}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_MAX_DESCRIPTION = 255


def _is_name(value: str) -> bool:
    return _NAME.fullmatch(value) is not None


def _is_description(value: str) -> bool:
    return len(value) <= _MAX_DESCRIPTION


def is_bucket(value: str) -> bool:
    """Tell whether `value` is a valid name of an OSS bucket."""
    return _BUCKET.fullmatch(value) is not None


CONSTRAINTS: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    ("Name", bool, "EmptyExpressSyncName"),
    ("BucketName", bool, "EmptyBucketName"),
    ("BucketRegion", bool, "EmptyBucketRegion"),
    ("Name", _is_name, "InvalidExpressSyncName"),
    ("Description", _is_description, "DescriptionOverLimit"),
    ("BucketName", is_bucket, "InvalidBucketName"),
    ("BucketRegion", REGIONS.__contains__, "InvalidRegionId"),
)


def check(parameters: Mapping[str, str]) -> None:
    """Raise the SgwError of the first constraint that `parameters` break; an absent parameter is an empty one."""
    for parameter, holds, code in CONSTRAINTS:
        if not holds(parameters.get(parameter, "")):
            raise SgwError(code)
