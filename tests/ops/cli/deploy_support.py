"""Runs `express-sync deploy` in this process against doubles of OSS and ROS beside a local cloud."""

import contextlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from express_sync.local.account import LOCAL_ACCOUNT
from tests.doubles.oss.app import Bucket
from tests.doubles.oss.app import create_app as oss_app
from tests.doubles.ros.app import create_app as ros_app
from tests.support.cli import CloudShell, Ended, run_in_process
from tests.support.running import serving

REGION = LOCAL_ACCOUNT.region
BUCKET = "code-bucket"


@dataclass
class DeploymentBench:
    """A directory to deploy from and the services to deploy to; all output is checked for secrets."""

    directory: Path
    cloud: CloudShell
    ros: str
    oss: str
    buckets: dict[str, Bucket]
    environment: dict[str, str | None] = field(default_factory=dict)

    @property
    def profile_path(self) -> Path:
        """The path of the stack's profile."""
        return self.directory / ".express-sync" / "profiles" / "express-sync.json"

    def run(self, *arguments: str) -> Ended:
        """Run a command and return its result."""
        return run_in_process(self.directory, *arguments, environment=self.environment)

    def deploy(self, *more: str, package: Path | None = None) -> Ended:
        """Run `deploy` with the required options."""
        path = package or self.package()
        return self.run("deploy", "--region", REGION, "--code-bucket", BUCKET, "--package", str(path), *more)

    def package(self, name: str = "function.zip", minor: int = 10, content: str = "def handle(): ...") -> Path:
        """Write a minimal package for Python 3.`minor` and return its path."""
        path = self.directory / name
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo("handler/entry.py"), content)
            archive.writestr(zipfile.ZipInfo(f"rpds/rpds.cpython-3{minor}-x86_64-linux-gnu.so"), b"")
        return path

    def calls(self, service: str) -> list[dict[str, Any]]:
        """Return every call that a service received."""
        found: list[dict[str, Any]] = urllib3.request("GET", f"{self._url(service)}/_local/calls").json()
        return found

    def changes(self, service: str) -> list[str]:
        """Return the called operations that change something."""
        read_only = ("Get", "List", "Head", "Validate")
        return [call["operation"] for call in self.calls(service) if not call["operation"].startswith(read_only)]

    def script(self, service: str, path: str, **instruction: object) -> None:
        """Script the next behaviour of a service."""
        response = urllib3.request("POST", f"{self._url(service)}/_local/{path}", json=instruction)
        assert response.status == 200, response.data

    def write_profile(self, **changes: object) -> None:
        """Write a profile with every endpoint, so that no public one is called."""
        ready = self.cloud.ready
        known = {name: ready[name] for name in ("mns", "sgw", "fc")}
        key = {name: ready[name] for name in ("accessKeyId", "accessKeySecret")}
        control = {"ros": {"endpoint": self.ros}, "oss": {"endpoint": self.oss}}
        self.profile_path.parent.mkdir(parents=True, exist_ok=True)
        self.profile_path.write_text(json.dumps({**known, **key, **control, **changes}))

    def _url(self, service: str) -> str:
        return {"ros": self.ros, "oss": self.oss}[service]


@contextlib.contextmanager
def deployment_bench(directory: Path, cloud: CloudShell) -> Iterator[DeploymentBench]:
    """Yield new services for one test."""
    far = {"far-bucket": Bucket("cn-shanghai"), "hinted-bucket": Bucket("cn-shanghai", is_told=True)}
    buckets = {BUCKET: Bucket(REGION), **far}
    with serving(ros_app(LOCAL_ACCOUNT), oss_app(LOCAL_ACCOUNT, buckets)) as (ros, oss):
        bench = DeploymentBench(directory, cloud, ros, oss, buckets)
        bench.write_profile()
        yield bench
