"""Where a deployment happens: region, stack, the endpoints of ROS and OSS, the key, and the profile that tells of it.

The profile has the stack's name. One that is there already keeps what it says, and decides: endpoints of its own, a
key, the region. Knows files and settings; asks no service.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from express_sync.ops.atomic_file import write_atomically
from express_sync.ops.queues.client import RESULT_QUEUE
from express_sync.ops.targets import profiles
from express_sync.ops.targets.credentials import find
from express_sync.ops.targets.target import LOCAL, profile_directories
from express_sync.ops.terminal.errors import CliError
from handler.credentials import Credentials
from handler.sgw.endpoints import SAFE_URL

DEFAULT_STACK = "express-sync"
REGION_VARIABLE = "EXPRESS_SYNC_REGION"
_VARIABLES = {"ros": "EXPRESS_SYNC_ROS_ENDPOINT", "oss": "EXPRESS_SYNC_OSS_ENDPOINT"}
_REGION = re.compile(r"(?!oss-)[a-z]{2}-[a-z]+(-[a-z0-9]+)*")
_STACK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Site:
    """One stack's place. `profile` is what is written in its file, empty if nothing is."""

    region: str
    stack: str
    ros: str
    oss: str
    profile: Mapping[str, Any]
    profile_path: Path

    def credentials(self, environment: Mapping[str, str]) -> Credentials:
        """The key to act with. CliError if there is none."""
        return find(self.profile, environment).credentials

    @property
    def options(self) -> str:
        """What to type after `status` or `destroy` to mean this stack."""
        return f"--region {self.region}" + ("" if self.stack == DEFAULT_STACK else f" --stack {self.stack}")

    def described(self, account_id: str, name_prefix: str, outputs: Mapping[str, str]) -> Mapping[str, Any]:
        """The profile of the deployed stack, for every other command. No key is added to it.

        An empty name says that there is no result queue; without it the name would be derived.
        """
        known = {"region": self.region, "accountId": account_id, "namePrefix": name_prefix}
        mns, results = self.profile.get("mns", {}), outputs.get("ResultQueueName", "")
        if not results or mns.get(RESULT_QUEUE) == "":
            return {**self.profile, **known, "mns": {**mns, RESULT_QUEUE: results}}
        return {**self.profile, **known}

    def make_room(self) -> None:
        """See to it that a profile can be written, which a deployed stack would be hard to use without. CliError."""
        try:
            self.profile_path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self.profile_path.parent):
                pass
        except OSError as error:
            raise CliError(
                f"Cannot write {self.profile_path}: {error.strerror}; nothing was deployed; choose another directory."
            ) from None

    def write(self, profile: Mapping[str, Any]) -> None:
        """Keep `profile` as this stack's, where there is room. CliError if it cannot be written."""
        write_atomically(self.profile_path, json.dumps(profile, indent=2) + "\n")


def choose(region: str | None, stack: str, directory: Path, environment: Mapping[str, str]) -> Site:
    """The place of `stack`, seen from `directory`. CliError if region, name or profile do not fit together."""
    if not _STACK.fullmatch(stack) or stack in (LOCAL, profiles.ENVIRONMENT):
        raise CliError(
            f"A stack's name is letters, digits, hyphens and underscores, and neither {LOCAL} nor"
            f" {profiles.ENVIRONMENT}; choose such a --stack."
        )
    path, written = profiles.written(stack, profile_directories(directory, environment))
    profile = written or {}
    where = _region(region, profile, path, environment)
    endpoints = _endpoints(where, profile, path, environment)
    return Site(where, stack, endpoints["ros"], endpoints["oss"], profile, path)


def _region(asked: str | None, profile: Mapping[str, Any], path: Path, environment: Mapping[str, str]) -> str:
    known = profile.get("region")
    region = asked or known or environment.get(REGION_VARIABLE)
    if not region:
        raise CliError("Name the region of the stack, such as --region cn-hangzhou.")
    if not _REGION.fullmatch(region):
        location = "an OSS location" if region.startswith("oss-") else "no region's id"
        raise CliError(f"{region!r} is {location}; name the region by its id, such as cn-hangzhou.")
    if known and region != known:
        raise CliError(
            f"The stack of this name is in {known}, says {path}; give the one in {region} another --stack,"
            " or delete that file."
        )
    return str(region)


def _endpoints(
    region: str, profile: Mapping[str, Any], path: Path, environment: Mapping[str, str]
) -> Mapping[str, str]:
    """The public endpoints, as ROS and OSS document them, or all those that were named; never some of each."""
    named = {name: environment.get(variable) or "" for name, variable in _VARIABLES.items()}
    named = {name: url or profile.get(name, {}).get("endpoint", "") for name, url in named.items()}
    if not (any(named.values()) or profiles.names_an_endpoint(profile)):
        return {"ros": "https://ros.aliyuncs.com", "oss": f"https://oss-{region}.aliyuncs.com"}
    for name, url in named.items():
        if not SAFE_URL.fullmatch(url):
            raise CliError(
                f"Endpoints are named, but none that can be used for {name}; set {_VARIABLES[name]} or"
                f" {name}.endpoint of {path} to an https URL such as https://{name}.aliyuncs.com"
                " (http is for this machine only)."
            )
    return {name: url.rstrip("/") for name, url in named.items()}
