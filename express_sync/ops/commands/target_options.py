"""The option --profile, which selects the target cloud of a command, and the confirmation before a cloud is changed."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

import click

from express_sync.ops import system
from express_sync.ops.queues.retry import Retry
from express_sync.ops.targets.target import LOCAL, Target, choose, smq_error_message
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.output import info
from handler.smq.client import SmqError

P = ParamSpec("P")


def changes_target(
    change: str,
) -> Callable[[Callable[Concatenate[Target, P], None]], Callable[P, None]]:
    """Pass a command its target; unless that is local, require --yes for `change`."""

    def decorate(command: Callable[Concatenate[Target, P], None]) -> Callable[P, None]:
        @click.option("--yes", is_flag=True, help="Confirm the change of a cloud that is not the local one.")
        @wraps(command)
        def with_confirmation(target: Target, /, *args: P.args, **options: P.kwargs) -> None:
            is_confirmed = bool(options.pop("yes")) or bool(options.get("dry_run"))
            if not (target.is_local or is_confirmed):
                raise CliError(f"Profile {target.name!r} is not local and this {change}; add --yes to confirm.")
            command(target, *args, **options)

        return reads_target(with_confirmation)

    return decorate


def reads_target(command: Callable[Concatenate[Target, P], None]) -> Callable[P, None]:
    """Pass a command its target; for commands that change nothing, or ask for confirmation themselves.

    A command that runs another one may pass a Target as click's context object; the profile is then not read.
    """

    @click.option(
        "--profile",
        envvar="EXPRESS_SYNC_PROFILE",
        default=LOCAL,
        help="The cloud to act on; the default is $EXPRESS_SYNC_PROFILE, else the `up` of this checkout.",
    )
    @wraps(command)
    def with_target(*args: P.args, **options: P.kwargs) -> None:
        name = str(options.pop("profile"))
        given = click.get_current_context().find_object(Target)
        chosen = given or choose(name, Path.cwd(), system.environment)
        target = chosen.retrying(Retry(system.now, system.sleep, chosen.is_up))
        info(f"Acting on {target.description}.")
        if "caFile" in target.profile:
            system.trust(target.profile["caFile"])
        try:
            command(target, *args, **options)
        except SmqError as error:
            raise CliError(smq_error_message(error.code, target)) from None

    return with_target


def reads_target_unless(
    is_needless: Callable[[Mapping[str, object]], bool],
) -> Callable[[Callable[Concatenate[Target | None, P], None]], Callable[P, None]]:
    """Do the same as `reads_target`, but pass None if the command's options need no cloud."""

    def decorate(command: Callable[Concatenate[Target | None, P], None]) -> Callable[P, None]:
        with_target = reads_target(command)

        @wraps(with_target)
        def with_optional_target(*args: P.args, **options: P.kwargs) -> None:
            if is_needless(options):
                options.pop("profile")
                command(None, *args, **options)
            else:
                with_target(*args, **options)

        return with_optional_target

    return decorate
