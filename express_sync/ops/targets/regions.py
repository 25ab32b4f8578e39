"""Recognises misspelt regions.

The regions are those of the documented list of regions and zones (2026); a region that is not in it may be a new one,
so only a name that differs from a known one in letters is taken for a mistake.
"""

import re

from express_sync.ops.terminal.suggestions import closest

REGIONS = (
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
    "cn-nanjing",
    "cn-fuzhou",
    "cn-wuhan-lr",
    "cn-zhengzhou-jva",
    "cn-hongkong",
    "cn-shanghai-finance-1",
    "cn-shenzhen-finance-1",
    "cn-beijing-finance-1",
    "cn-hangzhou-finance",
    "cn-north-2-gov-1",
    "ap-southeast-1",
    "ap-southeast-3",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "us-east-1",
    "us-west-1",
    "us-southeast-1",
    "na-south-1",
    "eu-central-1",
    "eu-west-1",
    "me-east-1",
    "me-central-1",
)
_MIN_SIMILARITY = 0.85


def meant_region(region: str) -> str:
    """Return the region that a misspelt one probably means, an empty text for a known or an unlike one."""
    if region in REGIONS:
        return ""
    similar = closest(region, REGIONS, _MIN_SIMILARITY)
    return similar if _letters(similar) != _letters(region) else ""


def _letters(region: str) -> str:
    return re.sub(r"[0-9]", "", region)
