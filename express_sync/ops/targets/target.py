"""The target cloud of a command: its profile, its queues, and advice for the errors of its SMQ."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from express_sync.ops.queues.admin import QueueAdmin
from express_sync.ops.queues.client import RESULT_QUEUE, Queue, queue_name
from express_sync.ops.queues.retry import Retry
from express_sync.ops.targets import profiles, registration
from express_sync.ops.targets.places import config_directories
from express_sync.ops.targets.service_clock import service_time
from express_sync.ops.terminal.certificates import FIX, UNTRUSTED
from express_sync.ops.terminal.errors import CliError
from handler.credentials import Credentials

LOCAL = "local"


@dataclass(frozen=True)
class Target:
    """One cloud: the name of its profile, a description, and whether it is known to have ended (`is_up` is false)."""

    name: str
    description: str
    profile: Mapping[str, Any]
    credentials: Credentials
    is_up: Callable[[], bool] = lambda: True
    retry: Retry | None = None

    def retrying(self, retry: Retry) -> "Target":
        """Return the same target, whose queues retry after transient errors."""
        return replace(self, retry=retry)

    def within(self, seconds_left: Callable[[], float]) -> "Target":
        """Return the same target for a command that ends when no seconds are left."""
        return replace(self, retry=self.retry and self.retry.within(seconds_left))

    @property
    def is_local(self) -> bool:
        """Return whether this cloud is on this machine, so that changing it needs no confirmation."""
        return self.name == LOCAL or is_on_this_machine(self.profile)

    @property
    def requests(self) -> Queue:
        """Return the queue that takes requests."""
        return self._queue("requestQueue")

    @property
    def results(self) -> Queue:
        """Return the queue that receives every outcome. CliError if the cloud has none."""
        return self._queue(RESULT_QUEUE)

    @property
    def failures(self) -> Queue:
        """Return the queue that keeps every failed and indeterminate outcome."""
        return self._queue("failureQueue")

    @property
    def dead_letters(self) -> Queue:
        """Return the queue of messages that could not be processed."""
        return self._queue("deadLetterQueue")

    @cached_property
    def queue_admin(self) -> QueueAdmin:
        """The client of SMQ, which all queues of the target share with its connections."""
        return QueueAdmin.at(self.profile["mns"]["endpoint"].rstrip("/"), self.credentials)

    def time(self, own: datetime) -> datetime:
        """Return the time of the target's SMQ, whose clock dates its messages; `own` is that of this machine."""
        return service_time(self.profile["mns"]["endpoint"], own)

    @property
    def function(self) -> tuple[str, str]:
        """Return the endpoint of Function Compute and the name of the function. CliError if the cloud has none."""
        if "fc" not in self.profile:
            raise CliError("The profile does not name a function; add fc.endpoint and fc.function to it.")
        return self.profile["fc"]["endpoint"], self.profile["fc"]["function"]

    def _queue(self, role: str) -> Queue:
        return Queue(self.queue_admin, queue_name(self.profile, role), self.retry)


def is_on_this_machine(profile: Mapping[str, Any]) -> bool:
    """Return whether every endpoint of a profile is a loopback address."""
    endpoints = [part["endpoint"] for part in profile.values() if isinstance(part, Mapping) and "endpoint" in part]
    return bool(endpoints) and all(_is_loopback(urlsplit(endpoint).hostname or "") for endpoint in endpoints)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def choose(name: str, directory: Path, environment: Mapping[str, str]) -> Target:
    """Return the target of profile `name`, seen from `directory`. CliError if the profile is missing or invalid."""
    if name == LOCAL:
        return _local(registration.state_directory(directory, environment), environment)
    profile = profiles.read(name, profile_directories(directory, environment), environment)
    description = f"profile {name!r} ({profile['mns']['endpoint']})"
    return Target(name, description, profile, profiles.credentials(profile, environment))


def _local(state: Path, environment: Mapping[str, str]) -> Target:
    running = registration.registered(state)
    profile = profiles.checked(running.ready, "The registration of the local cloud")
    description = f"the local cloud (process {running.pid}, {profile['mns']['endpoint']})"
    is_up = partial(registration.is_registered, state, running)
    return Target(LOCAL, description, profile, profiles.credentials(profile, environment), is_up)


# Advice for SMQ's own error codes.
_ADVICE = {
    "InvalidAccessKeyId": "check the access key of the profile",
    "SignatureDoesNotMatch": "check the access key secret of the profile",
    "AccessDenied": "grant the access key the right to send to and receive from the queues",
    "QueueNotExist": "check the queue names of the profile",
    "TopicNotExist": "check mns.resultTopic of the profile",
    "TimeExpired": "set the clock of this machine",
}


# For a temporary key, SMQ reports a wrong token and a missing permission with the same code.
_ADVICE_FOR_TEMPORARY_KEYS = {
    "AccessDenied": "see with `express-sync doctor` whether the security token belongs to the access key and is valid;"
    " if it is, grant the key the right to send to and receive from the queues",
}


def smq_error_message(code: str, target: Target) -> str:
    """Return what to tell the user about a failed call to the target's SMQ."""
    endpoint = target.profile["mns"]["endpoint"]
    if code == UNTRUSTED:
        return f"The certificate of SMQ at {endpoint} is not trusted; {FIX}."
    advice = {**_ADVICE, **(_ADVICE_FOR_TEMPORARY_KEYS if target.credentials.security_token else {})}
    if code in advice:
        return f"SMQ at {endpoint} rejects the call with {code}; {advice[code]}."
    if not target.is_up():
        return "The local cloud has ended; start one with `express-sync up`."
    fix = (
        "check whether `express-sync up` is still running" if target.is_local else "check the endpoint and the network"
    )
    return f"SMQ at {endpoint} cannot be used ({code}); {fix}."


def profile_directories(directory: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return where to look for profiles, seen from `directory`: the checkout, then the user's configuration."""
    return registration.state_directory(directory, environment) / "profiles", *config_directories(environment)
