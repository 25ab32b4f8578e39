"""Where Cloud Storage Gateway answers for each region. Facts only, from its documented endpoint table (June 2025)."""

# All regions of the mainland share one endpoint; the obvious sgw.cn-hangzhou is not a documented one.
_SHANGHAI = "https://sgw.cn-shanghai.aliyuncs.com"
_FINANCE = "https://sgw.cn-shanghai-finance-1.aliyuncs.com"
_ELSEWHERE = {
    "us-east-1": "https://sgw.us-west-1.aliyuncs.com",
    "cn-hongkong": _SHANGHAI,
    "cn-shanghai-finance-1": _FINANCE,
    "cn-shenzhen-finance-1": _FINANCE,
    "cn-north-2-gov-1": "https://sgw.cn-north-2-gov-1.aliyuncs.com",
}


def public_endpoint(region: str) -> str:
    """The documented endpoint that serves a region, as a URL without a slash at its end."""
    default = _SHANGHAI if region.startswith("cn-") else f"https://sgw.{region}.aliyuncs.com"
    return _ELSEWHERE.get(region, default)
