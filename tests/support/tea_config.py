"""The configuration that the official clients on Tea share."""

from alibabacloud_tea_openapi.utils_models import Config

from express_sync.local.account import LOCAL_ACCOUNT, Key


def tea_config(endpoint: str, key: Key = LOCAL_ACCOUNT.user) -> Config:
    """Return the configuration of a client that calls `endpoint` with `key`."""
    protocol, _, address = endpoint.partition("://")
    return Config(
        access_key_id=key.access_key_id,
        access_key_secret=key.access_key_secret,
        security_token=key.security_token or None,
        endpoint=address,
        protocol=protocol,
        region_id=LOCAL_ACCOUNT.region,
    )
