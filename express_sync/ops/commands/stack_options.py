"""Options that `deploy`, `status` and `destroy` share."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from express_sync.ops import system
from express_sync.ops.deployment.location import DEFAULT_STACK, locate
from express_sync.ops.deployment.wait import PollPolicy
from express_sync.ops.terminal import output
from express_sync.ops.terminal.option_types import POSITIVE

Command = TypeVar("Command", bound=Callable[..., Any])


def at_location(command: Callable[..., None]) -> Callable[..., None]:
    """Add --region and --stack, and pass the location that they select as `location`."""

    @click.option("--region", help="Region of the stack; default: that of its profile, then $EXPRESS_SYNC_REGION.")
    @click.option("--stack", default=DEFAULT_STACK, show_default=True, help="Name of the stack and of its profile.")
    @functools.wraps(command)
    def located(region: str | None, stack: str, **options: Any) -> None:
        location = locate(region, stack, Path.cwd(), system.environment)
        output.info(
            f"Acting on stack {location.stack} in {location.region} (ROS at {location.ros}, OSS at {location.oss})."
        )
        command(location=location, **options)

    return located


def package_option(description: str) -> Callable[[Command], Command]:
    """Add --package, passed as `package_path`."""
    return click.option("--package", "package_path", type=click.Path(path_type=Path), help=description)


def wait_option(command: Command) -> Command:
    """Add --timeout, passed as the PollPolicy `policy`."""
    return click.option(
        "--timeout",
        "policy",
        type=POSITIVE,
        default=1800.0,
        show_default=True,
        callback=lambda _context, _option, seconds: PollPolicy(seconds, system.now, system.sleep),
        help="Maximum time to wait for the stack, in seconds.",
    )(command)
