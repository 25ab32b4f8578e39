"""Which URLs may be called with a key, and the endpoint of Cloud Storage Gateway for each region.

The regions are from the documented endpoint table of Cloud Storage Gateway (June 2025).
"""

import re

_PORT = r"(:([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?/?"
_LOOPBACK = r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])"
# Except on this machine, requests and security tokens are sent over TLS only.
SAFE_URL = re.compile(rf"https://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]){_PORT}|http://{_LOOPBACK}{_PORT}")
# Internal addresses of SMQ, which are reachable only inside their region.
INTERNAL_URL = re.compile(rf"http://[A-Za-z0-9.-]+-internal(-vpc)?\.aliyuncs\.com{_PORT}")

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
    """Return the documented endpoint of a region, as a URL without a trailing slash."""
    default = _SHANGHAI if region.startswith("cn-") else f"https://sgw.{region}.aliyuncs.com"
    return _ELSEWHERE.get(region, default)
