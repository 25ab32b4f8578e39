"""The cloud that a command acts on: chosen by profile, announced, and changed only with leave.

`at_target` gives a command its --profile and turns failures of its services into sentences, `on_target` also asks for
leave with --yes. Knows where targets are described; must not know what any command does.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import click

from express_sync.ops.queues.client import RESULT_QUEUE, Queue, queue
from express_sync.ops.targets import profiles, registration
from express_sync.ops.terminal.certificates import CURE, UNTRUSTED
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.output import info
from handler.sgw.signing import Credentials
from handler.smq.client import SmqError

LOCAL = "local"
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Target:
    """One cloud; `name` is its profile's, `where` says it to people, `is_up` whether it is still meant to be there."""

    name: str
    where: str
    profile: Mapping[str, Any]
    credentials: Credentials
    is_up: Callable[[], bool] = lambda: True  # as far as anybody here could know

    @property
    def is_local(self) -> bool:
        """Whether this is the local cloud of this checkout, which anybody may change."""
        return self.name == LOCAL

    @property
    def requests(self) -> Queue:
        """The queue that takes requests."""
        return queue(self.profile, "requestQueue", self.credentials)

    @property
    def results(self) -> Queue:
        """The queue that every outcome reaches. CliError if the cloud has none."""
        return queue(self.profile, RESULT_QUEUE, self.credentials)

    @property
    def failures(self) -> Queue:
        """The queue that keeps every failed and indeterminate outcome."""
        return queue(self.profile, "failureQueue", self.credentials)

    @property
    def dead_letters(self) -> Queue:
        """The queue of messages that nobody could work."""
        return queue(self.profile, "deadLetterQueue", self.credentials)


def on_target(
    change: str,
) -> Callable[[Callable[Concatenate[Target, P], None]], Callable[P, None]]:
    """Give a command its target as first argument; `change` says what it would do to one that is not local."""

    def decorate(command: Callable[Concatenate[Target, P], None]) -> Callable[P, None]:
        @click.option("--yes", is_flag=True, help="Go on although the cloud is not the local one.")
        @wraps(command)
        def with_leave(target: Target, /, *args: P.args, **options: P.kwargs) -> None:
            leave = bool(options.pop("yes"))
            if not (target.is_local or leave):
                raise CliError(f"Profile {target.name!r} is not local and this {change}; add --yes to go on.")
            command(target, *args, **options)

        return at_target(with_leave)

    return decorate


def at_target(command: Callable[Concatenate[Target, P], None]) -> Callable[P, None]:
    """Give a command its target as first argument; for one that changes nothing, or asks for leave in its own way.

    Who runs a command within another may hand it a Target as click's context object; the profile is then not read.
    """

    @click.option(
        "--profile",
        envvar="EXPRESS_SYNC_PROFILE",
        default=LOCAL,
        help="The cloud to act on; by default $EXPRESS_SYNC_PROFILE, else the `up` of this checkout.",
    )
    @wraps(command)
    def with_target(*args: P.args, **options: P.kwargs) -> None:
        name = str(options.pop("profile"))
        given = click.get_current_context().find_object(Target)
        target = given or choose(name, Path.cwd(), os.environ)  # noqa: TID251 - its environment is its settings
        info(f"Acting on {target.where}.")
        try:
            command(target, *args, **options)
        except SmqError as error:
            raise CliError(sentence(error.code, target)) from None

    return with_target


def at_target_unless(
    is_needless: Callable[[Mapping[str, object]], bool],
) -> Callable[[Callable[Concatenate[Target | None, P], None]], Callable[P, None]]:
    """As `at_target`, but a command whose options are found to need no cloud gets None, and none has to be there."""

    def decorate(command: Callable[Concatenate[Target | None, P], None]) -> Callable[P, None]:
        with_target = at_target(command)

        @wraps(with_target)
        def perhaps_with_target(*args: P.args, **options: P.kwargs) -> None:
            if is_needless(options):
                options.pop("profile")
                command(None, *args, **options)
            else:
                with_target(*args, **options)

        return perhaps_with_target

    return decorate


def choose(name: str, directory: Path, environment: Mapping[str, str]) -> Target:
    """The target that profile `name` describes, seen from `directory`. CliError if it is not to be had."""
    if name == LOCAL:
        return _local(registration.state_directory(directory), environment)
    profile = profiles.read(name, directories(directory, environment))
    where = f"profile {name!r} ({profile['mns']['endpoint']})"
    return Target(name, where, profile, profiles.credentials(profile, environment))


def _local(state: Path, environment: Mapping[str, str]) -> Target:
    running = registration.registered(state)
    profile = profiles.checked(running.ready, "The registration of the local cloud")
    where = f"the local cloud (process {running.pid}, {profile['mns']['endpoint']})"
    is_up = partial(registration.is_registered, state, running)
    return Target(LOCAL, where, profile, profiles.credentials(profile, environment), is_up)


# What SMQ's own codes ask a person to do; the network has many names and one cure.
_ADVICE = {
    "InvalidAccessKeyId": "check the access key of the profile",
    "SignatureDoesNotMatch": "check the access key secret of the profile",
    "AccessDenied": "grant the access key the right to send to and receive from the queues",
    "QueueNotExist": "check the queue names of the profile",
    "TimeExpired": "set the clock of this machine",
}


# SMQ says no more of a temporary key whose token is wrong than of one that may do nothing.
_OF_A_TEMPORARY_KEY = {
    "AccessDenied": "see with `express-sync doctor` whether the security token belongs to the access key and is valid;"
    " if it is, grant the key the right to send to and receive from the queues",
}


def sentence(code: str, target: Target) -> str:
    """What to say of a failed call to the target's SMQ."""
    endpoint = target.profile["mns"]["endpoint"]
    if code == UNTRUSTED:
        return f"The certificate of SMQ at {endpoint} is not trusted; {CURE}."
    advice = {**_ADVICE, **(_OF_A_TEMPORARY_KEY if target.credentials.security_token else {})}
    if code in advice:
        return f"SMQ at {endpoint} refuses with {code}; {advice[code]}."
    if not target.is_up():
        return "The local cloud has ended; start one with `express-sync up`."
    cure = "see whether `express-sync up` still runs" if target.is_local else "check the endpoint and the network"
    return f"SMQ at {endpoint} cannot be used ({code}); {cure}."


def directories(directory: Path, environment: Mapping[str, str]) -> tuple[Path, Path]:
    """Where profiles are looked for, seen from `directory`: in the checkout first, then in the user's own place."""
    base = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "~")).expanduser() / ".config"
    return registration.state_directory(directory) / "profiles", Path(base) / "express-sync"
