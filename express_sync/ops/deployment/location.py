"""The location of a stack: region, name, the endpoints of ROS and OSS, the key, and the profile.

The profile has the name of the stack. The settings of an existing profile are kept and take precedence: endpoints,
key and region.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from express_sync.ops.atomic_file import write_atomically
from express_sync.ops.queues.client import PORTAL_QUEUE, RESULT_QUEUE
from express_sync.ops.targets import profiles
from express_sync.ops.targets.credentials import find
from express_sync.ops.targets.regions import meant_region
from express_sync.ops.targets.registration import checkout
from express_sync.ops.targets.target import LOCAL, profile_directories
from express_sync.ops.terminal.errors import CliError
from handler.credentials import Credentials
from handler.sgw.endpoints import SAFE_URL

DEFAULT_STACK = "express-sync"
REGION_VARIABLE = "EXPRESS_SYNC_REGION"
_VARIABLES = {"ros": "EXPRESS_SYNC_ROS_ENDPOINT", "oss": "EXPRESS_SYNC_OSS_ENDPOINT"}
_REGION = re.compile(r"(?!oss-)[a-z]{2}-[a-z]+(-[a-z0-9]+)*")
_STACK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_OPTIONAL_OUTPUTS = {RESULT_QUEUE: "ResultQueueName", PORTAL_QUEUE: "PortalQueueName"}


@dataclass(frozen=True, slots=True)
class StackLocation:
    """The location of one stack. `profile` is the content of its profile file, empty without a file."""

    region: str
    stack: str
    ros: str
    oss: str
    profile: Mapping[str, Any]
    profile_path: Path
    packages: Path  # where packages are built
    environment: Mapping[str, str] = field(repr=False)

    def credentials(self) -> Credentials:
        """Return the key of the profile or of the environment. Raise NoKeyError if neither has one."""
        return find(self.profile, self.environment).credentials

    @property
    def options(self) -> str:
        """The options of `status` and `destroy` that select this stack."""
        return f"--region {self.region}" + ("" if self.stack == DEFAULT_STACK else f" --stack {self.stack}")

    def updated_profile(self, account_id: str, name_prefix: str, outputs: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the profile of the deployed stack for the other commands, without adding a key.

        An empty name disables an optional queue; if the entry is missing, the name is derived.
        """
        known = {"region": self.region, "accountId": account_id, "namePrefix": name_prefix}
        mns = self.profile.get("mns", {})
        queues = {role: outputs.get(output, "") for role, output in _OPTIONAL_OUTPUTS.items()}
        changed = {role: name for role, name in queues.items() if not name or mns.get(role) == ""}
        return {**self.profile, **known, **({"mns": {**mns, **changed}} if changed else {})}

    def require_writable_profile(self) -> None:
        """Raise CliError if no profile can be written, because a deployed stack would be hard to use without one."""
        try:
            self.profile_path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self.profile_path.parent):
                pass
        except OSError as error:
            raise CliError(
                f"Cannot write {self.profile_path}: {error.strerror}; nothing was deployed; choose another directory."
            ) from None

    def write_profile(self, profile: Mapping[str, Any]) -> None:
        """Write the profile of this stack. Raise CliError if that fails."""
        write_atomically(self.profile_path, json.dumps(profile, indent=2) + "\n")


def locate(region: str | None, stack: str, directory: Path, environment: Mapping[str, str]) -> StackLocation:
    """Return the location of `stack` for a command in `directory`. Raise CliError if the settings do not agree."""
    if not _STACK.fullmatch(stack) or stack in (LOCAL, profiles.ENVIRONMENT):
        raise CliError(
            f"The name of a stack consists of letters, digits, hyphens and underscores, and is neither {LOCAL} nor"
            f" {profiles.ENVIRONMENT}; choose another --stack."
        )
    path, written = profiles.written(stack, profile_directories(directory, environment))
    profile = written or {}
    chosen = _region(region, profile, path, environment)
    endpoints = _endpoints(chosen, profile, path, environment)
    packages = (checkout(directory) or directory) / "dist"
    return StackLocation(chosen, stack, endpoints["ros"], endpoints["oss"], profile, path, packages, environment)


def _region(option: str | None, profile: Mapping[str, Any], path: Path, environment: Mapping[str, str]) -> str:
    known = profile.get("region")
    region = option or known or environment.get(REGION_VARIABLE)
    if not region:
        raise CliError("The region of the stack is not known; name it, such as --region cn-hangzhou.")
    if not _REGION.fullmatch(region):
        kind = "an OSS location" if region.startswith("oss-") else "not a valid region id"
        raise CliError(f"{region!r} is {kind}; name the region by its id, such as cn-hangzhou.")
    if meant := meant_region(region):
        raise CliError(f"The region {region!r} does not exist; did you mean {meant}? Correct it.")
    if known and region != known:
        raise CliError(
            f"According to {path}, the stack of this name is in {known}; give the one in {region} another --stack,"
            " or delete that file."
        )
    return str(region)


def _endpoints(
    region: str, profile: Mapping[str, Any], path: Path, environment: Mapping[str, str]
) -> Mapping[str, str]:
    """Return the documented public endpoints, or the configured ones if any is configured; never a mix of both."""
    configured = {name: environment.get(variable) or "" for name, variable in _VARIABLES.items()}
    configured = {name: url or profile.get(name, {}).get("endpoint", "") for name, url in configured.items()}
    if not (any(configured.values()) or profiles.names_an_endpoint(profile)):
        return {"ros": "https://ros.aliyuncs.com", "oss": f"https://oss-{region}.aliyuncs.com"}
    for name, url in configured.items():
        if not SAFE_URL.fullmatch(url):
            raise CliError(
                f"There are configured endpoints, but not a valid one for {name}; set {_VARIABLES[name]} or"
                f" {name}.endpoint of {path} to an https URL such as https://{name}.aliyuncs.com"
                " (http is allowed for this machine only)."
            )
    return {name: url.rstrip("/") for name, url in configured.items()}
