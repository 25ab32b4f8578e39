"""What the commands import: a client of a cloud does not load a web server, nor a database."""

import subprocess
import sys

import pytest

from express_sync.ops.cli import COMMANDS

SERVERS = ("starlette", "uvicorn", "anyio", "sse_starlette")
DATABASES = ("sqlalchemy", "alembic")
SDKS = ("fc2", "aliyunsdkcore", "alibabacloud_oss_v2", "alibabacloud_credentials")
SLOW = ("cryptography", "prometheus_client", "jwt", "trustme", "multiprocessing")
RUNNING_A_CLOUD = ("up", "demo")  # these serve
CLIENTS = [name for name in COMMANDS if name not in RUNNING_A_CLOUD]
PROGRAM = """
import sys
from importlib import import_module
for name in sys.argv[1:]:
    import_module(f"express_sync.ops.commands.{name}")
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """Return the modules that all client commands load together."""
    ended = subprocess.run((sys.executable, "-c", PROGRAM, *CLIENTS), capture_output=True, text=True, check=True)
    return frozenset(ended.stdout.split())


@pytest.mark.parametrize("module", [*SERVERS, *DATABASES, *SDKS, *SLOW])
def test_client_command_does_not_import_needlessly(module: str, loaded: frozenset[str]) -> None:
    """A command that needs one of these imports it where it uses it."""
    assert module not in loaded
