"""The environment of a function: nothing of the machine it runs on, and filtered as FC does.

Reproduces: variables that begin with `FC_` or `_FC_` reach the function only if the bootstrap's list has them, so a
setting with such a name is lost, as it is in the cloud; python3.12 gets its credentials here.
Does not reproduce: FC's own search paths and library path, which belong to its image.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from express_sync.local.account import Account
from express_sync.local.template.deployment import Function

_SAFE = frozenset(
    {
        "FC_FUNC_CODE_PATH",
        "FC_FUNCTION_MEMORY_SIZE",
        "FC_RUNTIME_VERSION",
        "FC_ACCOUNT_ID",
        "FC_FUNCTION_HANDLER",
        "FC_FUNCTION_NAME",
        "FC_SERVICE_NAME",
        "FC_VER_ID",
        "FC_QUALIFIER",
        "FC_REGION",
        "FC_INSTANCE_ID",
        "FC_SNAPSHOT_FLAG",
    }
)
_CREDENTIALS_IN_ENVIRONMENT = frozenset({"python3.12"})


def environment_of(function: Function, account: Account, code: Path) -> dict[str, str]:
    """Return the environment of the function's instances, whose code is in the directory `code`."""
    variables = {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        **function.environment,
        "FC_FUNC_CODE_PATH": str(code),
        "FC_FUNCTION_MEMORY_SIZE": str(function.memory),
        "FC_ACCOUNT_ID": account.account_id,
        "FC_FUNCTION_HANDLER": function.handler,
        "FC_FUNCTION_NAME": function.name,
        "FC_QUALIFIER": "LATEST",
        "FC_REGION": account.region,
        **_credentials(function.runtime, account),
    }
    return {name: value for name, value in variables.items() if not _is_removed(name)}


def _is_removed(name: str) -> bool:
    return name.startswith(("FC_", "_FC_")) and name not in _SAFE


def _credentials(runtime: str, account: Account) -> Mapping[str, str]:
    if runtime not in _CREDENTIALS_IN_ENVIRONMENT:
        return {}
    return {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": account.role.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": account.role.access_key_secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": account.role.security_token,
    }
