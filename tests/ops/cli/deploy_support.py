"""OSS and ROS on this machine beside a local cloud, and the command line in this process that deploys to them."""

import contextlib
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from click.testing import CliRunner

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.ops.cli import commands
from tests.doubles.oss.app import Bucket
from tests.doubles.oss.app import create_app as oss_app
from tests.doubles.ros.app import create_app as ros_app
from tests.ops.cli.cli_support import Ended, Stand
from tests.support.running import serving

REGION = LOCAL_ACCOUNT.region
BUCKET = "code-bucket"
ROLE = LOCAL_ACCOUNT.role
SECRETS = (LOCAL_ACCOUNT.user.access_key_secret, ROLE.access_key_secret, ROLE.security_token)


@dataclass
class Deploying:
    """A directory to deploy from, the services to deploy to, and all that was printed searched for secrets."""

    directory: Path
    cloud: Stand
    ros: str
    oss: str
    buckets: dict[str, Bucket]
    environment: dict[str, str | None] = field(default_factory=dict)

    @property
    def profile_path(self) -> Path:
        """The profile of the stack."""
        return self.directory / ".express-sync" / "profiles" / "express-sync.json"

    def run(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        strange = [name for name in os.environ if name.startswith(("EXPRESS_SYNC", "ALIBABA_CLOUD"))]
        environment = {**dict.fromkeys(strange), "HOME": str(self.directory), **self.environment}
        with _working_in(self.directory):
            result = CliRunner().invoke(commands, arguments, env=environment)
        ended = Ended(result.exit_code, result.stdout, result.stderr)
        assert not [secret for secret in SECRETS if secret in ended.out + ended.err]
        assert "Traceback" not in ended.err
        return ended

    def deploy(self, *more: str, package: Path | None = None) -> Ended:
        """Run `deploy` with what it cannot do without."""
        path = package or self.package()
        return self.run("deploy", "--region", REGION, "--code-bucket", BUCKET, "--package", str(path), *more)

    def package(self, name: str = "function.zip", minor: int = 10, content: str = "def handle(): ...") -> Path:
        """A package as small as one can be, for Python 3.`minor`."""
        path = self.directory / name
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo("handler/entry.py"), content)
            archive.writestr(zipfile.ZipInfo(f"rpds/rpds.cpython-3{minor}-x86_64-linux-gnu.so"), b"")
        return path

    def calls(self, service: str) -> list[dict[str, Any]]:
        """Every call that a service got."""
        found: list[dict[str, Any]] = urllib3.request("GET", f"{self._url(service)}/_local/calls").json()
        return found

    def done(self, service: str) -> list[str]:
        """The operations that were called and change something."""
        looks = ("Get", "List", "Head", "Validate")
        return [call["operation"] for call in self.calls(service) if not call["operation"].startswith(looks)]

    def order(self, service: str, path: str, **order: object) -> None:
        """Script what a service does next."""
        answer = urllib3.request("POST", f"{self._url(service)}/_local/{path}", json=order)
        assert answer.status == 200, answer.data

    def write_profile(self, **changes: object) -> None:
        """Write a profile that names every endpoint, as the real cloud's are not to be asked here."""
        ready = self.cloud.ready
        known = {name: ready[name] for name in ("mns", "sgw", "fc")}
        key = {name: ready[name] for name in ("accessKeyId", "accessKeySecret")}
        control = {"ros": {"endpoint": self.ros}, "oss": {"endpoint": self.oss}}
        self.profile_path.parent.mkdir(parents=True, exist_ok=True)
        self.profile_path.write_text(json.dumps({**known, **key, **control, **changes}))

    def _url(self, service: str) -> str:
        return {"ros": self.ros, "oss": self.oss}[service]


@contextlib.contextmanager
def deploying(directory: Path, cloud: Stand) -> Iterator[Deploying]:
    """Fresh services for one test."""
    far = {"far-bucket": Bucket("cn-shanghai"), "told-bucket": Bucket("cn-shanghai", is_told=True)}
    buckets = {BUCKET: Bucket(REGION), **far}
    with serving(ros_app(LOCAL_ACCOUNT), oss_app(LOCAL_ACCOUNT, buckets)) as (ros, oss):
        made = Deploying(directory, cloud, ros, oss, buckets)
        made.write_profile()
        yield made


@contextlib.contextmanager
def _working_in(directory: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
