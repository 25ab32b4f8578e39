"""Error messages for failed deployments and deletions: the fault, what exists now, and the fix."""

import re
from collections.abc import Sequence

from express_sync.ops.acs import NOT_REACHED
from express_sync.ops.deployment.errors import ServiceError, explanation
from express_sync.ops.deployment.location import StackLocation
from express_sync.ops.deployment.plan import Plan
from express_sync.ops.deployment.stack import Event, Stack
from express_sync.ops.terminal.printable import printable

_MAX_REASON = 500
_REGION_OF_ENDPOINT = re.compile(r"oss-(?P<region>[a-z0-9-]+?)(-internal)?\.aliyuncs\.com")


def service_error(error: ServiceError, location: StackLocation, bucket: str) -> str:
    """Return the explanation of an error, with the bucket, region or endpoint in question."""
    if error.bucket_endpoint:
        match = _REGION_OF_ENDPOINT.fullmatch(error.bucket_endpoint)
        return wrong_region(bucket, match["region"] if match else printable(error.bucket_endpoint), location.region)
    if error.code in ("NoSuchBucket", "InvalidBucketName"):
        return (
            f"Bucket {bucket} does not exist ({error.code});"
            f" create it in {location.region}, or name another --code-bucket."
        )
    if error.code == NOT_REACHED:
        url = {"ROS": location.ros, "OSS": location.oss}[error.service]
        return f"{error.service} at {url} cannot be reached; check --region and the network."
    return explanation(error)


def wrong_region(bucket: str, actual: str, expected: str) -> str:
    """Return the message for a bucket in another region, from which Function Compute loads no code."""
    return (
        f"Bucket {bucket} is in {actual}, but the code for {expected} must be in a bucket there;"
        f" name another --code-bucket, or deploy with --region {actual}."
    )


def wrong_account(bucket: str, owner: str, location: StackLocation) -> str:
    """Return the message for a bucket of another account than that of the profile."""
    return (
        f"Bucket {bucket} belongs to account {owner}, but the profile {location.profile_path} to account"
        f" {location.profile['accountId']}; name a bucket of that account, or another --stack."
    )


def stack_failed(stack: Stack, failures: Sequence[Event], plan: Plan) -> str:
    """Return the message for a stack whose deployment ended without success."""
    if stack.health == "unrecoverable":
        fix = f"Fix the cause, run `express-sync destroy {plan.location.options} --yes`, and deploy again."
    elif stack.state == "ROLLBACK_COMPLETE":
        fix = "The previous version was restored; fix the cause and deploy again."
    else:
        fix = "The stack is between two versions; fix the cause and deploy again."
    reason = failure_reason(stack, failures)
    return f"Stack {stack.name} is now {stack.state}: {reason}. The package is at {plan.object_url}. {fix}"


def failure_reason(stack: Stack, failures: Sequence[Event]) -> str:
    """Return why a stack failed: the reason of the first failed resource, or that of the stack."""
    first = next((event for event in failures if event.resource != stack.name), None)
    reason = printable(first.reason if first else stack.reason)[:_MAX_REASON].rstrip(". ") or "ROS gives no reason"
    return f"{first.resource} failed ({reason})" if first else reason


def still_running(location: StackLocation) -> str:
    """Return the message for an operation that continues after the command has ended."""
    return f"ROS continues without this command; check with `express-sync status {location.options}`."
