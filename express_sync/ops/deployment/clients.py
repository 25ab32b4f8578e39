"""Makes the clients of ROS and OSS."""

import re
from typing import TYPE_CHECKING

from express_sync.ops.deployment.location import StackLocation
from express_sync.ops.terminal.errors import CliError
from handler.credentials import Credentials

if TYPE_CHECKING:
    from express_sync.ops.deployment.oss import Bucket
    from express_sync.ops.deployment.ros import Stacks

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


def checked_bucket_name(name: str) -> str:
    """Return a valid bucket name (OSS, bucket naming conventions). Raise CliError for any other name."""
    if not _BUCKET_NAME.fullmatch(name):
        raise CliError(
            f"{name!r} is not a valid bucket name; --code-bucket takes 3 to 63 lower-case letters and digits, with"
            " hyphens between them, such as my-code."
        )
    return name


def stacks(location: StackLocation, credentials: Credentials) -> "Stacks":
    """Return the client of ROS for the region of the location."""
    from express_sync.ops.deployment.ros import Stacks

    return Stacks(location.region, location.ros, credentials)


def bucket(name: str, location: StackLocation, credentials: Credentials) -> "Bucket":
    """Return the client of a bucket in the region of the location."""
    from express_sync.ops.deployment.oss import Bucket

    return Bucket(name, location.region, location.oss, credentials)
