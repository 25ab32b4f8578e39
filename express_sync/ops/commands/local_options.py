"""Commands for a local cloud only: its admin API, and what to say about its errors."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from express_sync.ops.commands.target_options import reads_target
from express_sync.ops.targets import local_admin
from express_sync.ops.targets.local_admin import AdminError
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal.errors import CliError

P = ParamSpec("P")


def on_local_cloud(command: Callable[Concatenate[Target, P], None]) -> Callable[P, None]:
    """Pass a command its target. CliError if that is not a local cloud."""

    @wraps(command)
    def checked(target: Target, /, *args: P.args, **options: P.kwargs) -> None:
        if not target.is_local:
            raise CliError(f"Profile {target.name!r} is not local; this command acts on the cloud of `up` only.")
        command(target, *args, **options)

    return reads_target(checked)


def call(target: Target, service: str, method: str, path: str, document: object = None) -> Any:
    """Call the admin API of a service of the target. CliError if it rejects the call."""
    section = target.profile.get(service)
    if not section or "endpoint" not in section:
        raise CliError(f"The profile does not name {service}.endpoint; add it.")
    try:
        return local_admin.call(section["endpoint"].rstrip("/"), method, path, document)
    except AdminError as error:
        raise CliError(f"The local cloud rejects this: {error}.") from None
